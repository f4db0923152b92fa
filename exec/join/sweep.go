package join

import "github.com/dirigo-stream/dirigo/exec/state"

// sweep drops the rows that nothing has touched for a time to live. It looks at
// all rows every eighth of that time, so a row is dropped up to an eighth late.
// What was sent of a dropped row stays sent.
type sweep struct {
	next  int64 // when to look again, by the time of frontiers; sealed as the mark
	busy  bool
	list  []*rows
	part  uint64
	bits  int
	limit int64 // rows touched before it go
}

// sweeps is how often a time to live is looked at rows.
const sweeps = 8

func (s *sweep) due(born int64) bool { return born > 0 && born >= s.next }

// dropOld drops old rows, if it is time.
func (j *Joiner) dropOld() (more bool, err error) {
	s, ttl := &j.sweep, j.spec.TTL*1000
	if ttl == 0 || j.now == 0 {
		return false, nil
	}
	if s.next = max(s.next, j.store.Mark()); !s.busy && j.now < s.next {
		return false, nil
	}
	if !s.busy {
		s.busy, s.limit, s.part, s.list = true, j.now-ttl, 0, nil
	}
	if j.store.Cold() {
		return true, nil
	}
	if len(s.list) == 0 && s.part == 0 {
		for _, side := range j.sides {
			for _, p := range j.store.Panes(side.in) {
				s.list = append(s.list, side.pane(p>>1, false))
			}
		}
	}
	for len(s.list) > 0 {
		r := s.list[0]
		if s.part == 0 {
			s.bits = max(0, r.Depth()-1)
		}
		for s.part < 1<<s.bits {
			if j.fuel <= 0 {
				return true, nil
			}
			j.store.Unpin()
			refs, wait := r.Part(s.bits, s.part, nil)
			if wait {
				return true, nil
			}
			j.fuel -= 1 + len(refs)/sweeps
			j.dropRows(r, refs)
			s.part++
		}
		r.Settle()
		s.list, s.part = s.list[1:], 0
	}
	s.busy, s.next = false, j.now+ttl/sweeps
	j.store.SetMark(s.next)
	return false, nil
}

// dropRows drops the old ones of rows. One that does not know when it was touched
// is as young as any.
func (j *Joiner) dropRows(r *rows, refs []state.Ref) {
	at := r.side.stamp
	for _, ref := range refs {
		switch w := r.Row(ref); {
		case w[at] == 0:
			r.Change(ref)[at] = j.now
		case w[at] < j.sweep.limit:
			r.Change(ref)
			r.Remove(ref)
		}
	}
}
