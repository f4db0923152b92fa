package sim

import "github.com/dirigo-stream/dirigo/actors"

// source is one reader of a query: messages come at times of their own, whether
// the engine keeps up or not.
type source struct {
	*query
	ref  *ref
	due  []event
	tick uint64
	turn int // of two phases: whose turn it is
}

type event struct {
	at    int64
	punct bool
	to    int
}

func (q *query) addSource(i int) {
	s := &source{query: q, turn: i}
	outputs := q.Instances
	if q.TwoPhase > 0 {
		outputs = q.TwoPhase
	}
	s.ref = q.add(spec{
		Name: q.name(0, i), Outputs: []int{outputs},
		Activate: func() (actors.Behavior[weight], error) { return s, nil },
	}, nil)
	q.sources = append(q.sources, s)
}

func (s *source) message(at int64) {
	if at > s.begin+int64(s.For) {
		return
	}
	s.rt.At(at, func() {
		to := 0
		if s.rng.Float64() >= s.Hot {
			to = s.rng.IntN(s.Instances)
		}
		s.happens(event{at: at, to: to})
		every := max(2, int64(float64(s.Every)*float64(s.Sources)/s.rate(s.query, at)))
		s.message(at + every/2 + s.rng.Int64N(every))
	})
}

func (s *source) punct(at int64) {
	if at > s.begin+int64(s.For)+2*int64(s.Tick) {
		return
	}
	s.rt.At(at, func() {
		s.happens(event{at: at, punct: true})
		s.punct(at + int64(s.Tick))
	})
}

func (s *source) happens(e event) {
	s.due = append(s.due, e)
	s.ref.Wake()
}

// event returns the event time (µs) of what happens at at; none where there are
// no windows.
func (s *source) event(at, none int64) int64 {
	if s.Window == 0 {
		return none
	}
	return at / 1000
}

// Push implements actors.Behavior.
func (s *source) Push(int, weight, *turn) (bool, error) { return false, nil }

// Due implements actors.Behavior.
func (s *source) Due(frontier, bool, int64) bool { return false }

// Advance implements actors.Behavior.
func (s *source) Advance(frontier, *turn) (bool, error) { return false, nil }

// Resume implements actors.Behavior.
func (s *source) Resume(*turn) (bool, error) { return false, nil }

// Urgent implements actors.Poller.
func (s *source) Urgent() int64 {
	if len(s.due) == 0 {
		return 0
	}
	return s.due[0].at
}

// Poll implements actors.Poller.
func (s *source) Poll(t *turn) (bool, error) {
	if len(s.due) == 0 {
		return false, nil
	}
	e := s.due[0]
	s.due = s.due[1:]
	if e.punct {
		s.tick++
		t.Punct(actors.Punct{Tick: s.tick, Watermark: s.event(e.at, actors.NoWatermark), Born: e.at})
		return len(s.due) > 0, nil
	}
	s.v.Spend(int64(s.Rows) * int64(s.Source))
	s.report.Sent++
	to := e.to
	if s.TwoPhase > 0 {
		s.turn++
		to = s.turn % s.TwoPhase
	}
	w := weight{rows: s.Rows, counts: s.Rows, to: e.to, born: e.at}
	t.Emit(0, to, w, actors.Meta{Rows: s.Rows, Bytes: int64(s.Rows), Time: s.event(e.at, actors.NoTime), Born: e.at})
	return len(s.due) > 0, nil
}
