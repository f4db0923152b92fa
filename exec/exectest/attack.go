package exectest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Rand is a seeded source of choices.
type Rand struct{ *rand.Rand }

// NewRand returns a Rand.
func NewRand(seed uint64) *Rand { return &Rand{rand.New(rand.NewPCG(seed, 0x5eed))} }

// Chance is true once in n times.
func (r *Rand) Chance(n int) bool { return r.IntN(n) == 0 }

// Plan is one way of playing a history.
type Plan struct {
	Batch   int   // rows per batch, at most
	Select  bool  // rows in between that are not selected
	Fuel    int   // rows per call
	Cut     bool  // ticks put in anywhere
	Reopen  bool  // seal and open again anywhere
	Fold    bool  // fold before opening
	Late    bool  // encode a seal later, when its state has changed again
	Limit   int64 // bytes of memory; 0: none
	Lessees int   // rows go to so many lessees; 0: none
}

// Draw returns a plan for a case.
func (r *Rand) Draw(lend, sealed bool) Plan {
	p := Plan{Batch: []int{1, 3, 17, 1024}[r.IntN(4)], Select: r.Chance(2), Fuel: []int{1, 7, 1024}[r.IntN(3)], Cut: r.Chance(2)}
	if sealed {
		p.Reopen, p.Fold, p.Late = r.Chance(2), r.Chance(2), r.Chance(2)
		if r.Chance(2) {
			p.Limit = 20 << 10
		}
	}
	if lend && r.Chance(2) {
		p.Lessees = 1 + r.IntN(3)
	}
	return p
}

// Stats says what an attack did, so that a test can tell that it did something.
type Stats struct{ Seals, Opens, Folds, Spills, Fetches, Absorbs int }

// player plays a history against an operator.
type player struct {
	c       Case
	p       Plan
	r       *Rand
	store   *store
	op      exec.Operator
	lessees []exec.Lessee
	used    map[int]bool
	frozen  []exec.Frozen
	out     Bag
	rejects Bag
	tick    uint64
	times   []int64 // of the rows that no Advance has passed
	rows    bool
	offset  int64
	born    int64
	Stats
}

// Attack plays a history drawn from seed by a plan drawn from it, and returns
// how the output differs from the reference.
func Attack(c Case, seed uint64) (Stats, error) {
	r := NewRand(seed)
	h := c.Gen(r)
	probe, err := c.Make(newStore().home(0), nil)
	if err != nil {
		return Stats{}, err
	}
	_, lend := probe.(exec.Lendable)
	_, sealed := probe.(exec.Sealer)
	p := r.Draw(lend, sealed)
	st, err := Play(c, h, p, r)
	if err != nil {
		return st, fmt.Errorf("%s, seed %d, %+v: %w", c.Name, seed, p, err)
	}
	return st, nil
}

// Play plays one history by one plan.
func Play(c Case, h History, p Plan, r *Rand) (Stats, error) {
	pl := &player{c: c, p: p, r: r, store: newStore(), out: Bag{}, rejects: Bag{}, used: map[int]bool{}}
	if err := pl.open(); err != nil {
		return pl.Stats, err
	}
	passed := Step{Watermark: batch.MinTime}
	for i := 0; i < len(h); {
		if h[i].Row == nil {
			passed = h[i]
			if err := pl.frontier(passed, r.Chance(3)); err != nil {
				return pl.Stats, fmt.Errorf("frontier %d: %w", pl.tick, err)
			}
			i++
			if err := pl.check(h[:i], i == len(h)); err != nil {
				return pl.Stats, err
			}
			continue
		}
		n := i
		for n < len(h) && h[n].Row != nil && h[n].Row.Input == h[i].Row.Input && n-i < p.Batch {
			n++
		}
		if err := pl.push(h[i:n]); err != nil {
			return pl.Stats, fmt.Errorf("push: %w", err)
		}
		i = n
		if p.Cut && c.AnyTick && r.Chance(4) {
			if err := pl.frontier(passed, r.Chance(2)); err != nil {
				return pl.Stats, fmt.Errorf("frontier %d: %w", pl.tick, err)
			}
		}
	}
	pl.Spills, pl.Fetches = pl.store.spills, pl.store.fetches
	return pl.Stats, nil
}

// Emit implements exec.Emitter.
func (pl *player) Emit(b *batch.Batch) { pl.out.Collect(b) }

// Reject implements exec.Rejecter.
func (pl *player) Reject(r exec.Reject) {
	pl.rejects.Add(Text(append([]any{r.Reason}, Values(r.Batch, r.Row)[:len(pl.c.Types[0])]...)), 1)
}

func (pl *player) check(h History, last bool) error {
	if pl.c.Final && !last {
		return nil
	}
	want, rejects := pl.c.Want(h)
	if d := pl.out.Diff(want); d != "" {
		return fmt.Errorf("after tick %d:\n%s", pl.tick, d)
	}
	if d := pl.rejects.Diff(rejects); d != "" {
		return fmt.Errorf("rejected, after tick %d:\n%s", pl.tick, d)
	}
	return nil
}

// open makes the operator from what was sealed.
func (pl *player) open() error {
	reject := exec.Rejecter(nil)
	if pl.c.Origin {
		reject = pl
	}
	o, err := pl.c.Make(pl.store.home(pl.p.Limit), reject)
	if err != nil {
		return err
	}
	pl.op = o
	pl.Opens++
	pl.lessees = nil
	for range pl.p.Lessees {
		pl.lessees = append(pl.lessees, o.(exec.Lendable).Lend())
	}
	return nil
}

