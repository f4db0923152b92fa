package agg

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// shelf is a spill space in memory that counts.
type shelf struct {
	mu         sync.Mutex
	pages      map[string][]byte
	puts, gets int
}

func (s *shelf) Put(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[key] = bytes.Clone(value)
	s.puts++
	return nil
}

func (s *shelf) Get(key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	return bytes.Clone(s.pages[key]), nil
}

func (s *shelf) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pages, key)
	return nil
}

// drop is where output goes that nobody looks at.
type drop struct{ rows int }

func (d *drop) Emit(b *batch.Batch) { d.rows += b.Rows() }

// settle resumes until a call is over, reading what it waits for.
func settle(t testing.TB, g *Grouper, out exec.Emitter, more bool, err error) {
	for more && err == nil {
		if r := g.Need(); r != nil {
			if err := r.Fetch(); err != nil {
				t.Fatal(err)
			}
			if err := r.Install(); err != nil {
				t.Fatal(err)
			}
		}
		more, err = g.Resume(out, 8192)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// longKeys makes batches of rows over so many text keys of 100 bytes.
func longKeys(r *rand.Rand, keys, rows int) *batch.Batch {
	text, ints := &batch.TextVec{}, &batch.Vec[int64]{}
	for range rows {
		text.AppendString(fmt.Sprintf("%0100d", r.IntN(keys)))
		ints.Append(int64(r.IntN(1000)))
	}
	return &batch.Batch{Cols: []batch.Column{text, ints}, N: rows, Time: batch.MaxTime}
}

// overBudget runs ticks of rows against a state far above its limit, and returns
// how many pages were read for how many rows.
func overBudget(t testing.TB, keys, ticks, batches int) (reads, rows int) {
	spill := &shelf{pages: map[string][]byte{}}
	home := state.Home{Name: "t", KeyGroups: 128, Low: 0, High: 128, Spill: spill, Memory: state.NewAccount(1<<20, nil)}
	text, bigint := batch.T(batch.Text), batch.T(batch.Int64)
	g, err := New(Group{Keys: []int{0}, KeyTypes: []batch.Type{text}, Calls: []Call{
		{Func: "count", Arg: -1, Filter: -1, Type: bigint},
		{Func: "sum", Arg: 1, Filter: -1, ArgType: bigint, Type: batch.T(batch.Numeric)},
	}}, home, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, out := rand.New(rand.NewPCG(1, 2)), &drop{}
	for tick := range ticks {
		for range batches {
			b := longKeys(r, keys, 1024)
			rows += b.N
			more, err := g.Push(0, b, out, 8192)
			settle(t, g, out, more, err)
		}
		more, err := g.Advance(exec.Frontier{Tick: uint64(tick + 1)}, out, 8192)
		settle(t, g, out, more, err)
	}
	return spill.gets, rows
}

// TestPagesComeOnceATick: rows that want a page which is away are done together:
// there are far fewer reads than rows, whatever their order.
func TestPagesComeOnceATick(t *testing.T) {
	reads, rows := overBudget(t, 20_000, 6, 8)
	t.Logf("%d reads of pages for %d rows", reads, rows)
	if reads == 0 || reads > rows/50 {
		t.Errorf("%d reads of pages for %d rows, want at most %d", reads, rows, rows/50)
	}
}

// BenchmarkOverBudget: rows whose keys take some thirty times the memory that
// there is.
func BenchmarkOverBudget(b *testing.B) {
	reads, rows := 0, 0
	for b.Loop() {
		n, m := overBudget(b, 200_000, 10, 16)
		reads, rows = reads+n, rows+m
	}
	b.ReportMetric(float64(reads)/float64(rows), "reads/row")
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
