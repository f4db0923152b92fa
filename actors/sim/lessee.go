package sim

import "github.com/dirigo-stream/dirigo/actors"

// lessee is a lessee in the simulator, and what is on its way to it.
type lessee[P any] struct {
	a      *Actor[P]
	k      int
	box    *actors.LesseeBox[P]
	lent   []actors.Lent[P]
	asks   []actors.Collect
	weight int

	brings, hears, steps func()
}

func newLessee[P any](a *Actor[P], k int) *lessee[P] {
	l := &lessee[P]{a: a, k: k, box: actors.NewLesseeBox[P](a.w.cfg.Faults), weight: 1 + a.w.rng.IntN(8)}
	l.brings, l.hears, l.steps = l.arrive, l.hear, l.step
	return l
}

func (l *lessee[P]) enabled() {
	if len(l.lent) > 0 {
		l.a.w.may(4, l.brings)
	}
	if len(l.asks) > 0 {
		l.a.w.may(4, l.hears)
	}
	if !l.box.Empty() {
		l.a.w.may(l.weight, l.steps)
	}
}

// arrive brings the next lent message; some come twice. One that is lost takes
// the lessee with it: a lessee is either there or not.
func (l *lessee[P]) arrive() {
	m := l.lent[0]
	if !l.a.w.doubled() {
		l.lent = l.lent[1:]
	}
	l.box.Lend(m)
	l.lose()
}

// asked sends a question on its way: messages to a lessee may overtake it.
func (l *lessee[P]) asked(c actors.Collect) { l.asks = append(l.asks, c) }

func (l *lessee[P]) hear() {
	c := l.asks[0]
	if !l.a.w.doubled() {
		l.asks = l.asks[1:]
	}
	if !l.a.w.dropped() {
		l.box.Collect(c)
	}
}

func (l *lessee[P]) step() {
	r, err := l.box.Step()
	if err != nil {
		l.a.w.fail(err)
	}
	if r.DidRun || r.Answered {
		l.a.reports = append(l.a.reports, r)
	}
	l.lose()
}

// lose sometimes empties the lessee, as if its worker had died.
func (l *lessee[P]) lose() {
	w := l.a.w
	if !w.cfg.Lossy || w.rng.IntN(12) > 0 {
		return
	}
	w.stats.Lost++
	l.box = actors.NewLesseeBox[P](w.cfg.Faults)
	if w.rng.IntN(2) == 0 {
		l.lent = nil
	}
	for i := range l.lent { // what has run in it is gone with it
		l.lent[i].Code = nil
	}
}

func (w *World[P]) dropped() bool {
	if !w.cfg.Lossy || w.rng.IntN(10) > 0 {
		return false
	}
	w.stats.Dropped++
	return true
}

func (w *World[P]) doubled() bool {
	if !w.cfg.Lossy || w.rng.IntN(10) > 0 {
		return false
	}
	w.stats.Doubled++
	return true
}
