package actors

// AheadHooks is asked for once; a driver that has it lends while due work waits, too.
type AheadHooks interface {
	// LendAhead is Hooks.Lend for a message behind the frontier whose due work
	// waits for its round, or runs: here it cannot run before that has ended.
	LendAhead(m Meta, stamp int64) (lessee int, lend bool)
}

// ahead is what has been lent behind the frontier whose due work waits. It is none
// of that work's rows: it belongs to the next round, and the next frontiers are
// judged by it.
type ahead struct {
	hooks AheadHooks // nil: nothing is lent ahead
	rows  bool
	least int64 // of the event times; NoTime: none
}

// lendAhead lends what waits behind the frontier, so that lessees that have
// answered do not stand still until the slowest one has, and the due work is done.
func (mb *Mailbox[P]) lendAhead(now int64) {
	if !mb.mayLendAhead() || mb.lend == nil || mb.lend.ahead.hooks == nil || mb.blocked != 0 {
		return
	}
	for {
		ch := mb.choose()
		if ch < 0 || mb.ins[ch].first().isPunct {
			return
		}
		it := mb.ins[ch].first()
		m := it.meta()
		if !mb.room(m) {
			return
		}
		was := it.cost
		mb.uncount(it)
		k, ok := mb.lend.ahead.hooks.LendAhead(m, it.stamp)
		if !ok {
			mb.recount(it, was, now)
			return
		}
		mb.lendTo(k, ch, now)
	}
}

// mayLendAhead: due work waits, so its round is closed. While a frontier waits for
// an early round the open one still holds rows of before it: more would mix them.
func (mb *Mailbox[P]) mayLendAhead() bool {
	return mb.due != nil || mb.faults.AheadEarly && mb.waits()
}

// admit notes a message that is lent behind the frontier.
func (x *ahead) admit(m Meta) {
	if !x.rows {
		x.least = NoTime
	}
	x.rows = true
	x.least = min(x.least, m.Time)
}

// admitAhead has the next frontier judged by what was lent behind the last one.
func (mb *Mailbox[P]) admitAhead() {
	if l := mb.lend; l != nil && l.ahead.rows {
		l.ahead.rows, mb.rows = false, true
		mb.least = min(mb.least, l.ahead.least)
	}
}
