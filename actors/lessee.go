package actors

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/actors/internal/fault"
)

// LesseeBox is the protocol of one lessee as a state machine: it runs what it
// is lent in order, keeps one partial per round, and never emits. A driver owns
// it, as it owns a Mailbox.
//
// Messages may be lost or come twice: one that is out of sequence is ignored,
// so that the partial of a round with a gap is never handed over.
type LesseeBox[P any] struct {
	queue   []lesseeMsg[P]
	rounds  map[int]*lesseeRound[P]
	waiting []Collect
	noCount bool
}

// NewLesseeBox returns an empty lessee.
func NewLesseeBox[P any](f fault.Set) *LesseeBox[P] { return &LesseeBox[P]{noCount: f.NoCount} }

type lesseeMsg[P any] struct {
	lent    Lent[P]
	collect Collect
	asks    bool
}

type lesseeRound[P any] struct {
	code Lessee[P]
	ran  int
}

// Lend queues a message.
func (x *LesseeBox[P]) Lend(l Lent[P]) { x.queue = append(x.queue, lesseeMsg[P]{lent: l}) }

// Collect queues a question.
func (x *LesseeBox[P]) Collect(c Collect) {
	x.queue = append(x.queue, lesseeMsg[P]{collect: c, asks: true})
}

// Empty reports whether Step has nothing to do.
func (x *LesseeBox[P]) Empty() bool { return len(x.queue) == 0 }

// LesseeReport is what one Step has to tell the lessor.
type LesseeReport struct {
	Ran      Ran
	Partial  Partial
	DidRun   bool
	Answered bool
}

// Step runs one queued message, or answers a question.
func (x *LesseeBox[P]) Step() (r LesseeReport, err error) {
	m := x.queue[0]
	x.queue[0] = lesseeMsg[P]{}
	if x.queue = x.queue[1:]; len(x.queue) == 0 {
		x.queue = nil
	}
	if m.asks {
		x.forget(m.collect.Round)
		if x.complete(m.collect) {
			r.Partial, err = x.answer(m.collect)
			r.Answered = true
			return r, err
		}
		x.waiting = append(x.waiting, m.collect)
		return r, nil
	}
	if r.DidRun, err = x.run(&m.lent); !r.DidRun || err != nil {
		return r, err
	}
	l := &m.lent
	r.Ran = Ran{Round: l.Round, Seq: l.Seq, Attempt: l.Attempt, Lessee: l.Lessee}
	for i, c := range x.waiting {
		if c.Round == l.Round && x.complete(c) {
			x.waiting = append(x.waiting[:i], x.waiting[i+1:]...)
			r.Partial, err = x.answer(c)
			r.Answered = true
			break
		}
	}
	return r, err
}

func (x *LesseeBox[P]) run(l *Lent[P]) (bool, error) {
	rd := x.rounds[l.Round]
	if rd == nil {
		if l.Code == nil { // its beginning was lost
			return false, nil
		}
		if x.rounds == nil {
			x.rounds = map[int]*lesseeRound[P]{}
		}
		rd = &lesseeRound[P]{code: l.Code}
		x.rounds[l.Round] = rd
	}
	if l.Seq != rd.ran && !x.noCount {
		return false, nil
	}
	rd.ran++
	if err := rd.code.Push(l.In, l.Payload); err != nil {
		return true, fmt.Errorf("lessee %d, round %d: %w", l.Lessee, l.Round, err)
	}
	return true, nil
}

func (x *LesseeBox[P]) complete(c Collect) bool {
	rd := x.rounds[c.Round]
	return rd != nil && (rd.ran >= c.Count || x.noCount)
}

func (x *LesseeBox[P]) answer(c Collect) (Partial, error) {
	rd := x.rounds[c.Round]
	delete(x.rounds, c.Round)
	v, err := rd.code.Collect()
	if err != nil {
		err = fmt.Errorf("collect round %d: %w", c.Round, err)
	}
	return Partial{Round: c.Round, Attempt: c.Attempt, Count: rd.ran, Lessee: c.Lessee, Value: v, Err: err}, err
}

// forget drops partials of rounds before no: a round is collected after those
// before it have ended, so nobody will ask for them.
func (x *LesseeBox[P]) forget(no int) {
	for k := range x.rounds {
		if k < no {
			delete(x.rounds, k)
		}
	}
	keep := x.waiting[:0]
	for _, c := range x.waiting {
		if c.Round >= no {
			keep = append(keep, c)
		}
	}
	x.waiting = keep
}
