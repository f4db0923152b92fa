package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/kafka"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// load writes bids as JSON to a topic, and reads them back.
type load struct {
	Brokers, Topic, Out string
	Records             int64
	Rate                int // bids a second
	For, Skip           time.Duration
}

const (
	loadPartitions = 2
	eventsPerMilli = 50 // bids in a millisecond of event time, of a topic that is filled
	firstEvent     = 1_700_000_000_000
)

// bidColumns are a record's fields; sent is the clock in µs where it matters.
var bidColumns = []connectors.Column{
	{Name: "auction", Type: batch.T(batch.Int64)},
	{Name: "bidder", Type: batch.T(batch.Int64)},
	{Name: "price", Type: batch.T(batch.Int64)},
	{Name: "channel", Type: batch.T(batch.Text)},
	{Name: "url", Type: batch.T(batch.Text)},
	{Name: "ts", Type: batch.T(batch.Int64)},
	{Name: "sent", Type: batch.T(batch.Int64)},
	{Name: "extra", Type: batch.T(batch.Text)},
}

// bids makes records of 165 bytes or so: a hundred auctions open at a time,
// each id soon replaced by a newer one.
type bids struct {
	random *rand.Rand
	next   int64
}

func newBids() *bids { return &bids{random: rand.New(rand.NewPCG(7, 11))} }

const padding = "kqzvbnmwertyuiopasdfghjklxcvbqwertzuiopasdfghjkl"

// batch makes n bids; sent 0: event time goes on by their number.
func (g *bids) batch(n int, sent int64) *batch.Batch {
	numbers := make([][]int64, 5)
	for i := range numbers {
		numbers[i] = make([]int64, n)
	}
	channel, url, extra := &batch.TextVec{}, &batch.TextVec{}, &batch.TextVec{}
	for i := range n {
		r := g.random
		numbers[0][i] = 1000 + g.next/16 + r.Int64N(100)
		numbers[1][i] = 1000 + r.Int64N(10_000)
		numbers[2][i] = int64(math.Pow(10, r.Float64()*6+2))
		id := r.IntN(10_000)
		channel.AppendString(fmt.Sprint("channel-", id))
		url.AppendString(fmt.Sprint("https://example.com/item?id=", id))
		numbers[3][i] = firstEvent + g.next/eventsPerMilli
		if sent != 0 {
			numbers[3][i] = sent / 1000
		}
		numbers[4][i] = sent
		extra.AppendString(padding[:8+r.IntN(24)])
		g.next++
	}
	num := func(i int) batch.Column { return &batch.Vec[int64]{Data: numbers[i]} }
	return &batch.Batch{
		Cols: []batch.Column{num(0), num(1), num(2), channel, url, num(3), num(4), extra}, N: n, Time: batch.MaxTime,
	}
}

func (l *load) sink(topic string) (connectors.Sink, error) {
	return l.connector().Sink(connectors.Spec{Name: topic, Columns: bidColumns, Options: map[string]string{
		"topic": topic, "format": "json", "partitions": fmt.Sprint(loadPartitions),
	}})
}

func (l *load) connector() connectors.Connector {
	return kafka.New(kafka.Defaults{Brokers: []string{l.Brokers}, ClientID: "dirigo-bench"})
}

