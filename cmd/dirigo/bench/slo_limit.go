package bench

import (
	"context"
	"runtime"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
)

// oneCore is what the query costs without a scheduler in the way.
type oneCore struct {
	rate      float64       // rows a second
	aggregate time.Duration // c: a row in the aggregate
	before    time.Duration // s: a row in everything before it
}

// bound returns the rows a second that so many cores could do if each row could
// go anywhere.
func (o oneCore) bound(cores int) float64 {
	return float64(cores) / (o.aggregate + o.before).Seconds()
}

// loop runs the operators of a query over a stream of auction, bidder, price and
// date_time in a plain loop; clock is the events in a second of event time.
func (s SLO) loop(ctx context.Context, stream, query string, clock int64) (o oneCore, err error) {
	sc, err := s.scene(ctx, way{}, stream, query)
	if err != nil {
		return o, err
	}
	def, _ := sc.server.Engine.Definition(sc.server.Engine.Queries()[0].ID)
	sc.close()
	p, err := newPlain(def, bidColumnsOf("auction", "bidder", "price", "date_time"), nexmark.Config{Table: "bid", Rate: clock})
	if err != nil {
		return o, err
	}
	const warm = 400 * 1024
	rows := int64(s.scaled(1500*time.Millisecond).Seconds()*1000) * 1024
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err = p.run(0, warm, 1024, plainTick); err != nil {
		return o, err
	}
	agg := p.stateful()
	took, begin := agg.took, cpuTime()
	if err = p.run(warm, rows, 1024, plainTick); err != nil {
		return o, err
	}
	all := cpuTime() - begin // the collector's too
	o.rate = float64(rows) / all.Seconds()
	o.aggregate = (agg.took - took) / time.Duration(rows)
	o.before = all/time.Duration(rows) - o.aggregate
	return o, nil
}

// plainTick is how many rows a tick holds in the plain loop: some ms of a core.
const plainTick = 32 * 1024

// bidColumnsOf returns columns of the generator's bids by name.
func bidColumnsOf(names ...string) (out []connectors.Column) {
	for _, name := range names {
		for _, c := range nexmark.Schema("bid") {
			if c.Name == name {
				out = append(out, c)
			}
		}
	}
	return out
}

func (o oneCore) add(c *Case, cores int) {
	c.add("rows", "k/s", o.rate/1e3)
	c.add("s", "ns", float64(o.before))
	c.add("c", "ns", float64(o.aggregate))
	c.add("bound", "k/s", o.bound(cores)/1e3)
	c.add("2c/(c+s)", "", 2*float64(o.aggregate)/float64(o.aggregate+o.before))
}
