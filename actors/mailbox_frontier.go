package actors

// frontier returns how far all channels have come. A Seal and the birth of a
// tick count where the channel stands at the least tick.
func (mb *Mailbox[P]) frontier() Frontier {
	wm := mb.scratch().inWm[:0]
	for range mb.ports {
		wm = append(wm, NoTime)
	}
	mb.desk.inWm = wm
	f := Frontier{Punct: Punct{Tick: mb.inTick, Watermark: NoTime}, In: wm}
	top := NoWatermark
	for i := range mb.ins {
		c := &mb.ins[i]
		f.Watermark = min(f.Watermark, c.wm)
		top = max(top, c.wm)
		wm[c.port] = min(wm[c.port], c.wm)
		if c.tick == f.Tick {
			f.Seal = max(f.Seal, c.seal)
			f.Born = max(f.Born, c.born)
		}
	}
	if mb.faults.WmMax {
		f.Watermark = top
	}
	return f
}

// waits: a passed frontier waits for its due work, or for a round before it. So
// long nothing is admitted here: a round holds rows of no tick after its due work.
func (mb *Mailbox[P]) waits() bool { return mb.due != nil || mb.passed() }

func (mb *Mailbox[P]) passed() bool { return len(mb.ins) > 0 && mb.inTick > mb.done }

// advance is tried after every event: it ends a round whose partials are all
// merged, passes on a frontier that makes nothing due, begins the round that due
// work waits for, and begins one early. It does nothing in mid-call, and asks
// the behavior nothing while that is parked.
func (mb *Mailbox[P]) advance(now int64) {
	if mb.more {
		return
	}
	mb.endRound(now)
	if mb.due == nil && mb.passed() && mb.blocked == 0 && (!mb.parked || mb.faults.AskParked) {
		mb.pass(now)
	}
	if mb.due == nil && mb.wantsEarly(now) {
		mb.closeRound(nil, now)
	}
}

func (mb *Mailbox[P]) pass(now int64) {
	f := mb.frontier()
	if !mb.isDue(f) { // leaves at once
		mb.send(f.Punct)
		return
	}
	if mb.collecting() && !mb.faults.SkipRound { // waits for an early round
		return
	}
	x := mb.call()
	x.Frontier = f
	mb.due = &x.Frontier
	if mb.open() && !mb.faults.SkipRound {
		mb.closeRound(mb.due, now)
	}
}

func (mb *Mailbox[P]) isDue(f Frontier) bool {
	return f.Seal != 0 && !mb.faults.SealPasses || mb.hooks.Due(f, mb.rows, mb.least)
}

// ready: due work may run, on merged state.
func (mb *Mailbox[P]) ready() bool {
	return mb.due != nil && (!mb.collecting() || mb.faults.SkipRound)
}

// finish ends the due work: its Punct goes out, after all that was emitted.
func (mb *Mailbox[P]) finish() {
	f := mb.due
	mb.due, mb.rows = nil, false
	// What is left of the rows admitted lies at the watermark or above it.
	if mb.least != NoTime {
		mb.least = max(mb.least, f.Watermark)
	}
	mb.admitAhead()
	mb.send(f.Punct)
}

func (mb *Mailbox[P]) send(p Punct) {
	if mb.done >= p.Tick {
		return
	}
	mb.done = p.Tick
	mb.effect(Effect[P]{Kind: EffectPunct, Punct: p})
}

// admit notes a data message among what due work is judged by.
func (mb *Mailbox[P]) admit(m Meta, lent bool) {
	if lent && mb.faults.LessorDue {
		return
	}
	if lent && mb.due != nil && !mb.faults.AheadDue {
		mb.lend.ahead.admit(m)
		return
	}
	mb.rows = true
	mb.least = min(mb.least, m.Time)
}

// DoneTick returns the last tick that was passed on.
func (mb *Mailbox[P]) DoneTick() uint64 { return mb.done }
