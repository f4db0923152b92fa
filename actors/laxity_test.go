package actors

import (
	"math/rand/v2"
	"testing"
)

// TestLaxityLone: what is known of a lone message without the spans is what the
// spans say; the work that waits is what counting it anew says.
func TestLaxityLone(t *testing.T) {
	type message struct{ start, cost, span, spanB int64 }
	asked := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		a, b := laxity{width: 10}, laxity{width: 10}
		var waits []message
		now := int64(1 << 30)
		for range 200 {
			now += rng.Int64N(1 << rng.IntN(18))
			if n := len(waits); n < 3 && rng.IntN(2) == 0 {
				m := message{start: now + rng.Int64N(80<<10) - 8<<10, cost: 1 + rng.Int64N(5000)}
				m.span, m.spanB = a.add(m.start, m.cost, now), b.add(m.start, m.cost, now)
				b.spreadOut()
				waits = append(waits, m)
			} else if n > 0 {
				i := rng.IntN(n)
				a.remove(waits[i].span, waits[i].cost)
				b.remove(waits[i].spanB, waits[i].cost)
				waits = append(waits[:i], waits[i+1:]...)
			}
			total := int64(0)
			for _, m := range waits {
				total += m.cost
			}
			if a.total != total || b.total != total || a.n != int32(len(waits)) {
				t.Fatalf("seed %d: %d of %d and %d, counted anew %d of %d", seed, a.total, a.n, b.total, total, len(waits))
			}
			if rng.IntN(3) > 0 {
				continue // asking spreads
			}
			asked++
			start, cost := now+rng.Int64N(80<<10)-8<<10, rng.Int64N(5000)
			if x, y := a.slack(cost, now, false), b.slack(cost, now, false); x != y {
				t.Fatalf("seed %d: slack %d, of the spans %d", seed, x, y)
			}
			if x, y := a.slack(cost, now, true), b.slack(cost, now, true); x != y {
				t.Fatalf("seed %d: slack in line %d, of the spans %d", seed, x, y)
			}
			if x, y := a.fits(start, cost, now), b.fits(start, cost, now); x != y {
				t.Fatalf("seed %d: fits %v, of the spans %v", seed, x, y)
			}
		}
	}
	t.Logf("asked %d times", asked)
}
