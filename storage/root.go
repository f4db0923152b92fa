package storage

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// A root is, after its magic: incarnation, epoch, the epoch of the root before,
// the edges since then, the id of an index (or none), and what has changed since
// that index: queries with their manifests, or dropped. An index lists all
// queries with their manifests. So with ten thousand queries of which ten
// change, a root holds ten entries, and it hangs on nothing but one index,
// which is stored twice.

// indexAfter is how many changes, beside a sixteenth of the index, a root holds
// before a new index is written. A node with fewer queries never has one.
const indexAfter = 64

// index is the manifest of every query: that of the base index, unless changed
// (a zero id: dropped).
type index struct {
	at      id // zero: there is none, base is empty
	base    map[uint64]id
	changed map[uint64]id
}

func (x index) all() map[uint64]id {
	all := maps.Clone(x.base)
	if all == nil {
		all = make(map[uint64]id, len(x.changed))
	}
	for q, man := range x.changed {
		if man == (id{}) {
			delete(all, q)
		} else {
			all[q] = man
		}
	}
	return all
}

// with returns x after some changes; x stays as it is.
func (x index) with(changes map[uint64]id) index {
	changed := maps.Clone(x.changed)
	if changed == nil {
		changed = make(map[uint64]id, len(changes))
	}
	for q, man := range changes {
		if _, inBase := x.base[q]; man == (id{}) && !inBase {
			delete(changed, q)
			continue
		}
		changed[q] = man
	}
	return index{at: x.at, base: x.base, changed: changed}
}

// outgrown says whether it is time for a new index.
func (x index) outgrown() bool { return len(x.changed) > indexAfter+len(x.base)/16 }

// root is a Root's Data, taken apart.
type root struct {
	inc, epoch, prev uint64
	edges            []Edge
	index            index // base is not in the root: see readIndex
}

func (r root) encode() []byte {
	b := []byte(rootMagic)
	for _, x := range []uint64{r.inc, r.epoch, r.prev, uint64(len(r.edges))} {
		b = binary.AppendUvarint(b, x)
	}
	for _, e := range r.edges {
		b = binary.AppendUvarint(b, e.Epoch)
		b = appendBytes(b, e.Extra)
	}
	b = r.index.at.append(b)
	return seal(appendIDs(b, r.index.changed))
}

func decodeRoot(b []byte) (root, error) {
	body, err := unseal(b, rootMagic)
	if err != nil {
		return root{}, err
	}
	d := &decoder{b: body}
	r := root{inc: d.uvarint(), epoch: d.uvarint(), prev: d.uvarint()}
	last := r.prev
	for range d.count(2) {
		e := Edge{Epoch: d.uvarint(), Extra: d.bytes()}
		if e.Epoch <= last && d.err == nil {
			d.fail(fmt.Errorf("storage: epoch %d after %d", e.Epoch, last))
		}
		last = e.Epoch
		r.edges = append(r.edges, e)
	}
	if last != r.epoch && d.err == nil {
		d.fail(errRange)
	}
	r.index.at = d.id()
	r.index.changed = d.ids()
	return r, d.end()
}

// encodeIndex returns an index of the manifests in all.
func encodeIndex(all map[uint64]id) []byte {
	return seal(appendIDs([]byte(indexMagic), all))
}

func decodeIndex(b []byte) (map[uint64]id, error) {
	body, err := unseal(b, indexMagic)
	if err != nil {
		return nil, err
	}
	d := &decoder{b: body}
	ids := d.ids()
	return ids, d.end()
}

func appendIDs(b []byte, ids map[uint64]id) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	last := uint64(0)
	for _, q := range slices.Sorted(maps.Keys(ids)) {
		b = binary.AppendUvarint(b, q-last)
		b = ids[q].append(b)
		last = q
	}
	return b
}

func (d *decoder) ids() map[uint64]id {
	n := d.count(4)
	ids := make(map[uint64]id, n)
	last := uint64(0)
	for range n {
		last += d.uvarint()
		ids[last] = d.id()
	}
	if len(ids) != n {
		d.fail(errRange)
	}
	return ids
}

// readIndex fills in the base of x, from either copy.
func readIndex(store Store, x *index) error {
	if x.at == (id{}) {
		return nil
	}
	var err error
	for _, copy := range []string{"a", "b"} {
		var data []byte
		if data, err = store.Read(indexName(x.at, copy)); err != nil {
			continue
		}
		if x.base, err = decodeIndex(data); err == nil {
			return nil
		}
	}
	return fmt.Errorf("index %s: %w", x.at, err)
}
