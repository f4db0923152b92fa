package op

import (
	"fmt"
	"math"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Difference finds what has changed between an older content of a relation, as a
// Materialized has sealed it, and a newer one: it takes the newer one's rows out
// of the older, and what is left, negated, is the change. So it needs the memory
// of the older content, which is evicted like any other state. It runs on its
// caller's goroutine, and reads what it needs of the state there.
type Difference struct {
	m    *Materialized
	rest *Snapshot // nil: not ended
}

// NewDifference begins with the content that is sealed in home.
func NewDifference(spec Materialize, home state.Home) (*Difference, error) {
	m, err := newMaterialized(spec, home)
	if err != nil {
		return nil, err
	}
	return &Difference{m: m}, nil
}

// unheard is an Emitter for what nobody wants.
type unheard struct{}

func (unheard) Emit(*batch.Batch) {}

// Take takes rows of the newer content, none of them twice.
func (d *Difference) Take(b *batch.Batch) error {
	out := *b
	out.Diff = make([]int64, b.N)
	for i := range out.Diff {
		out.Diff[i] = -b.DiffAt(i)
	}
	more, err := d.m.Push(0, &out, unheard{}, math.MaxInt)
	return d.settle(more, err)
}

// settle runs the operator until it has nothing more to do.
func (d *Difference) settle(more bool, err error) error {
	for ; more && err == nil; more, err = d.m.Resume(unheard{}, math.MaxInt) {
		r := d.m.Need()
		if r == nil {
			continue
		}
		if err := r.Fetch(); err != nil {
			return fmt.Errorf("difference: %w", err)
		}
		if err := r.Install(); err != nil {
			return fmt.Errorf("difference: %w", err)
		}
	}
	return err
}

// Next returns up to limit rows that have changed, by how much as Diff; nil at
// the end. Nothing can be taken any more.
func (d *Difference) Next(limit int) (*batch.Batch, error) {
	if d.rest == nil {
		more, err := d.m.Advance(exec.Frontier{}, unheard{}, math.MaxInt)
		if err := d.settle(more, err); err != nil {
			return nil, err
		}
		d.rest = d.m.Snapshot()
	}
	return d.rest.next(limit, true)
}

// Close gives back what it holds.
func (d *Difference) Close() {
	if d.rest != nil {
		d.rest.Close()
	}
	d.m.Trim(0)
}
