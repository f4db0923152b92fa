package join

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Joiner runs a Join. A row is stored on its side and compared with what is
// stored on the other one: every pair of rows meets once, when the later of them
// comes. Pairs leave at once, with the product of their counts. Rows that are in
// the output by themselves (padded ones, those of semi and anti joins) depend on
// the sum of the counts that they match, which is kept with them: what changed of
// them in a tick leaves when the tick is complete.
type Joiner struct {
	spec  Join
	store *state.Store
	sides [2]*side
	pairs bool // pairs are output
	on    *condition
	time  *timing // nil: no Bound
	facts *facts  // of a null anti join

	work     []item
	chunk    chunk
	large    []large // rows of the chunk that meet keys of many rows
	settle   []*rows // to be settled
	advance  bool
	frontier exec.Frontier
	emit     emission
	close    closing
	sweep    sweep
	relieved bool
	loads    int // ranges of state whose families are known

	out   exec.Emitter
	fuel  int
	born  int64
	now   int64 // the time by which rows grow old
	all   []int32
	nulls []int32
}

// item is rows of a batch that go to one pane.
type item struct {
	in   int
	pane int64
	b    *batch.Batch
	rows []int32
	away []int32 // those that pages are missing for
}

var (
	_ exec.Operator = (*Joiner)(nil)
	_ exec.Due      = (*Joiner)(nil)
	_ exec.Paged    = (*Joiner)(nil)
	_ exec.Sealer   = (*Joiner)(nil)
)

// New returns the operator of a Join with its state at home; cx is what the
// condition is evaluated with.
func New(spec Join, home state.Home, cx expr.Context) (*Joiner, error) {
	if spec.Kind == NullAnti { // any right row may matter, however old
		spec.Bound, spec.TTL = nil, 0
	}
	if err := spec.check(); err != nil {
		return nil, err
	}
	j := &Joiner{spec: spec}
	var err error
	if j.on, err = newCondition(spec.On, len(spec.Left), cx); err != nil {
		return nil, err
	}
	used := j.used()
	j.sides[0] = newSide(0, spec.Left, spec.LeftKey, used[0])
	j.sides[1] = newSide(1, spec.Right, spec.RightKey, used[1])
	if spec.Bound != nil {
		j.time = newTiming(spec.Bound)
	}
	j.roles()
	var layouts []state.Layout
	for i, s := range j.sides {
		s.lay([2]bool{spec.LeftUpdating, spec.RightUpdating}[i], spec.TTL > 0)
		layouts = append(layouts, s.layout)
	}
	layouts = append(layouts, familyLayout, familyLayout)
	if spec.Kind == NullAnti {
		j.facts = &facts{}
		layouts = append(layouts, factsLayout)
	}
	j.store = state.NewStore(home, layouts...)
	for _, s := range j.sides {
		s.store = j.store
	}
	return j, nil
}

// roles decides what is kept for which side.
func (j *Joiner) roles() {
	k := j.spec.Kind
	j.pairs = k == Inner || k == Left || k == Right || k == Full
	left, right := j.sides[0], j.sides[1]
	left.tracked = k != Inner && k != Right
	right.tracked = k == Right || k == Full
	onClose := j.time != nil && j.spec.Bound.OnClose && k != Semi
	left.acts, right.acts = left.tracked && !onClose, right.tracked && !onClose
}

// used says which columns of each input are needed after a row came.
func (j *Joiner) used() (used [2][]bool) {
	n := len(j.spec.Left)
	used = [2][]bool{make([]bool, n), make([]bool, len(j.spec.Right))}
	mark := func(c int) {
		if c < n {
			used[0][c] = true
		} else {
			used[1][c-n] = true
		}
	}
	for _, c := range j.spec.Output {
		mark(c)
	}
	for _, c := range j.on.columns() {
		mark(c)
	}
	if b := j.spec.Bound; b != nil {
		mark(b.LeftTime)
		mark(n + b.RightTime)
	}
	return used
}

// check finds what the planner should not have asked for.
func (j *Join) check() error {
	width := len(j.Left) + len(j.Right)
	switch {
	case len(j.LeftKey) != len(j.RightKey):
		return fmt.Errorf("%d key columns on the left, %d on the right", len(j.LeftKey), len(j.RightKey))
	case j.NullEqual != nil && len(j.NullEqual) != len(j.LeftKey):
		return errors.New("NullEqual is not as long as the key")
	case j.Kind == NullAnti && (len(j.LeftKey) != 1 || j.On != nil || slices.Contains(j.NullEqual, true)):
		return errors.New("a null anti join has one key and no condition")
	case j.Bound != nil && j.Bound.Low > j.Bound.High:
		return fmt.Errorf("a bound from %d to %d µs holds for nothing", j.Bound.Low, j.Bound.High)
	case j.Bound != nil && j.Bound.OnClose && (j.LeftUpdating || j.RightUpdating):
		return errors.New("rows are padded on close over append-only inputs only")
	case !slices.Contains([]Kind{Inner, Left, Right, Full, Semi, Anti, NullAnti}, j.Kind):
		return fmt.Errorf("kind %q of a join is not known", j.Kind)
	}
	for i, l := range j.LeftKey {
		if l >= len(j.Left) || j.RightKey[i] >= len(j.Right) {
			return errors.New("a key column is not there")
		}
		if a, b := j.Left[l].Kind, j.Right[j.RightKey[i]].Kind; a.Rep() != b.Rep() {
			return fmt.Errorf("key %d is %s on the left, %s on the right", i+1, a, b)
		}
	}
	if j.Kind == Semi || j.Kind == Anti || j.Kind == NullAnti {
		width = len(j.Left)
	}
	for _, c := range j.Output {
		if c < 0 || c >= width {
			return fmt.Errorf("output column %d of %d", c, width)
		}
	}
	return nil
}

