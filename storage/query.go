package storage

import "fmt"

// query is the sealed state of one query. It is never changed once other
// goroutines can see it: a seal makes a new one.
type query struct {
	id    uint64
	epoch uint64
	extra []byte
	refs  []ref // of one vertex and instance: oldest first
	man   id    // the manifest that says all this
	// base is the last full manifest: man itself, or the one against which man
	// is a difference. It named baseLen blocks.
	base    id
	baseLen int
}

// ref names a block: stored under at, or, where slot ≥ 0, in that place of the
// manifest at.
type ref struct {
	at               id
	slot             int32
	vertex, instance int32
	low, high        int32
	full             bool
	size             int64
	from             int32 // its place in the base manifest; -1: it is not there
}

func (q *query) manifest() Manifest {
	m := Manifest{Epoch: q.epoch, Extra: q.extra, Blocks: make([]BlockRef, len(q.refs))}
	for i, r := range q.refs {
		m.Blocks[i] = r.public(q.id)
	}
	return m
}

func (r ref) public(query uint64) BlockRef {
	return BlockRef{
		Name: r.name(query), Vertex: int(r.vertex), Instance: int(r.instance),
		Low: int(r.low), High: int(r.high), Full: r.full, Size: r.size,
	}
}

// same says whether r and o are the same block, perhaps of other key groups.
func (r ref) same(o ref) bool { return r.at == o.at && r.slot == o.slot }

// without returns refs less the key groups low ≤ g < high of those that match,
// and where the first of them stood (the end, if none did).
func without(refs []ref, low, high int32, match func(ref) bool) (rest []ref, first int) {
	rest, first = make([]ref, 0, len(refs)+1), -1
	for _, r := range refs {
		if !match(r) || r.high <= low || high <= r.low {
			rest = append(rest, r)
			continue
		}
		if first < 0 {
			first = len(rest)
		}
		if r.low < low {
			left := r
			left.high, left.from = low, -1
			rest = append(rest, left)
		}
		if high < r.high {
			right := r
			right.low, right.from = high, -1
			rest = append(rest, right)
		}
	}
	if first < 0 {
		first = len(rest)
	}
	return rest, first
}

// erase takes the key groups of a full block from all older blocks of its vertex
// and instance.
func (q *query) erase(b NewBlock) {
	q.refs, _ = without(q.refs, int32(b.Low), int32(b.High), func(o ref) bool {
		return int(o.vertex) == b.Vertex && int(o.instance) == b.Instance
	})
}

// objects calls f with every stored object that q needs; some more than once.
func (q *query) objects(f func(object)) {
	f(object{at: q.man, manifest: true})
	f(object{at: q.base, manifest: true})
	for _, r := range q.refs {
		f(r.object())
	}
}

// object is something stored on behalf of a query. at alone tells it from all
// others.
type object struct {
	at               id
	manifest         bool
	vertex, instance int32
}

func (r ref) object() object {
	if r.slot >= 0 {
		return object{at: r.at, manifest: true}
	}
	return object{at: r.at, vertex: r.vertex, instance: r.instance}
}

func (o object) name(query uint64) string {
	if o.manifest {
		return manifestName(query, o.at)
	}
	return ref{at: o.at, slot: -1, vertex: o.vertex, instance: o.instance}.holder(query)
}

// needs says whether q needs the object named by at.
func (q *query) needs(at id) bool {
	if q.man == at || q.base == at {
		return true
	}
	for _, r := range q.refs {
		if r.at == at {
			return true
		}
	}
	return false
}

// died returns the names of what old needs and q (nil: dropped) does not.
func died(old, q *query) []string {
	if q == nil {
		q = &query{}
	}
	same := 0 // most seals only add: what both begin with cannot have died
	for same < len(old.refs) && same < len(q.refs) && old.refs[same].same(q.refs[same]) {
		same++
	}
	var gone []object
	look := func(o object) {
		for _, g := range gone {
			if g.at == o.at {
				return
			}
		}
		if !q.needs(o.at) {
			gone = append(gone, o)
		}
	}
	look(object{at: old.man, manifest: true})
	look(object{at: old.base, manifest: true})
	for _, r := range old.refs[same:] {
		look(r.object())
	}
	names := make([]string, len(gone))
	for i, o := range gone {
		names[i] = o.name(old.id)
	}
	return names
}

// check says what is wrong with a block that a caller wants sealed.
func (b NewBlock) check() error {
	for _, x := range []int{b.Vertex, b.Instance, b.Low, b.High} {
		if x != int(int32(x)) {
			return fmt.Errorf("block of vertex %d, instance %d: %w", b.Vertex, b.Instance, errRange)
		}
	}
	if b.Low < 0 || b.High <= b.Low {
		return fmt.Errorf("block of vertex %d, instance %d: key groups %d to %d: %w", b.Vertex, b.Instance, b.Low, b.High, errRange)
	}
	return nil
}
