package kafka

import (
	"bytes"
	"cmp"
	"slices"
)

// scan is where Read stands in the fetched bytes of one partition.
type scan struct {
	data    []byte // the chunk's buffer, given back at its end
	set     []byte // its batches that are still to come
	aborted []abortedTxn
	dead    map[int64]struct{} // producers inside an aborted transaction
	it      records            // the batch being read
	unpack  bytes.Buffer
}

func (s *scan) some() bool { return s.it.left > 0 || s.it.data != nil || len(s.set) > 0 }

// drop forgets everything: the partition was assigned anew.
func (s *scan) drop() {
	giveBuffer(s.data)
	*s = scan{}
}

// open begins a chunk.
func (s *scan) open(c chunk) {
	s.data, s.set, s.aborted = c.data, c.data, c.aborted
	slices.SortFunc(s.aborted, func(a, b abortedTxn) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	clear(s.dead)
}

// void says whether the records of h are not to be seen: they are markers, or
// of an aborted transaction. It follows the log: transactions begin at the
// offsets that the answer lists and end at their markers.
func (s *scan) void(h *header) bool {
	for len(s.aborted) > 0 && s.aborted[0].FirstOffset <= h.last {
		if s.dead == nil {
			s.dead = make(map[int64]struct{})
		}
		s.dead[s.aborted[0].ProducerID] = struct{}{}
		s.aborted = s.aborted[1:]
	}
	if h.attributes&control != 0 {
		if h.aborts() {
			delete(s.dead, h.producer)
		}
		return true
	}
	_, dead := s.dead[h.producer]
	return dead && h.attributes&transactional != 0
}