// Push implements exec.Operator.
func (j *Joiner) Push(in int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	j.born, j.now = max(j.born, b.Born), max(j.now, b.Born)
	rows := b.Sel
	if rows == nil {
		for i := len(j.all); i < b.N; i++ {
			j.all = append(j.all, int32(i))
		}
		rows = j.all[:b.N:b.N]
	}
	rows, err := j.sides[in].repeat(b, rows)
	if err != nil {
		return false, err
	}
	if rows = j.keyed(in, b, rows); len(j.nulls) > 0 {
		j.unmatched(in, b, j.nulls, out)
	}
	if j.facts != nil && in == 1 {
		j.facts.count(b, rows, false)
	}
	switch {
	case len(rows) == 0:
	case j.time == nil:
		j.work = append(j.work, item{in: in, b: b, rows: rows})
	default:
		j.work = append(j.work, j.time.sort(j, in, b, rows)...)
	}
	return j.Resume(out, fuel)
}

// repeat returns rows of an append-only input as often as they came.
func (s *side) repeat(b *batch.Batch, rows []int32) ([]int32, error) {
	if b.Diff == nil || !s.numbered {
		return rows, nil
	}
	out := make([]int32, 0, len(rows))
	for _, row := range rows {
		if b.Diff[row] < 0 {
			return nil, fmt.Errorf("input %d was to be append-only, and took a row back", s.in)
		}
		for range b.Diff[row] {
			out = append(out, row)
		}
	}
	return out, nil
}

// diff returns the signed count of a row that was taken from b.
func (s *side) diff(b *batch.Batch, row int32) int64 {
	if s.numbered || b.Diff == nil {
		return 1
	}
	return b.Diff[row]
}

// keyed returns rows that may match something; j.nulls are the others.
func (j *Joiner) keyed(in int, b *batch.Batch, rows []int32) []int32 {
	j.nulls = j.nulls[:0]
	if j.facts != nil && in == 0 {
		return rows
	}
	for i, c := range j.sides[in].key {
		if j.spec.NullEqual == nil || !j.spec.NullEqual[i] {
			rows = j.notNull(b.Cols[c], rows)
		}
	}
	if j.time != nil {
		rows = j.notNull(b.Cols[j.time.column(in)], rows)
	}
	return rows
}

// notNull takes rows with a NULL in col to j.nulls.
func (j *Joiner) notNull(col batch.Column, rows []int32) []int32 {
	nulls := col.Nulls()
	if nulls == nil || !slices.ContainsFunc(rows, func(r int32) bool { return nulls[r] }) {
		return rows
	}
	kept := make([]int32, 0, len(rows))
	for _, row := range rows {
		if nulls[row] {
			j.nulls = append(j.nulls, row)
		} else {
			kept = append(kept, row)
		}
	}
	return kept
}

// Advance implements exec.Operator.
func (j *Joiner) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	j.advance, j.frontier = true, f
	j.born, j.now = max(j.born, f.Born), max(j.now, f.Born)
	return j.Resume(out, fuel)
}

// Resume implements exec.Operator.
func (j *Joiner) Resume(out exec.Emitter, fuel int) (more bool, err error) {
	j.out, j.fuel = out, fuel
	if wait := j.recall(); wait {
		return true, nil
	}
	if wait, err := j.recallFacts(); wait || err != nil {
		return wait, err
	}
	for len(j.work) > 0 {
		if more, err := j.step(&j.work[0]); more || err != nil {
			return more, err
		}
		j.work = j.work[1:]
	}
	j.work = nil
	if j.advance {
		if more, err := j.tick(); more || err != nil {
			return more, err
		}
		j.advance, j.born = false, 0
	}
	if j.store.Over() && !j.relieved {
		j.relieved = true
		return true, nil
	}
	j.relieved = false
	return false, nil
}

// recall learns what loaded state says beside the rows; wait: some must be
// loaded first. With a bound all of it must: which panes there are is not known
// before.
func (j *Joiner) recall() (wait bool) {
	if j.time != nil && j.store.Cold() {
		return true
	}
	if n := j.store.Loads(); n != j.loads {
		for _, s := range j.sides {
			for _, p := range j.store.Panes(s.in) {
				if s.pane(p>>1, false).families.load() {
					return true
				}
				if j.time != nil {
					j.time.plan(s.in, p>>1)
				}
			}
		}
		j.loads = n
	}
	return false
}

// tick does what is due at the frontier.
func (j *Joiner) tick() (more bool, err error) {
	for _, do := range []func() (bool, error){j.turnFacts, j.emitTouched, j.closePanes, j.dropOld} {
		if more, err := do(); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// Due implements exec.Due.
func (j *Joiner) Due(f exec.Frontier, rows bool, _ int64) bool {
	switch {
	case rows && (j.sides[0].tracked || j.sides[1].tracked):
		return true
	case j.spec.TTL > 0 && (rows || j.sweep.due(f.Born)):
		return true
	case j.time != nil:
		return j.store.Cold() || j.time.due(f)
	}
	return false
}

// Need implements exec.Paged.
func (j *Joiner) Need() exec.Read {
	return j.store.Need(!j.chunk.open && len(j.emit.refs) == 0 && len(j.close.refs) == 0 && (j.facts == nil || len(j.facts.refs) == 0))
}

// Freeze implements exec.Sealer.
func (j *Joiner) Freeze() exec.Frozen { return j.store.Freeze() }

// Trim implements exec.Sealer.
func (j *Joiner) Trim(target int64) int64 { return j.store.Trim(target) }

// Bytes implements exec.Sealer.
func (j *Joiner) Bytes() int64 { return j.store.Bytes() }

// never is a time that does not come.
const never = math.MaxInt64
