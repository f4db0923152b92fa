package actors

// What a mailbox does when it is broken on purpose and leaving a rule out is not
// enough.

// overtake is a fault: Puncts pass a call that has more to emit.
func (mb *Mailbox[P]) overtake() {
	for ch := mb.choose(); ch >= 0 && mb.ins[ch].first().isPunct && !mb.waits(); ch = mb.choose() {
		mb.takePunct(&mb.ins[ch])
		if f := mb.frontier(); mb.passed() && !mb.isDue(f) {
			mb.send(f.Punct)
		}
	}
}

// mostTick is a fault: a frontier passes as soon as one input has.
func (mb *Mailbox[P]) mostTick() (t uint64) {
	for i := range mb.ins {
		t = max(t, mb.ins[i].tick)
	}
	return t
}

// askAll is a fault: lessees are asked for a partial of what they were never sent.
func (mb *Mailbox[P]) askAll(r *round[P]) {
	r.used = r.used[:0]
	for k := range r.parts {
		r.used = append(r.used, k)
	}
}

// mergeAnything is a fault: every partial is absorbed, whatever its attempt.
func (mb *Mailbox[P]) mergeAnything(part *part[P], p Partial) {
	mb.lend.partials = append(mb.lend.partials, p)
	if part.state == partAsked {
		part.state = partCame
		return
	}
	mb.closing.left++
}
