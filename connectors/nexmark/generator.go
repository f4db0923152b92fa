package nexmark

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Ids begin at 1000, categories at 10. Values refer to the last hundred
// auctions and the last thousand people, and up to ten of each to come.
const (
	firstID       = 1000
	firstCategory = 10
	categoryCount = 5
	idLead        = 10
	inFlight      = 100  // auctions
	activePeople  = 1000 // people
	hotEvery      = 100  // one in so many auctions, sellers and bidders is hot
)

// A hot key takes 1 - 1/ratio of the rows.
const (
	hotAuctionRatio = 2
	hotBidderRatio  = 4
	hotSellerRatio  = 4
)

// Generator makes columns of one table. It keeps nothing between calls, so it
// may be used by several goroutines at a time.
type Generator struct {
	cfg    Config
	table  table
	seeds  map[string]stream
	rhythm *rhythm // nil: events come evenly
}

// NewGenerator returns a generator; the error names an unknown table.
func NewGenerator(cfg Config) (*Generator, error) {
	t, ok := tables[cfg.Table]
	if !ok {
		return nil, fmt.Errorf("nexmark: no table %q", cfg.Table)
	}
	if cfg.Rate == 0 {
		cfg.Rate = defaultRate
	}
	if cfg.BaseTime == 0 {
		cfg.BaseTime = defaultBase
	}
	g := &Generator{cfg: cfg, table: t, seeds: make(map[string]stream), rhythm: newRhythm(cfg.Bursts)}
	for _, name := range streams {
		g.seeds[name] = newStream(cfg.Seed, cfg.Table+"."+name)
	}
	return g, nil
}

// streams are the independent choices; the ends of hot keys have their own.
var streams = []string{
	"key", "bidder", "price", "channel", "extra", "name", "email", "card", "city", "state",
	"item", "description", "initial", "reserve", "expires", "seller", "category",
}

// Rows returns how many rows the table has; -1: endless.
func (g *Generator) Rows() int64 {
	if g.cfg.Events == 0 {
		return -1
	}
	return g.table.rows(g.cfg.Events)
}

// Columns returns n rows from row number first on, all columns of the table in
// the order of Schema; those that demand (nil: all) leaves out are nil.
func (g *Generator) Columns(first int64, n int, demand []bool) []batch.Column {
	cols := make([]batch.Column, len(g.table.columns))
	for i, c := range g.table.columns {
		if demand == nil || demand[i] {
			cols[i] = c.make(g, first, n)
		}
	}
	return cols
}

// Batch returns n rows from row number first on as a batch of all columns.
func (g *Generator) Batch(first int64, n int) *batch.Batch {
	return &batch.Batch{Cols: g.Columns(first, n, nil), N: n, Time: g.Time(first)}
}

// Time returns the event time of a row, in µs.
func (g *Generator) Time(row int64) int64 { return g.cfg.BaseTime + g.after(g.table.event(row), 1e6) }

// wall returns when event e happens after event 0 by the clock, in ns.
func (g *Generator) wall(e int64) int64 {
	if g.rhythm != nil {
		return g.rhythm.wall(e)
	}
	high, low := bits.Mul64(uint64(e), 1e9)
	q, _ := bits.Div64(high, low, uint64(g.pace()))
	return int64(q)
}

// happened returns how many events have happened so long after event 0.
func (g *Generator) happened(d time.Duration) int64 {
	if g.rhythm != nil {
		return g.rhythm.happened(d)
	}
	seconds, rest := int64(d/time.Second), int64(d%time.Second)
	rate := g.pace()
	return seconds*rate + int64(float64(rest)/1e9*float64(rate))
}

// inStep says that event time goes by as the rhythm does.
func (g *Generator) inStep() bool { return g.rhythm != nil && g.cfg.Pace == 0 }

// pace returns how many events happen in a second by the clock.
func (g *Generator) pace() int64 {
	if g.cfg.Pace > 0 {
		return g.cfg.Pace
	}
	return g.cfg.Rate
}

// after returns when event e happens after event 0, in units of which a second
// has perSecond.
func (g *Generator) after(e int64, perSecond uint64) int64 {
	if g.inStep() {
		return g.rhythm.wall(e) / int64(1e9/perSecond)
	}
	high, low := bits.Mul64(uint64(e), perSecond)
	q, _ := bits.Div64(high, low, uint64(g.cfg.Rate))
	return int64(q)
}

