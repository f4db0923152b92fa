package actors

import (
	"fmt"
	"strings"
	"testing"
)

// desk drives one mailbox by hand: data are ints, effects and calls come out as
// words.
type desk struct {
	*Mailbox[int]
	due    bool
	lend   bool
	giveUp int64
	asked  []string // of Due
}

func (d *desk) Due(f Frontier, rows bool, least int64) bool {
	d.asked = append(d.asked, fmt.Sprintf("tick=%d wm=%d in=%v rows=%v least=%d", f.Tick, f.Watermark, f.In, rows, least))
	return d.due
}
func (d *desk) Lend(Meta, int64) (int, bool)      { return 0, d.lend }
func (d *desk) GiveUp(_ *Frontier, n int64) int64 { return n + d.giveUp }

func newDesk(in []int, out []int, lessees int) *desk {
	d := &desk{giveUp: 100}
	d.Mailbox = NewMailbox[int](MailboxConfig{Inputs: in, Outputs: out, Lessees: lessees, Hooks: d, LentFor: 50})
	for ch := range d.ins {
		d.OpenIn(ch, 4)
	}
	for o := range d.outs {
		d.OpenOut(o, 4)
	}
	return d
}

func (d *desk) data(ch, n int) {
	d.Deliver(ch, n, Meta{Rows: 1, Bytes: 1, Time: int64(n)}, int64(n), 0)
}

func (d *desk) punct(ch int, tick uint64, wm int64) {
	d.DeliverPunct(ch, Punct{Tick: tick, Watermark: wm}, Moves, 0, 0)
}

// run makes calls until there is none, answering each with more; it returns what
// came out, in order.
func (d *desk) run(now int64, more ...bool) string {
	var words []string
	effects := func() {
		for _, e := range d.Effects() {
			switch e.Kind {
			case EffectCredit:
				words = append(words, fmt.Sprintf("credit(%d)", e.Ch))
			case EffectPunct:
				words = append(words, fmt.Sprintf("punct(%d,%d)", e.Punct.Tick, e.Punct.Watermark))
			case EffectLend:
				words = append(words, fmt.Sprintf("lend(%d,r%d.%d)", e.Lent.Payload, e.Lent.Round, e.Lent.Seq))
			case EffectCollect:
				words = append(words, fmt.Sprintf("collect(r%d,a%d,n%d)", e.Collect.Round, e.Collect.Attempt, e.Collect.Count))
			}
		}
	}
	names := map[CallKind]string{CallPush: "push", CallResume: "resume", CallAdvance: "advance", CallAbsorb: "absorb", CallPoll: "poll", CallPost: "post"}
	for {
		c := d.Next(now)
		effects()
		if c == nil {
			return strings.Join(words, " ")
		}
		w := names[c.Kind]
		switch c.Kind {
		case CallPush:
			w = fmt.Sprintf("push(%d)", c.Payload)
		case CallAdvance:
			w = fmt.Sprintf("advance(%d)", c.Frontier.Tick)
		}
		words = append(words, w)
		m := len(more) > 0 && more[0]
		if len(more) > 0 {
			more = more[1:]
		}
		d.Done(m)
		effects()
	}
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTickOrder: a channel that has closed tick 1 waits until all have.
func TestTickOrder(t *testing.T) {
	d := newDesk([]int{1, 2}, []int{1}, 0)
	d.punct(0, 1, 10)
	d.data(0, 7)
	d.punct(1, 1, 12)
	d.data(2, 3)
	want(t, d.run(0), "push(3) credit(2)")
	d.punct(2, 1, 11)
	want(t, d.run(0), "punct(1,10) push(7) credit(0)")
	want(t, strings.Join(d.asked, ";"), "tick=1 wm=10 in=[10 11] rows=true least=3")
}

// TestDueWorkBeforePunct: the Punct of a tick leaves after its due work has been
// emitted, and nothing of the next tick is taken before.
func TestDueWorkBeforePunct(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 0)
	d.due = true
	d.data(0, 1)
	d.punct(0, 1, 5)
	d.data(0, 9)
	want(t, d.run(0, true, false, true, true, false), "push(1) resume credit(0) advance(1) resume resume punct(1,5) push(9) credit(0)")
}