// push sends steps as one batch, to the operator or a lessee.
func (pl *player) push(steps []Step) error {
	b := pl.batch(steps)
	pl.rows = true
	if b.Time != batch.MaxTime {
		pl.times = append(pl.times, b.Time)
	}
	if n := len(pl.lessees); n > 0 && !pl.r.Chance(3) {
		at := pl.r.IntN(n)
		pl.used[at] = true
		return pl.lessees[at].Push(steps[0].Row.Input, b)
	}
	more, err := pl.op.Push(steps[0].Row.Input, b, pl, pl.p.Fuel)
	return pl.finish(more, err)
}

// batch makes a batch of steps, with rows in between that are not selected.
func (pl *player) batch(steps []Step) *batch.Batch {
	var rows []Row
	b := &batch.Batch{Time: batch.MaxTime}
	for _, s := range steps {
		for pl.p.Select && pl.r.Chance(2) {
			junk := *s.Row
			junk.Diff = 1
			rows = append(rows, junk)
		}
		b.Sel = append(b.Sel, int32(len(rows)))
		rows = append(rows, *s.Row)
	}
	if !pl.p.Select {
		b.Sel = nil
	}
	b.N = len(rows)
	types := pl.c.Types[steps[0].Row.Input]
	for i, t := range types {
		b.Cols = append(b.Cols, column(t, rows, i))
	}
	diff, late := false, false
	for _, r := range rows {
		b.Diff, b.Late = append(b.Diff, r.Diff), append(b.Late, r.Late)
		diff, late = diff || r.Diff != 1, late || r.Late != 0
		if pl.c.Time >= 0 {
			if t, ok := r.Values[pl.c.Time].(int64); ok {
				b.Time = min(b.Time, t)
			}
		}
	}
	if !diff {
		b.Diff = nil
	}
	if !late {
		b.Late = nil
	}
	if pl.c.Origin {
		b.Origin = &batch.Origin{Source: 1, Base: pl.offset}
		pl.offset += int64(b.N)
	}
	pl.born++
	b.Born = pl.born
	return b
}

// finish resumes until the call is over, reading what it waits for.
func (pl *player) finish(more bool, err error) error {
	for calls := 0; more && err == nil; calls++ {
		if calls > 1_000_000 {
			return errors.New("it never gets done")
		}
		if p, ok := pl.op.(exec.Paged); ok {
			if read := p.Need(); read != nil {
				if err := read.Fetch(); err != nil {
					return fmt.Errorf("fetch: %w", err)
				}
				if err := read.Install(); err != nil {
					return fmt.Errorf("install: %w", err)
				}
			}
		}
		more, err = pl.op.Resume(pl, pl.p.Fuel)
	}
	return err
}

// frontier collects the lessees, advances where that is due and, with seal,
// seals and may open again.
func (pl *player) frontier(at Step, seal bool) error {
	pl.tick++
	watermark := at.Watermark
	f := exec.Frontier{Tick: pl.tick, Watermark: watermark, In: at.In, Born: pl.born}
	for len(f.In) < len(pl.c.Types) {
		f.In = append(f.In, watermark)
	}
	if pl.c.Clock != nil {
		f.Born = pl.c.Clock(watermark)
	}
	sealer, ok := pl.op.(exec.Sealer)
	seal = seal && ok && pl.p.Reopen
	least := batch.MaxTime
	for _, t := range pl.times {
		least = min(least, t)
	}
	if due, ok := pl.op.(exec.Due); ok && !seal && !due.Due(f, pl.rows, least) {
		return nil // lent rows may stay where they are
	}
	if err := pl.collect(); err != nil {
		return err
	}
	more, err := pl.op.Advance(f, pl, pl.p.Fuel)
	if err := pl.finish(more, err); err != nil {
		return err
	}
	pl.rows = false
	pl.times = slices.DeleteFunc(pl.times, func(t int64) bool { return t < watermark })
	if !seal {
		return nil
	}
	return pl.seal(sealer)
}

// collect absorbs what the lessees hold, in any order.
func (pl *player) collect() error {
	for _, at := range pl.r.Perm(len(pl.lessees)) {
		if !pl.used[at] {
			continue
		}
		part, err := pl.lessees[at].Collect()
		if err != nil {
			return err
		}
		pl.Absorbs++
		more, err := pl.op.(exec.Lendable).Absorb(part, pl, pl.p.Fuel)
		if err := pl.finish(more, err); err != nil {
			return fmt.Errorf("absorb: %w", err)
		}
	}
	clear(pl.used)
	return nil
}

// seal freezes the state; it is encoded now or at a later seal, and the
// operator is opened again only when all is encoded.
func (pl *player) seal(s exec.Sealer) error {
	pl.Seals++
	pl.frozen = append(pl.frozen, s.Freeze())
	if pl.p.Late && pl.r.Chance(2) {
		return nil
	}
	for _, f := range pl.frozen {
		blocks, err := f.Encode()
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		pl.store.seal(blocks)
	}
	pl.frozen = nil
	if pl.p.Fold && pl.r.Chance(2) {
		pl.Folds++
		if err := pl.store.fold(); err != nil {
			return err
		}
	}
	return pl.open()
}