// create makes the topics that are not there, by writing nothing that counts.
func (l *load) create(ctx context.Context) error {
	for _, topic := range []string{l.Topic, l.Out} {
		if topic == "" {
			continue
		}
		if err := l.send(ctx, topic, newBids().batch(1, 1)); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) send(ctx context.Context, topic string, b *batch.Batch) error {
	s, err := l.sink(topic)
	if err != nil {
		return err
	}
	defer s.Close()
	return sendAll(ctx, s, func(func(*batch.Batch) error) error { return nil }, b)
}

// sendAll writes first, and what each gives, and waits for all acks.
func sendAll(ctx context.Context, s connectors.Sink, each func(write func(*batch.Batch) error) error, first ...*batch.Batch) error {
	failed := make(chan error, 1)
	var pending atomic.Int64
	write := func(b *batch.Batch) error {
		if wait := s.Ready(); wait != nil {
			ready := make(chan struct{})
			wait(func() { close(ready) })
			select {
			case <-ready:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		c, err := s.Encode(b)
		if err != nil {
			return err
		}
		pending.Add(1)
		s.Send(c, func(err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
			pending.Add(-1)
		})
		select {
		case err := <-failed:
			return err
		default:
			return nil
		}
	}
	for _, b := range first {
		if err := write(b); err != nil {
			return err
		}
	}
	if err := each(write); err != nil {
		return err
	}
	for pending.Load() > 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

// filled is what a topic holds.
type filled struct {
	Records int64 `json:"records"`
}

// fill writes Records bids; a topic that holds as many already is left alone.
func (l *load) fill(ctx context.Context) (filled, error) {
	have, err := l.records(ctx)
	if err != nil || have >= l.Records {
		return filled{have}, err
	}
	s, err := l.sink(l.Topic)
	if err != nil {
		return filled{}, err
	}
	defer s.Close()
	g := newBids()
	g.next = have
	err = sendAll(ctx, s, func(write func(*batch.Batch) error) error {
		for g.next < l.Records {
			if err := write(g.batch(int(min(2000, l.Records-g.next)), 0)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return filled{}, fmt.Errorf("fill topic %s: %w", l.Topic, err)
	}
	have, err = l.records(ctx)
	return filled{have}, err
}

// records counts what is in the topic; none where there is no topic.
func (l *load) records(ctx context.Context) (n int64, err error) {
	src, err := l.source(l.Topic)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	ids, err := src.Partitions(ctx)
	if missing := new(connectors.OptionError); errors.As(err, &missing) && missing.Option == "topic" {
		return 0, nil
	}
	for _, id := range ids {
		var first, next int64
		if first, next, err = src.Bounds(ctx, id); err != nil {
			return 0, err
		}
		n += next - first
	}
	return n, err
}

func (l *load) source(topic string) (connectors.Source, error) {
	return l.connector().Source(connectors.Spec{
		Name: topic, Columns: bidColumns[6:7], Options: map[string]string{"topic": topic, "format": "json"},
	})
}

// arrivals is how long records took from one end to the other.
type arrivals struct {
	Records int64   `json:"records"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	P999    float64 `json:"p999_ms"`
	Max     float64 `json:"max_ms"`
}

// both is what live sees: In of the topic that it writes, read by itself, and
// Out of the one that the engine writes.
type both struct {
	Sent int64    `json:"sent"`
	In   arrivals `json:"in"`
	Out  arrivals `json:"out"`
}

// live writes Rate bids a second, open loop, and reads what it wrote, and Out.
// Both ends are this process: one clock.
func (l *load) live(ctx context.Context) (both, error) {
	s, err := l.sink(l.Topic)
	if err != nil {
		return both{}, err
	}
	defer s.Close()
	begin := time.Now()
	from := begin.Add(l.Skip).UnixMicro()
	var followers []*follower
	for _, topic := range []string{l.Topic, l.Out} {
		if topic == "" {
			continue
		}
		f, err := l.follow(ctx, topic, from)
		if err != nil {
			return both{}, err
		}
		followers = append(followers, f)
	}
	sent := int64(0)
	err = sendAll(ctx, s, func(write func(*batch.Batch) error) error {
		g := newBids()
		for time.Since(begin) < l.For {
			if due := int64(time.Since(begin).Seconds() * float64(l.Rate)); due > sent {
				if err := write(g.batch(int(due-sent), time.Now().UnixMicro())); err != nil {
					return err
				}
				sent = due
			}
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	if err != nil {
		return both{}, err
	}
	time.Sleep(time.Second) // for what is on its way
	res := both{Sent: sent}
	for i, f := range followers {
		if err := f.end(); err != nil {
			return res, err
		}
		*[]*arrivals{&res.In, &res.Out}[i] = f.summary()
	}
	return res, nil
}

// follower reads a topic from its end and notes how long each record took.
type follower struct {
	source connectors.Source
	reader connectors.Reader
	woken  chan struct{}
	stop   chan struct{}
	done   chan error
	from   int64 // records sent before are not counted
	took   []float64
	seen   int64
}

func (l *load) follow(ctx context.Context, topic string, from int64) (*follower, error) {
	src, err := l.source(topic)
	if err != nil {
		return nil, err
	}
	f := &follower{source: src, woken: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan error, 1), from: from}
	f.reader, err = src.Open(func() {
		select {
		case f.woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil, err
	}
	ids, err := src.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		_, next, err := src.Bounds(ctx, id)
		if err != nil {
			return nil, err
		}
		f.reader.Assign(id, connectors.Start(next))
	}
	go func() { f.done <- f.run() }()
	return f, nil
}

func (f *follower) run() error {
	for {
		var rows connectors.Rows
		ok, err := f.reader.Read(&rows, 4096)
		if err != nil {
			return err
		}
		if ok {
			f.note(&rows)
			continue
		}
		select {
		case <-f.woken:
		case <-f.stop:
			return nil
		}
	}
}

func (f *follower) note(rows *connectors.Rows) {
	now := time.Now().UnixMicro()
	f.seen += int64(rows.N)
	if rows.N == 0 {
		return
	}
	for _, sent := range rows.Cols[0].(*batch.Vec[int64]).Data {
		if sent >= f.from {
			f.took = append(f.took, float64(now-sent)/1e3)
		}
	}
}

func (f *follower) end() error {
	close(f.stop)
	err := <-f.done
	_ = f.reader.Close()
	_ = f.source.Close()
	return err
}

func (f *follower) summary() arrivals {
	slices.Sort(f.took)
	at := func(q float64) float64 {
		if len(f.took) == 0 {
			return 0
		}
		return f.took[min(len(f.took)-1, int(q*float64(len(f.took))))]
	}
	return arrivals{Records: f.seen, P50: at(.5), P99: at(.99), P999: at(.999), Max: at(1)}
}