// TestLeast: what an Advance has not covered stays on the books.
func TestLeast(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 0)
	d.data(0, 20)
	d.data(0, 3)
	d.punct(0, 1, 2)
	d.run(0)
	d.due = true
	d.punct(0, 2, 10)
	d.run(0)
	d.punct(0, 3, 12)
	d.run(0)
	want(t, strings.Join(d.asked, "\n"), "tick=1 wm=2 in=[2] rows=true least=3\n"+
		"tick=2 wm=10 in=[10] rows=true least=3\n"+
		"tick=3 wm=12 in=[12] rows=false least=10")
}

// TestCredit: an actor without credit on any output is not called; a Punct needs
// none, and one that was taken before is sent.
func TestCredit(t *testing.T) {
	d := newDesk([]int{1}, []int{2}, 0)
	d.Emitted(1, Meta{Bytes: 9})
	d.data(0, 1)
	d.punct(0, 1, 1)
	want(t, d.run(0), "")
	d.Credit(1, 5)
	want(t, d.run(0), "")
	d.Credit(1, 1)
	want(t, d.run(0), "push(1) credit(0) punct(1,1)")
}

// TestStamp: a Punct says on each output whether it closes rows there, moves the
// watermark or seals; only those that say nothing merge.
func TestStamp(t *testing.T) {
	d := newDesk([]int{1}, []int{2}, 0)
	d.Emitted(1, Meta{})
	p := Punct{Tick: 1, Watermark: 3}
	for i, want := range []Mark{Moves, Moves | ClosesRows} {
		if got := d.Stamp(i, p); got != want {
			t.Errorf("output %d: %b, want %b", i, got, want)
		}
	}
	if got := d.Stamp(1, Punct{Tick: 2, Watermark: 3, Seal: 1}); got != Seals {
		t.Errorf("seal: %b", got)
	}
	for _, x := range []struct {
		first, second Mark
		left          int
	}{{0, 0, 1}, {0, Moves, 2}, {Moves, 0, 2}, {Seals, 0, 2}, {0, ClosesRows, 2}} {
		d := newDesk([]int{1}, nil, 0)
		d.DeliverPunct(0, Punct{Tick: 1, Born: 9}, x.first, 0, 0)
		d.DeliverPunct(0, Punct{Tick: 2, Born: 4}, x.second, 0, 0)
		if len(d.ins[0].q) != x.left {
			t.Errorf("%b then %b: %d Puncts left", x.first, x.second, len(d.ins[0].q))
		}
		if last := d.ins[0].q[x.left-1].punct(); x.left == 1 && (last.Tick != 2 || last.Born != 9) {
			t.Errorf("merged into %+v", last)
		}
	}
}

// TestRound: due work waits for the partials of its round; nothing is admitted
// meanwhile; credit of a lent batch returns when it has run, once.
func TestRound(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 1)
	d.lend, d.due = true, true
	d.data(0, 1)
	d.data(0, 2)
	want(t, d.run(0), "lend(1,r0.0) lend(2,r0.1)")
	d.Ran(Ran{Round: 0, Seq: 0})
	d.Ran(Ran{Round: 0, Seq: 0})
	want(t, d.run(0), "credit(0)")
	d.punct(0, 1, 5)
	d.data(0, 8)
	want(t, d.run(0), "collect(r0,a0,n2)")
	d.Merge(Partial{Round: 0, Attempt: 1, Count: 2}) // stale
	d.Merge(Partial{Round: 1, Count: 2})
	want(t, d.run(0), "")
	d.Merge(Partial{Round: 0, Count: 2})
	want(t, d.run(0), "credit(0) absorb advance(1) punct(1,5) lend(8,r1.0)")
	want(t, strings.Join(d.asked, ";"), "tick=1 wm=5 in=[5] rows=true least=1")
}

