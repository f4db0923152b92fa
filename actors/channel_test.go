package actors

import (
	"math/rand/v2"
	"testing"
)

// TestInherit: the first item of a channel is as urgent as the most urgent behind
// it.
func TestInherit(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		c, keys := &inChan[int]{}, []int64{}
		for range 400 {
			if rng.IntN(5) < 3 {
				k := rng.Int64N(1 + rng.Int64N(50))
				c.add(&item[int]{key: k})
				keys = append(keys, k)
			} else if len(keys) > 0 {
				c.drop()
				keys = keys[1:]
			}
			least := int64(never)
			for _, k := range keys {
				least = min(least, k)
			}
			if len(keys) > 0 && c.first().key != least {
				t.Fatalf("seed %d: the first of %d has key %d, want %d", seed, len(keys), c.first().key, least)
			}
		}
	}
}

// BenchmarkInherit adds and takes messages with ten thousand in the channel, each
// more urgent than all before it.
func BenchmarkInherit(b *testing.B) {
	c := &inChan[int]{}
	for i := range 10_000 {
		c.add(&item[int]{key: -int64(i)})
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu(b, func() {
		for i := range b.N {
			c.add(&item[int]{key: -int64(i) - 10_000})
			c.drop()
		}
	})
}
