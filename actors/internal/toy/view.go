package toy

import "github.com/dirigo-stream/dirigo/actors"

// Shown is a view's content after a tick.
type Shown struct {
	Punct actors.Punct
	Rel   Rel
}

// view applies a tick's changes at once, and remembers each state.
type view struct {
	node
	delta []Row
	rel   Rel
	show  func(Shown)
	gate  func(tick uint64, now Rel) // before a tick is applied; may be nil
	asked func(now Rel)              // a read begins; may be nil
}

// read begins a read of all instances, at a tick that none of them is beyond.
func (x *view) read() {
	if x.asked != nil {
		x.asked(x.rel)
	}
}

func (x *view) Push(_ int, b *Batch, _ *turn) (bool, error) {
	x.delta = append(x.delta, b.Rows...)
	return false, nil
}

func (x *view) Due(f actors.Frontier, rows bool, least int64) bool {
	x.node.Due(f, rows, least)
	return true
}

func (x *view) Advance(f actors.Frontier, t *turn) (bool, error) {
	if x.gate != nil {
		x.gate(f.Tick, x.rel)
	}
	for _, r := range x.delta {
		x.rel.Add(r.F, r.D)
	}
	x.delta = nil
	more, err := x.node.Advance(f, t)
	x.show(Shown{f.Punct, x.rel.Clone()})
	return more, err
}
