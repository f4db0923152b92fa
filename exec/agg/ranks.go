package agg

import (
	"encoding/binary"
	"slices"
	"sort"
)

// ranks is many values with signed counts, in order, in one byte string that is
// changed in place: chunks of neighbours behind a directory, so that a change
// moves about a chunk, however many values there are. None has the count 0.
//
// It begins with a head of four words of 4 bytes: the number of chunks, how many
// the directory has room for, where what is used ends, and the bytes of all
// entries. The directory has three such words for each chunk, in order: where it
// is, how long, and how long it may become. A chunk is a list as entry cuts it.
type ranks []byte

const (
	ranksHead = 16
	slotHead  = 12
	// chunkRoom is what a chunk may hold in bytes, unless one value needs more;
	// chunkFill is what it holds at first.
	chunkRoom = 768
	chunkFill = 512
)

func (r ranks) word(at int) int       { return int(binary.LittleEndian.Uint32(r[at:])) }
func (r ranks) setWord(at, x int)     { binary.LittleEndian.PutUint32(r[at:], uint32(x)) }
func (r ranks) chunks() int           { return r.word(0) }
func (r ranks) spread() int           { return r.word(8) }
func (r ranks) live() int             { return r.word(12) }
func (r ranks) addLive(n int)         { r.setWord(12, r.live()+n) }
func (r ranks) used(c int) int        { return r.word(ranksHead + c*slotHead + 4) }
func (r ranks) setUsed(c, n int)      { r.setWord(ranksHead+c*slotHead+4, n) }
func (r ranks) room(c int) int        { return r.word(ranksHead + c*slotHead + 8) }
func (r ranks) slot(c int) (from int) { return r.word(ranksHead + c*slotHead) }
func (r ranks) chunk(c int) (list []byte) {
	from := r.slot(c)
	return r[from : from+r.used(c)]
}

// sparse says that much of r is unused.
func (r ranks) sparse() bool { return r.spread() > 16*chunkRoom && r.live()*4 < r.spread() }

// add counts n more of value. False: there was no room, and nothing was done.
func (r ranks) add(value []byte, n int64, compare func(a, b []byte) int) bool {
	c := sort.Search(r.chunks(), func(c int) bool {
		first, _, _ := entry(r.chunk(c))
		return compare(first, value) > 0
	})
	if c = max(c-1, 0); c == r.chunks() {
		return r.split(0, nil, 0, value, n)
	}
	list := r.chunk(c)
	at := 0
	for at < len(list) {
		v, have, rest := entry(list[at:])
		d := compare(v, value)
		if d < 0 {
			at = len(list) - len(rest)
			continue
		}
		if d > 0 {
			break
		}
		if n += have; n != 0 {
			binary.LittleEndian.PutUint64(list[at+4:], uint64(n))
		} else {
			r.remove(c, list, at, len(list)-len(rest))
		}
		return true
	}
	if n == 0 {
		return true
	}
	size := entrySize(value)
	if len(list)+size > r.room(c) {
		return r.split(c, list, at, value, n)
	}
	r.setUsed(c, len(list)+size)
	r.addLive(size)
	list = r.chunk(c)
	copy(list[at+size:], list[at:])
	appendEntry(list[:at], value, n)
	return true
}

func entrySize(value []byte) int { return 12 + len(value) }

// remove takes the entry list[at:end] out of chunk c.
func (r ranks) remove(c int, list []byte, at, end int) {
	copy(list[at:], list[end:])
	r.addLive(at - end)
	r.setUsed(c, len(list)-(end-at))
	if end-at == len(list) {
		n := r.chunks() - 1
		copy(r[ranksHead+c*slotHead:], r[ranksHead+(c+1)*slotHead:ranksHead+(n+1)*slotHead])
		r.setWord(0, n)
	}
}

