package actors

import "math"

// part returns the share of a lessee in a round that is not over, or nil.
func (mb *Mailbox[P]) part(no, lessee int) *part[P] {
	if l := mb.lend; l != nil {
		for _, r := range [...]*round[P]{mb.round, mb.closing} {
			if r != nil && r.no == no {
				return &r.parts[lessee]
			}
		}
	}
	return nil
}

// Ran takes a lessee's report; the batch's credit returns, once, unless the
// lessee was given up: then it returns when the batch has run here.
func (mb *Mailbox[P]) Ran(r Ran) {
	part := mb.part(r.Round, r.Lessee)
	if part == nil || mb.faults.CreditLate {
		return
	}
	if mb.faults.CreditTwice {
		l := &part.lents[r.Seq]
		mb.giveBack(l.ch, charge(l.meta))
		l.ran = true
		return
	}
	if r.Attempt == part.attempt {
		mb.ran(&part.lents[r.Seq])
	}
}

func (mb *Mailbox[P]) ran(l *lent[P]) {
	if l.ran {
		return
	}
	l.ran = true
	size := charge(l.meta)
	mb.ins[l.ch].unrun -= size
	mb.giveBack(l.ch, size)
}

// Merge takes a lessee's answer; a stale one is dropped. One that misses
// messages means that they were lost: they run again.
func (mb *Mailbox[P]) Merge(p Partial) {
	part := mb.part(p.Round, p.Lessee)
	if mb.faults.NoAttempt && part != nil {
		mb.mergeAnything(part, p)
		return
	}
	if part == nil || part.state != partAsked || p.Attempt != part.attempt {
		return
	}
	if p.Count != len(part.lents) && !mb.faults.NoCount {
		mb.giveUpOn(part)
		return
	}
	part.state = partCame
	for i := range part.lents { // its reports may have been lost
		mb.ran(&part.lents[i])
	}
	mb.lend.partials = append(mb.lend.partials, p)
}

// giveUp gives up the lessees that have not answered in time.
func (mb *Mailbox[P]) giveUp(now int64) {
	l := mb.lend
	if !mb.collecting() || now < l.giveUpAt || !mb.mayGiveUp() {
		return
	}
	for _, k := range mb.closing.used {
		if part := &mb.closing.parts[k]; part.state == partAsked {
			l.count.GivenUp++
			mb.giveUpOn(part)
		}
	}
	l.giveUpAt = math.MaxInt64
}

func (mb *Mailbox[P]) mayGiveUp() bool {
	return !mb.faults.NoGiveUp && (!mb.faults.GiveUpDue || mb.waits())
}

func (mb *Mailbox[P]) giveUpOn(part *part[P]) {
	l := mb.lend
	part.state = partGiven
	part.attempt++
	mb.closing.left += len(part.lents) - 1
	for i := range part.lents {
		l.rerun = append(l.rerun, &part.lents[i])
	}
}

// endRound lets go of a round all of which is merged.
func (mb *Mailbox[P]) endRound(now int64) {
	l := mb.lend
	if !mb.collecting() || mb.closing.left > 0 {
		return
	}
	r := mb.closing
	mb.closing = nil
	l.count.Rounds++
	l.quota.add(-r.bytes)
	r.bytes = 0
	if l.hooks != nil {
		l.hooks.Ended(r.state, now)
	}
	r.state = nil
	for _, k := range r.used {
		part := &r.parts[k]
		for i := range part.lents {
			mb.ran(&part.lents[i])
		}
		clear(part.lents)
		part.lents, part.attempt, part.state = part.lents[:0], 0, partOpen
	}
	r.used = r.used[:0]
	l.spare = r
}
