package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

const accounts, opening = 40, 1000

// bank opens two tables of accounts; every second account is in the second.
func (h *harness) bank() []TableDef {
	h.t.Helper()
	defs := []TableDef{testTable(100, 2, []int{0}), testTable(200, 3, []int{0})}
	h.openTables(defs)
	for i := range 2 {
		var rows []testRow
		for k := int64(i); k < accounts; k += 2 {
			rows = append(rows, testRow{k, opening, "x"})
		}
		h.commit(tableOf(int64(i)), nil, rows)
	}
	return defs
}

func tableOf(account int64) uint64 { return 100 + 100*uint64(account%2) }

// transfer moves money between two accounts, perhaps of two tables.
func transfer(e *Engine, rng *rand.Rand) error {
	ctx := context.Background()
	from, to := rng.Int64N(accounts), rng.Int64N(accounts)
	if from == to {
		return nil
	}
	x := e.Begin()
	x.LockTimeout = patience // how long one waits is not what is tested
	defer x.Rollback()
	for _, step := range []struct{ k, by int64 }{{from, -1}, {to, 1}} {
		rows, err := get(x, tableOf(step.k), step.k)
		if err != nil {
			return err
		}
		old, ok := rows[step.k]
		if !ok {
			return fmt.Errorf("account %d is not there", step.k)
		}
		fresh := old
		fresh.v += step.by * (1 + from%5)
		if err := x.Change(tableOf(step.k), change([]testRow{old}, []testRow{fresh})); err != nil {
			return err
		}
	}
	if rng.IntN(8) == 0 {
		return nil // rolled back
	}
	_, err := x.Commit(ctx)
	return err
}

// totals follows the changes of both views and fails at a tick that makes money.
type totals struct {
	mu  sync.Mutex
	sum map[uint64]int64 // by tick
}

func (s *totals) add(c Changes) error {
	if c.Rows == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := c.Rows.Compact()
	for i := range b.N {
		s.sum[c.Tick] += b.DiffAt(i) * b.Cols[1].(*batch.Vec[int64]).Data[i]
	}
	return nil
}