// split adds an entry to a chunk that is full, as two; or to none, as the first.
func (r ranks) split(c int, list []byte, at int, value []byte, n int64) bool {
	all := make([]byte, 0, len(list)+entrySize(value))
	all = appendEntry(append(all, list[:at]...), value, n)
	all = append(all, list[at:]...)
	cut := 0
	for cut*2 < len(all) {
		_, _, rest := entry(all[cut:])
		cut = len(all) - len(rest)
	}
	left, right := all[:cut], all[cut:]
	stays := list != nil && len(left) <= r.room(c)
	slots, bytes := 0, 0
	if !stays {
		bytes += max(chunkRoom, len(left))
	}
	if len(right) > 0 {
		slots, bytes = slots+1, bytes+max(chunkRoom, len(right))
	}
	if list == nil {
		slots++
	}
	if r.chunks()+slots > r.word(4) || r.spread()+bytes > len(r) {
		return false
	}
	r.addLive(entrySize(value))
	if list == nil {
		r.open(c)
	}
	if !stays {
		r.place(c, len(left))
	}
	r.setUsed(c, len(left))
	copy(r.chunk(c), left)
	if len(right) > 0 {
		r.open(c + 1)
		r.place(c+1, len(right))
		copy(r.chunk(c+1), right)
	}
	return true
}

// open makes an entry of the directory.
func (r ranks) open(c int) {
	n := r.chunks()
	copy(r[ranksHead+(c+1)*slotHead:], r[ranksHead+c*slotHead:ranksHead+n*slotHead])
	r.setWord(0, n+1)
}

// place gives chunk c bytes of its own for size of them.
func (r ranks) place(c, size int) {
	at, room := ranksHead+c*slotHead, max(chunkRoom, size)
	r.setWord(at, r.spread())
	r.setWord(at+4, size)
	r.setWord(at+8, room)
	r.setWord(8, r.spread()+room)
}

// rebuilt appends r, well packed and with room for more, to dst. The lists of r
// may also be given one by one.
func rebuilt(dst []byte, more int, lists func(yield func(list []byte) bool)) []byte {
	var cuts []int // where chunks end, in what they hold
	total, from := 0, 0
	for list := range lists {
		for len(list) > 0 {
			_, _, rest := entry(list)
			total += len(list) - len(rest)
			if list = rest; total-from >= chunkFill {
				cuts, from = append(cuts, total), total
			}
		}
	}
	if from < total {
		cuts = append(cuts, total)
	}
	rooms, from := 0, 0
	for _, cut := range cuts {
		rooms, from = rooms+max(chunkRoom, cut-from), cut
	}
	slots := len(cuts)*3/2 + 8
	end := ranksHead + slots*slotHead
	r := ranks(slices.Grow(dst, end+rooms+rooms/3+4*chunkRoom+more)[:end+rooms+rooms/3+4*chunkRoom+more])
	clear(r)
	r.setWord(4, slots)
	r.setWord(8, end)
	r.setWord(12, total)
	c, done, start := 0, 0, 0
	for list := range lists {
		for len(list) > 0 {
			if done == start {
				r.open(c)
				r.place(c, cuts[c]-start)
			}
			n := min(len(list), cuts[c]-done)
			copy(r.chunk(c)[done-start:], list[:n])
			list = list[n:]
			if done += n; done == cuts[c] {
				c, start = c+1, done
			}
		}
	}
	return r
}

// all yields the lists of all chunks.
func (r ranks) all(yield func(list []byte) bool) {
	for c := range r.chunks() {
		if !yield(r.chunk(c)) {
			return
		}
	}
}

// extreme returns the least value that counts, or the greatest.
func (r ranks) extreme(most bool) (best []byte, found bool) {
	for i := range r.chunks() {
		if most {
			i = r.chunks() - 1 - i
		}
		if best, found = extremeOf(r.chunk(i), most); found {
			break
		}
	}
	return best, found
}

// extremeOf is the same of one list.
func extremeOf(list []byte, most bool) (best []byte, found bool) {
	for len(list) > 0 && (!found || most) {
		v, n, rest := entry(list)
		if n > 0 {
			best, found = v, true
		}
		list = rest
	}
	return best, found
}
