package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/demo/data"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// feed replays one file into one topic, faster than it happened. Where it goes
// on after a restart is the end of the topic; after the last event it begins
// again with all times moved on by the file's span.
type feed struct {
	topic string
	rows  *batch.Batch // the whole file
	times []int64      // when each row was published, Unix µs
	span  int64        // µs from one pass to the next
	shift func(b *batch.Batch, by int64)

	sink connectors.Sink
	next int64 // records in the topic
}

func text(name string) connectors.Column {
	return connectors.Column{Name: name, Type: batch.T(batch.Text)}
}

func typed(name string, k batch.Kind) connectors.Column {
	return connectors.Column{Name: name, Type: batch.T(k)}
}

var (
	flightColumns = []connectors.Column{
		typed("id", batch.Int64), text("scheduled"), typed("delay", batch.Int32), typed("distance", batch.Int32),
		text("origin"), text("destination"),
	}
	quakeColumns = []connectors.Column{
		text("id"), typed("time", batch.Int64), typed("updated", batch.Int64), typed("mag", batch.Float64),
		text("place"), typed("depth", batch.Float64),
	}
	airportColumns = []connectors.Column{
		text("iata"), text("name"), text("city"), text("state"),
		typed("latitude", batch.Float64), typed("longitude", batch.Float64),
	}
)

const day = int64(24 * time.Hour / time.Microsecond)

