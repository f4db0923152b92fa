package job

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
)

// TestLeaveAtAnyTime: whichever queries leave their groups, and at whatever
// moment, all of them are what they would be without; also when some leave again
// before they are back, and after a crash while they are away.
func TestLeaveAtAnyTime(t *testing.T) {
	left, by := 0, 0
	for seed := range uint64(12) {
		h := newHarness(t, seed, 2)
		h.logs = []*memLog{newMemLog(2)}
		h.lend(seed)
		h.chop(seed)
		topic := &keyLog{}
		h.more = map[string]connectors.Connector{"keys": topic.connector()}
		inst := 1 + 2*int(seed%2)
		defs := append(ladder(inst), twoStreams(inst)...)
		defs = append(defs, keyed(30, 11, inst, false), joined(31, streamID, 20, inst, false))
		h.open(defs...)
		for i := range 25 {
			h.some(int64(i * 40))
			if h.rng.IntN(3) > 0 {
				q := h.eng.query(defs[h.rng.IntN(len(defs))].ID)
				h.eng.detach(q)
				left++
			}
			switch h.rng.IntN(12) {
			case 0, 1:
				h.flush()
				h.checkTwo(fmt.Sprintf("seed %d", seed))
			case 2:
				time.Sleep(time.Duration(h.rng.IntN(9)) * time.Millisecond)
			case 3:
				if seed%3 == 0 {
					h.crash()
					h.open(defs...)
				}
			}
			for _, d := range defs {
				if q := h.eng.query(d.ID); q.keeps() {
					by++
				}
			}
		}
		h.flush()
		what := fmt.Sprintf("seed %d", seed)
		h.checkLadder(what)
		h.checkTwo(what)
		h.want(what, 31, naiveJoin(h.log.all(), above(h.logs[0].all(), -20)))
		if got, want := topic.last(), counts(above(h.log.all(), -20)); !slices.Equal(got, want) {
			t.Fatalf("%s, topic:\n got %v\nwant %v", what, got, want)
		}
		h.close()
	}
	if by < 100 {
		t.Fatalf("only %d times was a query away with its state", by)
	}
	t.Logf("%d detached, %d times one was away with its state", left, by)
}

// last returns the values of the keys that have one, sorted.
func (l *keyLog) last() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := map[int64]string{}
	for _, r := range l.log {
		if last[r.key] = r.value; r.value == "" {
			delete(last, r.key)
		}
	}
	for _, v := range last {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}