func (g *Generator) times(row int64, n int) batch.Column {
	out := make([]int64, n)
	gap := int64(1e6) / g.cfg.Rate
	exact := gap*g.cfg.Rate == 1e6 && !g.inStep()
	g.table.spans(row, n, func(_, e int64, i, j int) {
		t := g.cfg.BaseTime + g.after(e, 1e6)
		for k := range out[i:j] {
			if exact {
				out[i+k] = t + int64(k)*gap
			} else {
				out[i+k] = g.cfg.BaseTime + g.after(e+int64(k), 1e6)
			}
		}
	})
	return &batch.Vec[int64]{Data: out}
}

// ids numbers people and auctions.
func (g *Generator) ids(row int64, n int) batch.Column {
	out := make([]int64, n)
	for i := range out {
		out[i] = firstID + row + int64(i)
	}
	return &batch.Vec[int64]{Data: out}
}

// bidAuctions: half of the bids go to the hot auction of the last hundred.
func (g *Generator) bidAuctions(row int64, n int) batch.Column {
	out := make([]int64, n)
	s := g.seeds["key"]
	g.table.spans(row, n, func(epoch, e int64, i, j int) {
		last := epoch*auctionsPerEpoch + auctionsPerEpoch - 1
		hot := firstID + last/hotEvery*hotEvery
		low := max(last-inFlight, 0)
		hotOr(out[i:j], s, e, hotAuctionRatio, hot, firstID+low, last-low+1+idLead)
	})
	return &batch.Vec[int64]{Data: out}
}

// bidders: three quarters of the bids are made by the hot bidder of the last
// hundred people.
func (g *Generator) bidders(row int64, n int) batch.Column {
	out := make([]int64, n)
	s := g.seeds["bidder"]
	g.table.spans(row, n, func(epoch, e int64, i, j int) {
		hot := firstID + epoch/hotEvery*hotEvery + 1
		low, count := people(epoch)
		hotOr(out[i:j], s, e, hotBidderRatio, hot, low, count)
	})
	return &batch.Vec[int64]{Data: out}
}

// sellers: like bidders, but the person before, so that they do not collide.
func (g *Generator) sellers(row int64, n int) batch.Column {
	out := make([]int64, n)
	s := g.seeds["seller"]
	g.table.spans(row, n, func(epoch, e int64, i, j int) {
		hot := firstID + epoch/hotEvery*hotEvery
		low, count := people(epoch)
		hotOr(out[i:j], s, e, hotSellerRatio, hot, low, count)
	})
	return &batch.Vec[int64]{Data: out}
}

// people returns the first id, and how many there are, of whom may act in an
// epoch.
func people(epoch int64) (low, count int64) {
	known := epoch + 1
	active := min(known, activePeople)
	return firstID + known - active, active + idLead
}

// hotOr fills out, from event e on: hot, or, one time in ratio (a power of two),
// one of count ids from low on.
func hotOr(out []int64, s stream, e int64, ratio uint64, hot, low, count int64) {
	for k := range out {
		r := s.at(e + int64(k))
		x := low + below(r, count)
		if r&(ratio-1) != 0 {
			x = hot
		}
		out[k] = x
	}
}

func (g *Generator) bidPrices(row int64, n int) batch.Column {
	return g.priceColumn(row, n, "price", "")
}

func (g *Generator) initialBids(row int64, n int) batch.Column {
	return g.priceColumn(row, n, "initial", "")
}

// reserves are the initial bid and another price on top.
func (g *Generator) reserves(row int64, n int) batch.Column {
	return g.priceColumn(row, n, "initial", "reserve")
}

func (g *Generator) priceColumn(row int64, n int, choice, plus string) batch.Column {
	out := make([]int64, n)
	curve, s, more := prices(), g.seeds[choice], g.seeds[plus]
	g.table.spans(row, n, func(_, e int64, i, j int) {
		for k := range out[i:j] {
			out[i+k] = price(curve, s.at(e+int64(k)))
		}
		if plus == "" {
			return
		}
		for k := range out[i:j] {
			out[i+k] += price(curve, more.at(e+int64(k)))
		}
	})
	return &batch.Vec[int64]{Data: out}
}

func (g *Generator) categories(row int64, n int) batch.Column {
	out := make([]int64, n)
	s := g.seeds["category"]
	for i := range out {
		out[i] = firstCategory + below(s.at(g.table.event(row+int64(i))), categoryCount)
	}
	return &batch.Vec[int64]{Data: out}
}

// expiries: an auction ends when, on average, a hundred more have begun.
func (g *Generator) expiries(row int64, n int) batch.Column {
	begun := g.times(row, n).(*batch.Vec[int64]).Data
	horizon := g.after(inFlight*perEpoch/auctionsPerEpoch, 1e6)
	s := g.seeds["expires"]
	for i := range begun {
		r := s.at(g.table.event(row + int64(i)))
		begun[i] += 1000 + below(r, max(2*horizon, 1000))
	}
	return &batch.Vec[int64]{Data: begun}
}