// feeds returns the demo's feeds, each standing at the end of its topic.
func feeds(ctx context.Context, kafka connectors.Connector) ([]*feed, error) {
	flights, err := flightFeed()
	if err != nil {
		return nil, err
	}
	quakes, err := quakeFeed()
	if err != nil {
		return nil, err
	}
	airports, err := load(data.Airports, airportColumns)
	if err != nil {
		return nil, err
	}
	all := []*feed{flights, quakes, {topic: "airports", rows: airports, times: make([]int64, airports.N)}}
	for i, cols := range [][]connectors.Column{flightColumns, quakeColumns, airportColumns} {
		if err := all[i].open(ctx, kafka, cols); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// load decodes a file of JSON lines.
func load(lines func() ([][]byte, error), cols []connectors.Column) (*batch.Batch, error) {
	records, err := lines()
	if err != nil {
		return nil, err
	}
	d, err := codec.NewJSONDecoder(cols)
	if err != nil {
		return nil, err
	}
	b := &batch.Batch{N: len(records), Time: batch.MaxTime}
	for _, c := range cols {
		b.Cols = append(b.Cols, batch.New(c.Type.Kind, len(records)))
	}
	for i, r := range records {
		if err := d.Append(b.Cols, r); err != nil {
			return nil, fmt.Errorf("demo data, line %d: %w", i+1, err)
		}
	}
	return b, nil
}

// flightFeed publishes a flight when it was scheduled.
func flightFeed() (*feed, error) {
	b, err := load(data.Flights, flightColumns)
	if err != nil {
		return nil, err
	}
	f := &feed{topic: "flights", rows: b, times: make([]int64, b.N), shift: shiftFlights}
	texts := b.Cols[1].(*batch.TextVec)
	for i := range f.times {
		t, err := time.Parse(time.DateTime, string(texts.At(i)))
		if err != nil {
			return nil, fmt.Errorf("demo data: flight %d: %w", i, err)
		}
		f.times[i] = t.UnixMicro()
	}
	f.span = wholeDays(f.times)
	return f, nil
}

// shiftFlights moves the scheduled departures, which are text.
func shiftFlights(b *batch.Batch, by int64) {
	old := b.Cols[1].(*batch.TextVec)
	moved := &batch.TextVec{}
	for i := range b.N {
		t, _ := time.Parse(time.DateTime, string(old.At(i)))
		moved.AppendString(t.Add(time.Duration(by) * time.Microsecond).Format(time.DateTime))
	}
	b.Cols[1] = moved
}

// quakeFeed publishes an earthquake when its report was last updated.
func quakeFeed() (*feed, error) {
	b, err := load(data.Earthquakes, quakeColumns)
	if err != nil {
		return nil, err
	}
	f := &feed{topic: "quakes", rows: b, times: make([]int64, b.N), shift: shiftQuakes}
	last := int64(0)
	for i, ms := range b.Cols[2].(*batch.Vec[int64]).Data {
		last = max(last, ms*1000)
		f.times[i] = last
	}
	f.span = wholeDays(f.times)
	return f, nil
}

func shiftQuakes(b *batch.Batch, by int64) {
	for _, c := range []int{1, 2} {
		v := b.Cols[c].(*batch.Vec[int64])
		moved := &batch.Vec[int64]{Data: make([]int64, b.N)}
		for i, ms := range v.Data {
			moved.Data[i] = ms + by/1000
		}
		b.Cols[c] = moved
	}
}

// wholeDays returns the span of the times, rounded up to days.
func wholeDays(times []int64) int64 {
	d := times[len(times)-1] - times[0]
	return (d/day + 1) * day
}

// open finds the end of the topic, which is made if it is not there.
func (f *feed) open(ctx context.Context, kafka connectors.Connector, cols []connectors.Column) error {
	spec := connectors.Spec{Name: f.topic, Columns: cols, Options: map[string]string{"topic": f.topic, "format": "json"}}
	var err error
	if f.sink, err = kafka.Sink(spec); err != nil {
		return fmt.Errorf("topic %s: %w", f.topic, err)
	}
	source, err := kafka.Source(spec)
	if err != nil {
		return fmt.Errorf("topic %s: %w", f.topic, err)
	}
	defer source.Close()
	ids, err := source.Partitions(ctx)
	if missing := new(connectors.OptionError); errors.As(err, &missing) && missing.Option == "topic" {
		return nil // the first write makes it
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w", f.topic, err)
	}
	for _, id := range ids {
		_, next, err := source.Bounds(ctx, id)
		if err != nil {
			return fmt.Errorf("topic %s: %w", f.topic, err)
		}
		f.next += next
	}
	return nil
}

// at returns when record n is published, in µs of the replay's time.
func (f *feed) at(n int64) int64 {
	size := int64(len(f.times))
	return f.times[n%size] + n/size*f.span
}

// upTo publishes what is due at a time of the replay, and returns how much.
func (f *feed) upTo(ctx context.Context, now int64) (int, error) {
	total := 0
	for f.span > 0 && f.at(f.next) <= now {
		n, err := f.publish(ctx, now)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// publish sends one batch of what is due.
func (f *feed) publish(ctx context.Context, now int64) (int, error) {
	size := int64(len(f.times))
	first := f.next % size
	var sel []int32
	for i := first; i < size && len(sel) < 1000 && f.at(f.next) <= now; i++ {
		sel = append(sel, int32(i))
		f.next++
	}
	b := f.rows.Gather(sel)
	if by := (f.next - 1) / size * f.span; by > 0 {
		f.shift(b, by)
	}
	return len(sel), f.send(ctx, b)
}

// send writes a batch and waits for the broker to have it.
func (f *feed) send(ctx context.Context, b *batch.Batch) error {
	c, err := f.sink.Encode(b)
	if err != nil {
		return fmt.Errorf("topic %s: %w", f.topic, err)
	}
	acked := make(chan error, 1)
	f.sink.Send(c, func(err error) { acked <- err })
	select {
	case err := <-acked:
		if err != nil {
			return fmt.Errorf("topic %s: %w", f.topic, err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// replay feeds all until ctx ends, speed times as fast as it happened.
func replay(ctx context.Context, all []*feed, speed float64) error {
	began := time.Now()
	starts := make([]int64, len(all))
	for i, f := range all {
		if f.span > 0 {
			starts[i] = f.at(f.next)
		}
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		passed := int64(time.Since(began).Seconds() * speed * 1e6)
		for i, f := range all {
			if _, err := f.upTo(ctx, starts[i]+passed); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// preload publishes what is there at the beginning: all airports, and the first
// day of flights and earthquakes.
func preload(ctx context.Context, all []*feed) (int, error) {
	total := 0
	for _, f := range all {
		switch {
		case f.next > 0:
		case f.span == 0:
			if err := f.send(ctx, f.rows); err != nil {
				return total, err
			}
			total += f.rows.N
		default:
			n, err := f.upTo(ctx, f.times[0]+day)
			if err != nil {
				return total, err
			}
			total += n
		}
	}
	return total, nil
}
