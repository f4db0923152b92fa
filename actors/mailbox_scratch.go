package actors

// scratch is where a mailbox writes what is to be done next. Nothing of it outlives a
// turn but the call of a message that has more to emit, or of due work: so actors that
// run one after the other use one, which their worker keeps, and it stays in its cache.
type scratch[P any] struct {
	call  Call[P] // the last one, which began as Mailbox.kind
	held  held[P]
	inWm  []int64 // per port; lent to Frontier.In
	out   []Effect[P]
	going []Lent[P] // what the effects of this moment lend
}

func (mb *Mailbox[P]) scratch() *scratch[P] {
	if mb.desk == nil {
		mb.desk = new(scratch[P])
	}
	return mb.desk
}

// call returns what describes the next call, or the last.
func (mb *Mailbox[P]) call() *Call[P] { return &mb.scratch().call }

func (mb *Mailbox[P]) effect(e Effect[P]) {
	s := mb.scratch()
	s.out = append(s.out, e)
}

// takeDesk has the mailbox write at s, unless it has a place of its own, and reports
// whether it does.
func (mb *Mailbox[P]) takeDesk(s *scratch[P]) bool {
	if mb.desk != nil {
		return false
	}
	mb.desk = s
	return true
}

// leaveDesk returns where the mailbox wrote; nil: it still needs it.
func (mb *Mailbox[P]) leaveDesk() *scratch[P] {
	s := mb.desk
	if s == nil || mb.more || mb.due != nil || len(s.out) > 0 || s.held != (held[P]{}) {
		return nil
	}
	mb.desk = nil
	return s
}
