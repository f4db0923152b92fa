package sim_test

import (
	"testing"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
)

// witness is a policy with every hook, that notes what it is told.
type witness struct {
	actors.LeastLaxity
	t       *testing.T
	sent    map[*actors.Load]int    // data messages on their way there
	offered map[*actors.Load]int    // taken in, not run and not lent
	open    map[*actors.Load]*round // the last
	told    map[string]int
	spent   int64
}

// round is the state that a round carries.
type round struct {
	of   *actors.Load
	lent int
}

func newWitness(t *testing.T) *witness {
	return &witness{
		t: t, sent: map[*actors.Load]int{}, offered: map[*actors.Load]int{},
		open: map[*actors.Load]*round{}, told: map[string]int{},
	}
}

// Send implements actors.Policy. The runtime also asks it for the urgency of what
// is no message, so there is more of it than of arrivals.
func (w *witness) Send(to *actors.Load, m actors.Meta, now int64) int64 {
	w.told["send"]++
	w.sent[to]++
	return w.LeastLaxity.Send(to, m, now)
}

// Pick implements actors.Policy.
func (w *witness) Pick(l *actors.Load, key, now int64) actors.Rank {
	w.told["pick"]++
	return w.LeastLaxity.Pick(l, key, now)
}

// Arrive implements actors.Arriver.
func (w *witness) Arrive(at *actors.Load, m actors.Meta, _, _ int64) {
	w.told["arrival"]++
	if w.offered[at]++; w.sent[at] < w.offered[at] || m.Rows == 0 {
		w.t.Error("an arrival that was not sent, or a Punct")
	}
}

// Before implements actors.Beforer.
func (w *witness) Before(*actors.Load, actors.Meta, int64) { w.told["before"]++ }

// After implements actors.Afterer.
func (w *witness) After(_ *actors.Load, took int64) {
	w.told["after"]++
	w.spent += took
}

// Open implements actors.Rounder.
func (w *witness) Open(l *actors.Load, _ int64) any {
	w.told["open"]++
	w.open[l] = &round{of: l, lent: 1} // for a message
	return w.open[l]
}

// Ended implements actors.Rounder.
func (w *witness) Ended(l *actors.Load, state any, _ int64) {
	w.told["ended"]++
	if r, ok := state.(*round); !ok || r.of != l || r.lent == 0 {
		w.t.Errorf("a round ends with %+v", state)
	} else {
		w.told["lent"] += r.lent
	}
}

// lender lends four of five; the round's own count decides whom.
type lender struct{ *witness }

// Lend implements actors.Lending.
func (x lender) Lend(o *actors.Offer) (int, bool) {
	w := x.witness
	if o.Draw(5) == 0 {
		return 0, false
	}
	w.told["lend"]++
	if o.Round == nil { // one is opened for this message
		w.told["first"]++
		return 0, true
	}
	r := o.Round[0].(*round)
	if r != w.open[o.Load] {
		w.t.Error("an offer carries another round's state")
	}
	r.lent++
	return r.lent % o.N, true
}

// lends is only the lending of a lender, not all that its witness can.
type lends struct{ actors.Lending }

// TestHooks: a policy is told at send, arrival, pick, before and after, and the
// state that it gives a round comes back with each offer of that round, and once
// when it ends.
func TestHooks(t *testing.T) {
	w := newWitness(t)
	for seed := range uint64(40) {
		for _, name := range toy.Names {
			s := newStage(name, seeded(seed))
			s.Workers, s.Quota = max(2, s.Workers), 1000
			clear(w.open)
			if _, err := s.runWith(fault.Set{}, w, lends{lender{w}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%v, %d ns", w.told, w.spent)
	n := w.told
	if min(n["send"], n["arrival"], n["pick"], n["before"], n["after"], n["open"], n["first"], n["lend"]) == 0 || w.spent == 0 {
		t.Error("a hook was never called")
	}
	if n["open"] != n["ended"] || n["open"] != n["first"] || n["lent"] != n["lend"] {
		t.Errorf("%d rounds were opened for %d offers, %d ended; %d lent in %d", n["open"], n["first"], n["ended"], n["lend"], n["lent"])
	}
	if n["before"] < n["arrival"]-n["lend"] {
		t.Errorf("%d of %d arrivals were lent, %d ran", n["lend"], n["arrival"], n["before"])
	}
}