// TestBank: transfers between accounts of two tables, by 16 connections. No
// read of both views at one tick, and no tick of their changes, shows another
// total; deadlocks are found, and money is there after a crash.
func TestBank(t *testing.T) {
	h := newHarness(t, 9, 1)
	defs := h.bank()
	h.flush()
	ctx, cancel := context.WithCancel(context.Background())
	seen := &totals{sum: map[uint64]int64{}}
	var subs sync.WaitGroup
	for _, view := range []uint64{101, 201} {
		subs.Go(func() { _ = h.eng.Subscribe(ctx, view, false, seen.add) })
	}
	time.Sleep(20 * time.Millisecond) // subscribed
	var done, deadlocks atomic.Int64
	var clients sync.WaitGroup
	length := time.Second
	if os.Getenv("DIRIGO_CHECK") == "long" {
		length = time.Minute
	}
	end := time.Now().Add(length)
	for c := range uint64(16) {
		clients.Go(func() {
			rng := rand.New(rand.NewPCG(9, c))
			for time.Now().Before(end) {
				err := transfer(h.eng, rng)
				switch {
				case errors.Is(err, ErrDeadlock):
					deadlocks.Add(1)
				case err != nil:
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	reads := 0
	for time.Now().Before(end) {
		if got := h.bankTotal(); got != accounts*opening {
			t.Fatalf("read %d: the total is %d", reads, got)
		}
		reads++
	}
	clients.Wait()
	h.flush()
	time.Sleep(20 * time.Millisecond)
	cancel()
	subs.Wait()
	for tick, sum := range seen.sum {
		if sum != 0 {
			t.Errorf("tick %d makes %d", tick, sum)
		}
	}
	if deadlocks.Load() == 0 || reads == 0 || len(seen.sum) == 0 {
		t.Errorf("%d deadlocks, %d reads, %d ticks: the test tests nothing", deadlocks.Load(), reads, len(seen.sum))
	}
	t.Logf("%d transfers, %d deadlocks, %d reads, %d ticks", done.Load(), deadlocks.Load(), reads, len(seen.sum))
	h.crash()
	h.openTables(defs)
	h.flush()
	if got := h.bankTotal(); got != accounts*opening {
		t.Fatalf("after a crash the total is %d", got)
	}
	h.close()
}

// bankTotal reads both views at one tick.
func (h *harness) bankTotal() (total int64) {
	h.t.Helper()
	views := []*query{h.eng.query(101), h.eng.query(201)}
	_, snaps, err := h.eng.snapshots(context.Background(), views)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, of := range snaps {
		for _, s := range of {
			err := scan(s, func(b *batch.Batch) error {
				b = b.Compact()
				for i := range b.N {
					total += b.DiffAt(i) * b.Cols[1].(*batch.Vec[int64]).Data[i]
				}
				return nil
			})
			if err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return total
}

// TestBankSeesHalfTransactions is the negative control: where a transaction is
// two, reads see it.
func TestBankSeesHalfTransactions(t *testing.T) {
	h := newHarness(t, 10, 1)
	h.bank()
	h.flush()
	var stop atomic.Bool
	var client sync.WaitGroup
	client.Go(func() {
		for i := int64(0); !stop.Load(); i++ {
			h.commit(100, []testRow{{0, opening - i, "x"}}, []testRow{{0, opening - i - 1, "x"}})
			h.commit(200, []testRow{{1, opening + i, "x"}}, []testRow{{1, opening + i + 1, "x"}})
		}
	})
	found := false
	for end := time.Now().Add(5 * time.Second); !found && time.Now().Before(end); {
		found = h.bankTotal() != accounts*opening
	}
	stop.Store(true)
	client.Wait()
	if !found {
		t.Fatal("no read saw half a transfer")
	}
	h.close()
}

// TestTableLocks: locks are given in order, time out, and are given up by a
// commit before it is durable.
func TestTableLocks(t *testing.T) {
	h := newHarness(t, 1, 1)
	h.openTables([]TableDef{testTable(100, 1, []int{0}), testTable(200, 1, nil), testTable(300, 1, nil)})
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := h.eng.Begin(), h.eng.Begin(), h.eng.Begin()
	must(a.Lock(ctx, 100))
	must(a.Lock(ctx, 100)) // again
	b.LockTimeout = 5 * time.Millisecond
	if err := b.Lock(ctx, 100); !errors.Is(err, ErrLockTimeout) {
		t.Fatalf("a taken lock: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	if err := c.Lock(short, 100); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a taken lock: %v", err)
	}
	cancel()
	// a → 100; b → 200 waits for 100; c → 300 waits for 200; a wants 300.
	b.LockTimeout = 0
	must(b.Lock(ctx, 200))
	must(c.Lock(ctx, 300))
	granted := make(chan error, 2)
	go func() { granted <- b.Lock(ctx, 100) }()
	h.waitBlocked(b)
	go func() { granted <- c.Lock(ctx, 200) }()
	h.waitBlocked(c)
	if err := a.Lock(ctx, 300); !errors.Is(err, ErrDeadlock) {
		t.Fatalf("a circle of three: %v", err)
	}
	a.Rollback()
	must(<-granted)
	b.Rollback()
	must(<-granted)
	if err := h.eng.Begin().Lock(ctx, 999); !errors.Is(err, ErrNoTable) {
		t.Fatalf("no table: %v", err)
	}
	d := h.eng.Begin()
	go func() { granted <- d.Lock(ctx, 300) }()
	h.waitBlocked(d)
	must(h.eng.DropTable(ctx, 300))
	if err := <-granted; !errors.Is(err, ErrNoTable) {
		t.Fatalf("a dropped table: %v", err)
	}
	c.Rollback()
	h.close()
	if err := h.eng.Begin().Lock(ctx, 100); !errors.Is(err, errClosed) {
		t.Fatalf("a closed engine: %v", err)
	}
}

func (h *harness) waitBlocked(x *Txn) {
	h.t.Helper()
	for end := time.Now().Add(patience); ; {
		x.ts.lockMu.Lock()
		blocked := x.blocked != nil
		x.ts.lockMu.Unlock()
		if blocked {
			return
		}
		if time.Now().After(end) {
			h.t.Fatal("it does not wait")
		}
		time.Sleep(time.Millisecond)
	}
}

// bankView is the sum over both tables, which no transfer changes.
func bankView(id uint64) QueryDef {
	in, out := batch.Schema{{Name: "v", Type: bigint}}, batch.Schema{{Name: "n", Type: bigint}, {Name: "s", Type: sumType}}
	group := &agg.Group{Calls: []agg.Call{
		{Func: "count", Arg: -1, Filter: -1, Type: bigint},
		{Func: "sum", Arg: 0, Filter: -1, ArgType: bigint, Type: sumType},
	}}
	return QueryDef{ID: id, Name: "total", Graph: &Graph{KeyGroups: 4, Vertices: []Vertex{
		{ID: 1, Read: &Read{Relation: 100, Columns: []int{1}}, Instances: 1, Schema: in, Updating: true},
		{ID: 2, Read: &Read{Relation: 200, Columns: []int{1}}, Instances: 1, Schema: in, Updating: true},
		{ID: 3, Inputs: []Input{{From: 1}, {From: 2}}, Ops: []op.Spec{{Union: true}}, Instances: 1, Schema: in, Updating: true},
		{ID: 4, Inputs: []Input{{From: 3}}, Ops: []op.Spec{{Group: group}}, Instances: 1, Schema: out, State: 1, Updating: true},
		{ID: 5, Inputs: []Input{{From: 4}}, Ops: []op.Spec{{Materialize: &op.Materialize{Types: typesOf(out)}}}, Instances: 1, Schema: out, State: 1, Updating: true},
	}}}
}

// TestBankViewNeverShowsHalf: the sum over both tables is the same at every
// read, while transfers go on, after crashes at any moment, while it catches up,
// and for a view that is made in the midst of it.
func TestBankViewNeverShowsHalf(t *testing.T) {
	h := newHarness(t, 11, 1)
	h.chop(11)
	defs := h.bank()
	h.flush()
	var views []QueryDef
	want := []string{fmt.Sprintf("(%d,%d)", accounts, accounts*opening)}
	rounds := 6
	if os.Getenv("DIRIGO_CHECK") == "long" {
		rounds = 200
	}
	reads := 0
	var transfers atomic.Int64
	for round := range rounds {
		if round > 0 {
			h.crash()
			h.openTables(defs, views...)
		}
		var stop atomic.Bool
		var clients sync.WaitGroup
		for c := range uint64(6) {
			clients.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(round), c))
				// Views that read a few rows at a time are slower than clients: there
				// is so much to catch up with, however fast the machine.
				for n := 0; n < 60 && !stop.Load(); n++ {
					if err := transfer(h.eng, rng); err != nil && !errors.Is(err, ErrDeadlock) {
						t.Error(err)
						return
					}
					transfers.Add(1)
				}
			})
		}
		if round < 3 {
			views = append(views, bankView(300+uint64(round)))
			if err := h.eng.StartQuery(context.Background(), views[round]); err != nil {
				t.Fatal(err)
			}
		}
		for end := time.Now().Add(time.Duration(30+h.rng.IntN(60)) * time.Millisecond); time.Now().Before(end); reads++ {
			v := views[reads%len(views)].ID
			if got := h.view(v); !slices.Equal(got, want) {
				stop.Store(true)
				clients.Wait()
				t.Fatalf("round %d, view %d, read %d: %v, want %v", round, v, reads, got, want)
			}
		}
		stop.Store(true)
		clients.Wait()
	}
	t.Logf("%d transfers, %d reads", transfers.Load(), reads)
	if reads < rounds || transfers.Load() < int64(rounds) {
		t.Error("nothing was tried")
	}
	h.close()
}
