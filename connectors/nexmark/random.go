package nexmark

import (
	"math"
	"math/bits"
	"sync"
)

const golden = 0x9e3779b97f4a7c15

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable
// Pseudorandom Number Generators, OOPSLA 2014): consecutive multiples of golden
// go in, independent numbers come out.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below maps a random number to 0 ≤ x < n by its high bits (Lemire), so that
// the low ones are free for another choice.
func below(r uint64, n int64) int64 {
	high, _ := bits.Mul64(r, uint64(n))
	return int64(high)
}

// stream is the random numbers of one column: one per event number.
type stream uint64

func newStream(seed uint64, column string) stream {
	x := mix(seed + golden)
	for _, c := range []byte(column) {
		x = mix(x + uint64(c)*golden)
	}
	return stream(x)
}

func (s stream) at(event int64) uint64 { return mix(uint64(s) + uint64(event)*golden) }

// Prices are 100·10^(6u), u uniform in [0, 1): a table of the curve, and integer
// interpolation between its points, which gives the same numbers on every
// machine and costs a twentieth of math.Pow.
const (
	priceSteps = 1 << 10
	priceShift = 20 // bits after the point
)

var prices = sync.OnceValue(func() *[priceSteps + 1]int64 {
	var t [priceSteps + 1]int64
	for i := range t {
		t[i] = int64(math.Round(math.Pow(10, 6*float64(i)/priceSteps) * 100 * (1 << priceShift)))
	}
	return &t
})

func price(table *[priceSteps + 1]int64, r uint64) int64 {
	i := r >> (64 - 10)
	frac := int64(r >> (64 - 10 - 20) & (1<<20 - 1))
	low := table[i]
	return (low + (table[i+1]-low)>>10*frac>>10 + 1<<(priceShift-1)) >> priceShift
}

// Texts are cut out of pools of random characters: a copy instead of a random
// number per letter.
const poolSize = 1 << 16

// letters is a pool of a to z; words has a space for every thirteenth.
var (
	letters = sync.OnceValue(func() []byte { return pool(1, 0) })
	words   = sync.OnceValue(func() []byte { return pool(2, 13) })
)

// pool returns poolSize random characters and enough more to cut the longest
// text at any of them.
func pool(seed uint64, spaceEvery uint64) []byte {
	p := make([]byte, poolSize+1024)
	for i := range p {
		r := mix(seed<<32 + uint64(i)*golden)
		p[i] = 'a' + byte(r>>32%26)
		if spaceEvery > 0 && r%spaceEvery == 0 {
			p[i] = ' '
		}
	}
	return p
}
