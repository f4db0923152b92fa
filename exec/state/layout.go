package state

import "github.com/dirigo-stream/dirigo/exec/batch"

// Layout says what a row of a table is. In memory a row is a run of 64-bit
// words, so that one group lies in one or two cache lines:
//
//	hash | null masks, one bit a key | keys, one word each | accumulators
//
// A word of variable length holds the offset and length of its bytes in the
// page's heap.
type Layout struct {
	Keys []Key
	Accs []Acc
}

// Key is one key column.
type Key struct {
	Kind batch.Kind
	// Exact compares whole values: NUMERIC 1.0 and 1.00 are then two keys, as
	// are the intervals '1 month' and '30 days', and the floats 0 and -0.
	Exact bool
}

// Acc is one accumulator word.
type Acc uint8

// The kinds of accumulator words.
const (
	Word  Acc = iota // 64 bits
	Bytes            // a byte string
	// Chain makes the table one of rows by hash, any number to each (see Put):
	// the word links the rows of a page that have one hash. There is one of it.
	Chain
)

func (k Key) variable() bool {
	switch k.Kind.Rep() {
	case batch.RepText, batch.RepBytes, batch.RepDecimal, batch.RepSpan:
		return true
	}
	return false
}

// significant is the part of a key's encoding that counts when two keys are
// compared: what is left off at the end says how the value is displayed.
func (k Key) significant(v []byte) []byte {
	if k.Exact || k.Kind == batch.Text {
		return v
	}
	tail := 0
	switch k.Kind.Rep() {
	case batch.RepDecimal:
		tail = 2
	case batch.RepSpan:
		tail = 16
	case batch.RepBytes:
		if k.Kind.Tailed() {
			return batch.Significant(v)
		}
	}
	return v[:max(0, len(v)-tail)]
}

// shape is a Layout with its word offsets worked out.
type shape struct {
	Layout
	masks  int   // number of null-mask words, from word 1
	key    int   // first key word
	acc    int   // first accumulator word
	stride int   // words per row
	vars   []int // words that hold byte strings
	single bool  // one key of one word: the fast path
	// Rewrites says that byte strings may be replaced, in the place where they are.
	rewrites bool
	chain    int // the word that links rows of one hash; 0: a hash has a row a key
	quick    int // the last key of one word, by which most rows of a chain differ; -1: none
}

func newShape(l Layout) *shape {
	s := &shape{Layout: l, masks: (len(l.Keys) + 63) / 64}
	s.key = 1 + s.masks
	s.acc = s.key + len(l.Keys)
	s.stride = s.acc + len(l.Accs)
	s.quick = -1
	for i, k := range l.Keys {
		if k.variable() {
			s.vars = append(s.vars, s.key+i)
		} else {
			s.quick = i
		}
	}
	for i, a := range l.Accs {
		switch a {
		case Bytes:
			s.vars = append(s.vars, s.acc+i)
			s.rewrites = true
		case Chain:
			s.chain = s.acc + i
		}
	}
	s.single = len(l.Keys) == 1 && !l.Keys[0].variable() && s.chain == 0
	return s
}

func (s *shape) same(o *shape) bool {
	if len(s.Keys) != len(o.Keys) || len(s.Accs) != len(o.Accs) {
		return false
	}
	for i := range s.Keys {
		if s.Keys[i] != o.Keys[i] {
			return false
		}
	}
	for i := range s.Accs {
		if s.Accs[i] != o.Accs[i] {
			return false
		}
	}
	return true
}
