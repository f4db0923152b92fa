package actors

import (
	"sync"
	"sync/atomic"
)

// LendAll lends every message, to the lessees in turn.
type LendAll struct{ n atomic.Uint64 }

// Lend implements Lending.
func (l *LendAll) Lend(_ Name, _ Meta, n int) (int, bool) {
	return int(l.n.Add(1) % uint64(n)), true
}

// SeededLending lends a share (0 to 1) of the messages, each to a lessee drawn
// from seed, the actor's name and how many messages it has been asked about: so
// that one actor's decisions do not depend on the others' speed.
func SeededLending(seed uint64, share float64) Lending {
	return &seededLending{seed: seed, below: uint64(share * (1 << 32))}
}

type seededLending struct {
	seed, below uint64
	asked       sync.Map // Name → *atomic.Uint64
}

func (l *seededLending) Lend(a Name, _ Meta, n int) (int, bool) {
	c, ok := l.asked.Load(a)
	if !ok {
		c, _ = l.asked.LoadOrStore(a, new(atomic.Uint64))
	}
	h := l.seed ^ a.Job*0x9e3779b97f4a7c15 ^ uint64(a.Vertex)<<40 ^ uint64(a.Instance)<<20
	x := mix(mix(h) + c.(*atomic.Uint64).Add(1))
	return int((x >> 32) % uint64(n)), x&(1<<32-1) < l.below
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
