package storage

import (
	"encoding/binary"
	"fmt"
)

// A manifest is, after its magic:
//
//	number of packed blocks, the length of each, their bytes
//	query, epoch, extra
//	base manifest (1 and its id; or 0: this one is full)
//	parts: a run of the base's blocks (1, start, how many) or a block (0, ref)
//
// A difference is always against the last full manifest, not against the one
// before: so a damaged manifest takes no other with it but those of its base.

// fullAfter is by how many blocks of its own, beside a quarter of the base, a
// difference grows before a full manifest is written.
const fullAfter = 64

// encodeManifest returns q's manifest under the id q.man, and sets q.base: a
// full manifest makes itself the base.
func encodeManifest(q *query, packed [][]byte) []byte {
	own := 0
	for _, r := range q.refs {
		if r.from < 0 {
			own++
		}
	}
	if q.base == (id{}) || own > fullAfter+q.baseLen/4 {
		q.base, q.baseLen = q.man, len(q.refs)
		for i := range q.refs {
			q.refs[i].from = -1
		}
	}
	b := appendPacked([]byte(manifestMagic), packed)
	b = binary.AppendUvarint(b, q.id)
	b = binary.AppendUvarint(b, q.epoch)
	b = appendBytes(b, q.extra)
	if q.base == q.man {
		b = append(b, 0)
	} else {
		b = q.base.append(append(b, 1))
	}
	b = seal(appendParts(b, q.refs))
	if q.base == q.man {
		for i := range q.refs {
			q.refs[i].from = int32(i)
		}
	}
	return b
}

func appendPacked(b []byte, packed [][]byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(packed)))
	for _, p := range packed {
		b = binary.AppendUvarint(b, uint64(len(p)))
	}
	for _, p := range packed {
		b = append(b, p...)
	}
	return b
}

func appendParts(b []byte, refs []ref) []byte {
	var body []byte
	parts := 0
	for i := 0; i < len(refs); parts++ {
		n := run(refs[i:])
		if n == 0 {
			body = refs[i].append(append(body, 0))
			i++
			continue
		}
		body = binary.AppendUvarint(append(body, 1), uint64(refs[i].from))
		body = binary.AppendUvarint(body, uint64(n))
		i += n
	}
	b = binary.AppendUvarint(b, uint64(parts))
	return append(b, body...)
}

// run returns how many of refs, from the first on, stand in a row in the base.
func run(refs []ref) int {
	n := 0
	for n < len(refs) && refs[n].from >= 0 && int(refs[n].from) == int(refs[0].from)+n {
		n++
	}
	return n
}

func (r ref) append(b []byte) []byte {
	b = r.at.append(b)
	for _, x := range []int32{r.slot, r.vertex, r.instance, r.low, r.high} {
		b = binary.AppendVarint(b, int64(x))
	}
	full := byte(0)
	if r.full {
		full = 1
	}
	return binary.AppendUvarint(append(b, full), uint64(r.size))
}

func (d *decoder) ref() ref {
	r := ref{at: d.id(), slot: d.small(), vertex: d.small(), instance: d.small(), low: d.small(), high: d.small(), from: -1}
	full := d.uvarint()
	r.full = full == 1
	size := d.uvarint()
	r.size = int64(size)
	if full > 1 || r.size < 0 || r.slot < -1 || r.low < 0 || r.high <= r.low {
		d.fail(errRange)
	}
	return r
}

// decodeManifest reads what encodeManifest wrote under the id man. base is asked
// for the base manifest of a difference.
func decodeManifest(b []byte, man id, base func(id) (*query, error)) (*query, error) {
	body, err := unseal(b, manifestMagic)
	if err != nil {
		return nil, err
	}
	d := &decoder{b: body}
	d.skipPacked()
	q := &query{id: d.uvarint(), epoch: d.uvarint(), extra: d.bytes(), man: man, base: man}
	var from []ref
	switch kind := d.uvarint(); {
	case kind == 1 && d.err == nil:
		q.base = d.id()
		full, err := base(q.base)
		if err != nil {
			return nil, fmt.Errorf("base manifest %s: %w", q.base, err)
		}
		from = full.refs
	case kind > 1:
		d.fail(errRange)
	}
	q.refs = d.parts(from)
	if err := d.end(); err != nil {
		return nil, err
	}
	q.baseLen = len(from)
	if q.base == man {
		q.baseLen = len(q.refs)
		for i := range q.refs {
			q.refs[i].from = int32(i)
		}
	}
	return q, nil
}

func (d *decoder) parts(from []ref) []ref {
	var refs []ref
	for range d.count(2) {
		switch d.uvarint() {
		case 0:
			refs = append(refs, d.ref())
		case 1:
			start, n := d.uvarint(), d.uvarint()
			if start > uint64(len(from)) || n > uint64(len(from))-start {
				d.fail(errRange)
				return nil
			}
			for i := start; i < start+n; i++ {
				r := from[i]
				r.from = int32(i)
				refs = append(refs, r)
			}
		default:
			d.fail(errRange)
		}
	}
	return refs
}

// skipPacked passes over the packed blocks and returns their lengths; d then
// stands behind them.
func (d *decoder) skipPacked() {
	total := uint64(0)
	for range d.count(1) {
		total += min(d.uvarint(), 1<<40)
	}
	if total > uint64(len(d.b)) {
		d.fail(errShort)
		return
	}
	d.b = d.b[total:]
}

// packedBlock returns one of the blocks in a manifest.
func packedBlock(manifest []byte, slot int) ([]byte, error) {
	body, err := unseal(manifest, manifestMagic)
	if err != nil {
		return nil, err
	}
	d := &decoder{b: body}
	n := d.count(1)
	if slot >= n {
		return nil, errRange
	}
	start, size := uint64(0), uint64(0)
	for i := range n {
		length := min(d.uvarint(), 1<<40)
		if i < slot {
			start += length
		} else if i == slot {
			size = length
		}
	}
	if d.err != nil || start+size > uint64(len(d.b)) {
		return nil, errShort
	}
	return d.b[start : start+size : start+size], nil
}