// TestPassesRound: a Punct that makes nothing due leaves at once, though a round
// collects; one that does waits for the round, and for that of what is lent now.
func TestPassesRound(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 1)
	d.lend = true
	d.data(0, 1)
	want(t, d.run(0), "lend(1,r0.0)")
	if d.Timer() != 50 {
		t.Errorf("timer at %d", d.Timer())
	}
	want(t, d.run(50), "collect(r0,a0,n1)") // lent for too long
	d.data(0, 2)
	d.punct(0, 1, 1)
	want(t, d.run(60), "lend(2,r1.0) punct(1,1)")
	d.due = true
	d.punct(0, 2, 2)
	d.data(0, 3)
	want(t, d.run(70), "")
	d.Merge(Partial{Round: 0, Count: 1})
	want(t, d.run(80), "credit(0) absorb collect(r1,a0,n1)")
	d.Merge(Partial{Round: 1, Count: 1})
	want(t, d.run(90), "credit(0) absorb advance(2) punct(2,2) lend(3,r2.0)")
}

// TestGiveUp: a lessee that does not answer in time is given up; its batches run
// here, its late answer and reports are dropped.
func TestGiveUp(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 1)
	d.lend, d.due = true, true
	d.data(0, 1)
	d.data(0, 2)
	d.punct(0, 1, 5)
	want(t, d.run(0), "lend(1,r0.0) lend(2,r0.1) collect(r0,a0,n2)")
	d.Ran(Ran{Round: 0, Seq: 0})
	want(t, d.run(99), "credit(0)")
	if d.Timer() != 100 {
		t.Errorf("timer at %d", d.Timer())
	}
	d.Next(100) // gives up; the call is push(1), again
	d.Merge(Partial{Round: 0, Count: 2})
	d.Ran(Ran{Round: 0, Seq: 1})
	d.Done(false)
	want(t, d.run(100), "push(2) credit(0) advance(1) punct(1,5)")
	if c := d.Lending(); c != (LendCounts{Lent: 2, Rounds: 1, GivenUp: 1}) || !d.Empty() {
		t.Errorf("%+v, empty %v", c, d.Empty())
	}
}

// TestStarvedCollects: credit of an input that is all held by lent batches starts
// a round: else credit waits for the round and the round for credit.
func TestStarvedCollects(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 1)
	d.lend = true
	for n := range 3 {
		d.data(0, n)
	}
	want(t, d.run(0), "lend(0,r0.0) lend(1,r0.1) lend(2,r0.2)")
	d.Emitted(0, Meta{Bytes: 4})
	d.data(0, 3)
	want(t, d.run(0), "")
	d.Credit(0, 4)
	want(t, d.run(0), "lend(3,r0.3) collect(r0,a0,n4)")
}

// TestQuotaCollects: a round starts when half of the query's quota is lent, and
// nothing beyond the quota is lent.
func TestQuotaCollects(t *testing.T) {
	d := newDesk([]int{1}, nil, 1)
	d.OpenIn(0, 100)
	d.lend = true
	d.Mailbox.lend.quota = &Quota{Limit: 3}
	for n := range 4 {
		d.data(0, n)
	}
	want(t, d.run(0), "lend(0,r0.0) lend(1,r0.1) collect(r0,a0,n2) lend(2,r1.0) push(3) credit(0)")
	d.Merge(Partial{Round: 0, Count: 2})
	want(t, d.run(0), "credit(0) credit(0) absorb")
	if q := d.Mailbox.lend.quota.Used(); q != 1 {
		t.Errorf("%d used after the round", q)
	}
}

// TestPosts: posts run between messages, also without credit, and not in
// mid-call or while parked.
func TestPosts(t *testing.T) {
	d := newDesk([]int{1}, []int{1}, 0)
	d.data(0, 1)
	d.Next(0)
	d.Done(true)
	d.Post(0, func(Behavior[int], error) {})
	d.Park(true)
	want(t, d.run(0), "")
	d.Park(false)
	d.Emitted(0, Meta{Bytes: 4})
	want(t, d.run(0), "")
	d.Credit(0, 4)
	want(t, d.run(0), "resume credit(0) post")
	d.Emitted(0, Meta{Bytes: 4})
	d.Post(0, func(Behavior[int], error) {})
	want(t, d.run(0), "post")
}

