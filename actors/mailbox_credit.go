package actors

// outChan is the sending side of a channel.
type outChan struct {
	cap, used int64 // bytes
	lastWm    int64 // of the last Punct sent
	dirty     bool  // rows were sent since
}

// charge is what a message costs in credit; one without bytes is not free.
func charge(m Meta) int64 { return max(1, m.Bytes) }

// OpenOut sets the credit of output channel out, in bytes.
func (mb *Mailbox[P]) OpenOut(out int, credit int64) {
	mb.spend(out, 0, credit-mb.outs[out].cap)
}

// Emitted notes a data message sent on output channel out.
func (mb *Mailbox[P]) Emitted(out int, m Meta) {
	mb.outs[out].dirty = true
	mb.spend(out, charge(m), 0)
}

// Credit notes that size bytes of credit came back on output channel out.
func (mb *Mailbox[P]) Credit(out int, size int64) { mb.spend(out, -size, 0) }

func (mb *Mailbox[P]) spend(out int, size, credit int64) {
	o := &mb.outs[out]
	was := o.blocked()
	o.used += size
	o.cap += credit
	switch is := o.blocked(); {
	case is && !was:
		mb.blocked++
	case was && !is:
		mb.blocked--
	}
}

// blocked: without credit. A channel that was never opened takes everything.
func (o *outChan) blocked() bool { return o.cap > 0 && o.used >= o.cap }

// Blocked reports whether an output lacks credit: nothing is called then.
func (mb *Mailbox[P]) Blocked() bool { return mb.blocked > 0 }

// BlockedOut reports whether output channel out lacks credit.
func (mb *Mailbox[P]) BlockedOut(out int) bool { return mb.outs[out].blocked() }

// Owed returns the bytes sent on output channel out whose credit is not back.
func (mb *Mailbox[P]) Owed(out int) int64 { return mb.outs[out].used }

// Stamp returns the mark of p on output channel out, which it goes out on now.
func (mb *Mailbox[P]) Stamp(out int, p Punct) Mark {
	o := &mb.outs[out]
	var m Mark
	if o.dirty {
		m |= ClosesRows
	}
	if p.Watermark != o.lastWm {
		m |= Moves
	}
	if p.Seal != 0 {
		m |= Seals
	}
	o.dirty, o.lastWm = false, p.Watermark
	return m
}

// giveBack returns credit of channel ch to its sender.
func (mb *Mailbox[P]) giveBack(ch int, size int64) {
	mb.ins[ch].used -= size
	mb.effect(Effect[P]{Kind: EffectCredit, Ch: int32(ch), Size: size})
}
