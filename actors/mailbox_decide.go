package actors

import "math"

// Next decides, at time now, what to call next; nil: nothing until an event, or
// Timer. The call is to be made, and answered by Done, before Next is called
// again; it stays valid until then. Effects come first.
func (mb *Mailbox[P]) Next(now int64) *Call[P] {
	mb.giveUp(now)
	mb.advance(now)
	if mb.parked {
		return nil
	}
	mb.lendAhead(now)
	if mb.more {
		return mb.when(mb.blocked == 0, CallResume)
	}
	if len(mb.posts) > 0 {
		return mb.nextPost()
	}
	for mb.blocked == 0 {
		switch c := mb.control(); {
		case c != nil:
			return c
		case mb.waits() && !mb.faults.AdmitWaiting:
			return nil
		}
		ch := mb.choose()
		if ch < 0 {
			return mb.when(mb.woken, CallPoll)
		}
		c := &mb.ins[ch]
		switch {
		case c.first().isPunct:
			mb.takePunct(c)
		case mb.lend != nil && mb.tryLend(ch, now):
		default:
			return mb.push(ch)
		}
		mb.advance(now)
	}
	return nil
}

func (mb *Mailbox[P]) when(ok bool, kind CallKind) *Call[P] {
	if !ok {
		return nil
	}
	return mb.begin(kind)
}

func (mb *Mailbox[P]) begin(kind CallKind) *Call[P] {
	x := mb.call()
	x.Kind = kind
	if kind != CallResume {
		mb.kind = kind
	}
	if kind == CallPoll {
		mb.woken = false
	}
	return x
}

// control returns what stands before messages: partials to absorb, batches of a
// lessee given up, due work.
func (mb *Mailbox[P]) control() *Call[P] {
	if !mb.collecting() {
		return mb.when(mb.ready(), CallAdvance)
	}
	l := mb.lend
	if len(l.partials) > 0 {
		mb.call().Partial = l.partials[0].Value
		l.partials[0] = Partial{}
		if l.partials = l.partials[1:]; len(l.partials) == 0 {
			l.partials = nil
		}
		l.count.Merged++
		return mb.begin(CallAbsorb)
	}
	if len(l.rerun) > 0 {
		b := l.rerun[0]
		if l.rerun = l.rerun[1:]; len(l.rerun) == 0 {
			l.rerun = nil
		}
		x := mb.call()
		mb.desk.held = held[P]{lent: b}
		x.In, x.Payload, x.Meta, x.Stamp = mb.ins[b.ch].port, b.p, b.meta, 0
		return mb.begin(CallPush)
	}
	return mb.when(mb.ready(), CallAdvance)
}

func (mb *Mailbox[P]) push(ch int) *Call[P] {
	c := &mb.ins[ch]
	it := c.first()
	m := it.meta()
	x := mb.call()
	x.In, x.Payload, x.Meta, x.Stamp = c.port, it.p, m, it.stamp
	mb.desk.held = held[P]{ch: ch, size: charge(m)}
	mb.admit(m, false)
	mb.uncount(it)
	c.drop()
	return mb.begin(CallPush)
}

func (mb *Mailbox[P]) nextPost() *Call[P] {
	mb.call().Post = mb.posts[0].f
	mb.posts[0].f = nil
	if mb.posts = mb.posts[1:]; len(mb.posts) == 0 {
		mb.posts = nil
	}
	return mb.begin(CallPost)
}

// Done ends the call that Next returned. For a Poll, more means to poll again.
func (mb *Mailbox[P]) Done(more bool) {
	if mb.kind == CallPoll {
		mb.woken = mb.woken || more
		return
	}
	early := more && mb.kind == CallAdvance && mb.faults.PunctFirst
	more = more && (mb.kind != CallAbsorb || !mb.faults.OneChunk)
	if mb.more = more; more && !early {
		if mb.faults.Overtake {
			mb.overtake()
		}
		return
	}
	switch mb.kind {
	case CallPush:
		mb.settle()
	case CallAdvance:
		if mb.due != nil {
			mb.finish()
		}
	case CallAbsorb:
		mb.closing.left--
		mb.call().Partial = nil
	case CallPost:
		mb.call().Post = nil
	}
}

// settle ends a message: its credit returns only now, when all that it made has
// been emitted.
func (mb *Mailbox[P]) settle() {
	var none P
	mb.call().Payload = none
	h := mb.desk.held
	mb.desk.held = held[P]{}
	switch {
	case h.lent != nil:
		mb.ran(h.lent)
		mb.closing.left--
	case !mb.faults.NoCredit:
		mb.giveBack(h.ch, h.size)
	}
}

// Urgency returns the smallest key of what waits: of the first message in each
// channel, and of the posts. MaxInt64: nothing waits.
func (mb *Mailbox[P]) Urgency() int64 {
	u := int64(math.MaxInt64)
	for i := range mb.ins {
		if c := &mb.ins[i]; !c.empty() {
			u = min(u, c.first().key)
		}
	}
	for i := range mb.posts {
		u = min(u, mb.posts[i].due)
	}
	return u
}

// Empty reports whether nothing at all waits here or elsewhere for this actor.
func (mb *Mailbox[P]) Empty() bool {
	for i := range mb.ins {
		if !mb.ins[i].empty() {
			return false
		}
	}
	return !mb.more && !mb.parked && !mb.woken && mb.due == nil && len(mb.posts) == 0 &&
		(!mb.open() && !mb.collecting() || mb.faults.RestOpen)
}

// Queued returns the bytes that wait in the channels.
func (mb *Mailbox[P]) Queued() (n int64) {
	for i := range mb.ins {
		n += mb.ins[i].used
	}
	return n
}

// Fail drops all that waits, with its credit, and what is still to come: the
// actor has stopped. It returns the posts, which want to be told.
func (mb *Mailbox[P]) Fail() (posts []func(Behavior[P], error)) {
	if s := mb.desk; s != nil && s.held.size > 0 {
		mb.giveBack(s.held.ch, s.held.size)
		s.held = held[P]{}
	}
	mb.more, mb.due, mb.woken = false, nil, false
	for i := range mb.ins {
		c := &mb.ins[i]
		for ; !c.empty(); c.drop() {
			if it := c.first(); !it.isPunct {
				mb.uncount(it)
				mb.giveBack(i, charge(it.meta()))
			}
		}
	}
	if l := mb.lend; l != nil {
		mb.failRound(mb.round)
		mb.failRound(mb.closing)
		mb.round, mb.closing, l.partials, l.rerun = nil, nil, nil, nil
	}
	for _, p := range mb.posts {
		posts = append(posts, p.f)
	}
	mb.posts = nil
	return posts
}

func (mb *Mailbox[P]) failRound(r *round[P]) {
	if r == nil {
		return
	}
	mb.lend.quota.add(-r.bytes)
	for _, k := range r.used {
		for i := range r.parts[k].lents {
			mb.ran(&r.parts[k].lents[i])
		}
	}
}
