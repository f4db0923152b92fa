package nexmark

import (
	"errors"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/conntest"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

func TestSource(t *testing.T) {
	for name, table := range tables {
		t.Run(name, func(t *testing.T) {
			conntest.RunSource(t, conntest.Source{
				Open: func() (connectors.Source, error) {
					return NewSource(connectors.Spec{Name: name, Options: map[string]string{
						"connector": "nexmark", "table": name, "events": "3000", "seed": "7",
					}})
				},
				Columns: len(Schema(name)), Rows: int(table.rows(3000)), Ends: true,
			})
		})
	}
}

// fakeClock moves when it is told to.
type fakeClock struct {
	now   time.Time
	at    time.Time
	timer func()
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) AfterFunc(d time.Duration, f func()) func() {
	c.at, c.timer = c.now.Add(d), f
	return func() { c.timer = nil }
}

func (c *fakeClock) advance(d time.Duration) {
	c.now = c.now.Add(d)
	if c.timer != nil && !c.now.Before(c.at) {
		f := c.timer
		c.timer = nil
		f()
	}
}

// TestPace: a paced source gives what is due, however seldom it is read, says
// when each row was due, and wakes its reader for the next.
func TestPace(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	s, err := NewSourceAt(connectors.Spec{Options: map[string]string{"table": "bid", "rate": "100"}}, clock)
	if err != nil {
		t.Fatal(err)
	}
	woken := 0
	r, err := s.Open(func() { woken++ })
	if err != nil {
		t.Fatal(err)
	}
	r.Demand([]bool{true})
	r.Assign(0, connectors.Earliest)
	start := clock.now // row 0, event 4, happens now
	read := func() connectors.Rows {
		t.Helper()
		var rows connectors.Rows
		if _, err := r.Read(&rows, 1000); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if rows := read(); rows.N != 1 || rows.Born != start.UnixNano() {
		t.Fatalf("at the start: %d rows, born %d", rows.N, rows.Born)
	}
	if rows := read(); rows.N != 0 || clock.timer == nil || clock.at.Sub(clock.now) != 10*time.Millisecond {
		t.Fatalf("before the next row: %d rows, the timer stands at %v", rows.N, clock.at.Sub(clock.now))
	}
	clock.advance(10 * time.Millisecond)
	if rows := read(); rows.N != 1 || woken != 1 {
		t.Fatalf("after 10 ms: %d rows, woken %d times", rows.N, woken)
	}
	clock.advance(9990 * time.Millisecond) // event 1004: 20 epochs on
	rows := read()
	if rows.N != 919 || rows.Next != 921 {
		t.Fatalf("after 10 s: %d rows, next %d", rows.N, rows.Next)
	}
	if want := start.Add(10 * time.Second).UnixNano(); rows.Born != want {
		t.Fatalf("the last row was born %d ns off", rows.Born-want)
	}
	// A reader that begins in the past gets what has happened since.
	late, err := s.Open(func() {})
	if err != nil {
		t.Fatal(err)
	}
	late.Assign(0, 0)
	if _, err := late.Read(&rows, 10_000); err != nil || rows.N != 921 {
		t.Fatalf("a second reader: %d rows, %v", rows.N, err)
	}
	if err := errors.Join(r.Close(), late.Close()); err != nil || clock.timer != nil {
		t.Fatal("a timer is left after Close", err)
	}
}

// TestBursts: rates follow each other by the clock, event time goes with them,
// and an event time is the moment at which its event was due.
func TestBursts(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	s, err := NewSourceAt(connectors.Spec{Options: map[string]string{"table": "bid", "rate": "50 for 2s, 500 for 1s"}}, clock)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(func() {})
	if err != nil {
		t.Fatal(err)
	}
	r.Assign(0, connectors.Earliest)
	start := s.Begun() // a little before the first bid
	clock.now = start
	total := 0
	for second, want := range []int{46, 46, 460, 46, 46, 460} {
		clock.advance(time.Second)
		var rows connectors.Rows
		if _, err := r.Read(&rows, 1000); err != nil {
			t.Fatal(err)
		}
		if rows.N < want-1 || rows.N > want+1 {
			t.Errorf("second %d: %d rows, want %d", second, rows.N, want)
		}
		times := ints(rows.Cols[5])
		for i, at := range times {
			if due := s.Due(at); due.Before(start.Add(time.Duration(second)*time.Second)) || due.After(clock.now) {
				t.Fatalf("second %d, row %d: due %v after the start", second, i, due.Sub(start))
			}
			if at != s.gen.Time(int64(total+i)) {
				t.Fatalf("second %d, row %d: event time %d by the column, %d by itself", second, i, at, s.gen.Time(int64(total+i)))
			}
		}
		if i := len(times) / 2; !s.Closes(times[i]).Equal(s.due(int64(total+i))) || !s.Closes(times[i]-1).Equal(s.due(int64(total+i))) {
			t.Errorf("second %d: a window that ends with row %d closes %v after it", second, i, s.Closes(times[i]).Sub(s.due(int64(total+i))))
		}
		if last := times[len(times)-1]; s.Moment(s.Due(last)) != last {
			t.Errorf("the moment of when %d is due is %d", last, s.Moment(s.Due(last)))
		}
		if total += rows.N; rows.Born != s.due(int64(total-1)).UnixNano() {
			t.Errorf("second %d: born %v off", second, rows.Born-s.due(int64(total-1)).UnixNano())
		}
	}
}

// TestOptions: mistakes name the option.
func TestOptions(t *testing.T) {
	for option, options := range map[string]map[string]string{
		"table":     {"table": "bids"},
		"events":    {"table": "bid", "events": "-1"},
		"rate":      {"table": "bid", "rate": "fast"},
		"seed":      {"table": "bid", "seed": "x"},
		"base_time": {"table": "bid", "base_time": "now"},
		"topic":     {"table": "bid", "topic": "x"},
	} {
		var oe *connectors.OptionError
		if _, err := NewSource(connectors.Spec{Options: options}); !errors.As(err, &oe) || oe.Option != option {
			t.Errorf("%v: %v, want a mistake in %s", options, err, option)
		}
	}
	cols := []connectors.Column{{Name: "pricee", Type: batch.T(batch.Int64)}}
	if _, err := NewSource(connectors.Spec{Columns: cols, Options: map[string]string{"table": "bid"}}); err == nil {
		t.Error("a column that is not there was taken")
	}
}

// TestEventRate: event time may run faster than the clock; and rows that happen
// within leastWait of the last read come together.
func TestEventRate(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	s, err := NewSourceAt(connectors.Spec{Options: map[string]string{"table": "bid", "rate": "500000", "event_rate": "100"}}, clock)
	if err != nil {
		t.Fatal(err)
	}
	if span := s.gen.Time(46) - s.gen.Time(0); span != 500_000 {
		t.Errorf("50 events at 100 a second last %d µs of event time, want 500,000", span)
	}
	r, err := s.Open(func() {})
	if err != nil {
		t.Fatal(err)
	}
	r.Assign(0, connectors.Earliest)
	var rows connectors.Rows
	for step, want := range []int{1, 0, 0, 0, 0, 230, 0} { // 250 events, 230 of them bids, in half a millisecond
		rows.N = 0
		if _, err := r.Read(&rows, 1000); err != nil {
			t.Fatal(err)
		}
		if rows.N != want {
			t.Errorf("step %d, 100 µs each: %d rows, want %d", step, rows.N, want)
		}
		clock.advance(100 * time.Microsecond)
	}
}
