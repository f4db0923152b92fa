package exectest

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// broken is an operator with one fault.
type broken struct {
	*agg.Grouper
	fault string
}

func (b *broken) Push(in int, x *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	switch b.fault {
	case "selection":
		y := *x
		y.Sel = nil
		x = &y
	case "retraction":
		y := *x
		y.Diff = nil
		x = &y
	case "null":
		x = x.Compact()
		if v, ok := x.Cols[colInt].(*batch.Vec[int64]); ok {
			x.Cols[colInt] = &batch.Vec[int64]{Data: v.Data}
		}
	}
	return b.Grouper.Push(in, x, out, fuel)
}

func (b *broken) Resume(out exec.Emitter, fuel int) (bool, error) {
	more, err := b.Grouper.Resume(out, fuel)
	if b.fault == "fuel" {
		more = false
	}
	return more, err
}

func (b *broken) Freeze() exec.Frozen {
	f := b.Grouper.Freeze()
	if b.fault == "seal" {
		return halfFrozen{f}
	}
	return f
}

// Lend returns a lessee that forgets what it was lent before.
func (b *broken) Lend() exec.Lessee {
	if b.fault == "lessee" {
		return &forgetful{Lessee: b.Grouper.Lend()}
	}
	return b.Grouper.Lend()
}

type forgetful struct {
	exec.Lessee
	pushes int
}

func (f *forgetful) Push(in int, b *batch.Batch) error {
	if f.pushes++; f.pushes%5 == 0 {
		if _, err := f.Lessee.Collect(); err != nil {
			return err
		}
	}
	return f.Lessee.Push(in, b)
}

// halfFrozen loses every second seal.
type halfFrozen struct{ exec.Frozen }

func (h halfFrozen) Encode() ([]exec.Block, error) {
	blocks, err := h.Frozen.Encode()
	if len(blocks) > 0 && len(blocks[0].Data)%2 == 0 {
		return nil, err
	}
	return blocks, err
}

// TestControls: each fault that an operator may have is caught.
func TestControls(t *testing.T) {
	g := agg.Group{Keys: []int{colKey}, Calls: manyCalls(), Updating: true}
	for _, fault := range []string{"", "selection", "retraction", "null", "fuel", "seal", "lessee"} {
		c := groupCase("control "+fault, g, groupGen(true, 300, 300))
		make := c.Make
		c.Make = func(home state.Home, reject exec.Rejecter) (exec.Operator, error) {
			o, err := make(home, reject)
			if err != nil {
				return nil, err
			}
			return &broken{Grouper: o.(*agg.Grouper), fault: fault}, nil
		}
		caught := 0
		for seed := range uint64(25) {
			if _, err := Attack(c, seed); err != nil {
				caught++
			}
		}
		t.Logf("fault %q: caught by %d of 25 seeds", fault, caught)
		if (fault == "") != (caught == 0) {
			t.Errorf("fault %q: caught by %d of 25 seeds", fault, caught)
		}
	}
}