// TestLesseeBox: a lessee runs what it was sent in order, answers when it has
// run all, once, and never hands over a partial with a gap.
func TestLesseeBox(t *testing.T) {
	x := &LesseeBox[int]{}
	code := &counter{}
	lent := func(seq int) Lent[int] { return Lent[int]{Round: 4, Seq: seq, Payload: seq, Code: code} }
	step := func() LesseeReport {
		t.Helper()
		r, err := x.Step()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	x.Lend(lent(0))
	x.Lend(lent(0)) // twice
	x.Collect(Collect{Round: 4, Count: 3})
	if r := step(); !r.DidRun {
		t.Error("did not run")
	}
	if r := step(); r.DidRun {
		t.Error("ran twice")
	}
	if r := step(); r.Answered {
		t.Error("answered too early")
	}
	x.Lend(lent(2)) // 1 is missing
	if r := step(); r.DidRun || r.Answered {
		t.Error("took a message after a gap")
	}
	x.Lend(lent(1))
	x.Lend(lent(2))
	if r := step(); !r.DidRun || r.Answered {
		t.Error("answered too early")
	}
	if r := step(); !r.Answered || r.Partial.Count != 3 || r.Partial.Value != 3 {
		t.Errorf("%+v", r)
	}
	if !x.Empty() || len(x.rounds) != 0 {
		t.Error("something is left")
	}
}

type counter struct{ n int }

func (c *counter) Push(int, int) error   { c.n++; return nil }
func (c *counter) Collect() (any, error) { return c.n, nil }

// eager is a desk that lends behind a frontier, too.
type eager struct {
	*desk
	ahead bool
}

func (d *eager) LendAhead(Meta, int64) (int, bool) { return 0, d.ahead }

// TestLendsAhead: what comes behind a frontier whose due work waits for its round
// is lent in the next round; nothing of it runs here, and nothing of it counts for
// that due work.
func TestLendsAhead(t *testing.T) {
	d := &eager{desk: newDesk([]int{1}, []int{1}, 1)}
	d.hooks, d.Mailbox.lend.ahead.hooks = d, d
	d.due, d.lend = true, true
	d.data(0, 1)
	d.punct(0, 1, 5)
	d.data(0, 7)
	want(t, d.run(0), "lend(1,r0.0) collect(r0,a0,n1)") // 7 waits: it is not to be lent
	d.ahead = true
	want(t, d.run(0), "lend(7,r1.0)")
	d.lend = false
	d.data(0, 8)
	d.ahead = false
	want(t, d.run(0), "")
	d.Merge(Partial{Round: 0, Count: 1})
	want(t, d.run(0), "credit(0) absorb advance(1) punct(1,5) push(8) credit(0)")
	d.punct(0, 2, 6)
	want(t, d.run(0), "collect(r1,a0,n1)")
	want(t, strings.Join(d.asked, ";"), "tick=1 wm=5 in=[5] rows=true least=1;tick=2 wm=6 in=[6] rows=true least=5")
}

// TestLendsNothingAhead: while a frontier waits for an early round the open round
// still has rows of before it.
func TestLendsNothingAhead(t *testing.T) {
	d := &eager{desk: newDesk([]int{1}, []int{1}, 1), ahead: true}
	d.hooks, d.Mailbox.lend.ahead.hooks = d, d
	d.due, d.lend = true, true
	d.data(0, 1)
	want(t, d.run(0), "lend(1,r0.0)")
	want(t, d.run(50), "collect(r0,a0,n1)") // it has been away for long
	d.data(0, 2)
	want(t, d.run(50), "lend(2,r1.0)")
	d.punct(0, 1, 5)
	d.data(0, 7)
	want(t, d.run(50), "")
	d.Merge(Partial{Round: 0, Count: 1})
	want(t, d.run(50), "credit(0) absorb collect(r1,a0,n1) lend(7,r2.0)")
}
