package storage

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func someQuery() *query {
	return &query{
		id: 7, epoch: 42, extra: []byte("positions"), man: id{1, 42, 9},
		refs: []ref{
			{at: id{1, 40, 1}, slot: -1, vertex: 3, instance: 1, low: 0, high: 64, full: true, size: 1 << 33, from: -1},
			{at: id{1, 42, 9}, slot: 0, vertex: -2, low: 5, high: 6, size: 3, from: -1},
		},
	}
}

func noBaseAtAll(id) (*query, error) { return nil, errors.New("no base") }

// TestManifestDifferences: a manifest against a base says the same as a full one.
func TestManifestDifferences(t *testing.T) {
	base := someQuery()
	encodeManifest(base, nil)
	next := *base
	next.man = id{2, 50, 1}
	next.refs = []ref{base.refs[1], {at: id{2, 50, 2}, slot: -1, high: 9, size: 5, from: -1}}
	b := encodeManifest(&next, [][]byte{[]byte("packed")})
	if next.base != base.man {
		t.Fatal("a small change was written in full")
	}
	got, err := decodeManifest(b, next.man, func(id) (*query, error) { return base, nil })
	if err != nil || !reflect.DeepEqual(*got, next) {
		t.Fatalf("decoded %+v, %v\nwant %+v", got, err, next)
	}
	if block, err := packedBlock(b, 0); err != nil || string(block) != "packed" {
		t.Fatalf("packed block %q, %v", block, err)
	}
	if _, err := packedBlock(b, 1); err == nil {
		t.Fatal("a packed block that is not there was read")
	}
}

// TestEveryByteCounts: a manifest, root or index with any bit flipped, or cut
// anywhere, is refused.
func TestEveryByteCounts(t *testing.T) {
	q := someQuery()
	decoders := map[string]func([]byte) error{
		string(encodeManifest(q, [][]byte{[]byte("abc")})): func(b []byte) error {
			_, err := decodeManifest(b, q.man, noBaseAtAll)
			return err
		},
		string(someRoot().encode()): func(b []byte) error {
			_, err := decodeRoot(b)
			return err
		},
		string(encodeIndex(map[uint64]id{3: {1, 2, 3}, 900: {1, 5, 6}})): func(b []byte) error {
			_, err := decodeIndex(b)
			return err
		},
	}
	for good, decode := range decoders {
		if err := decode([]byte(good)); err != nil {
			t.Fatalf("%q: %v", good, err)
		}
		for i := range len(good) {
			if decode([]byte(good[:i])) == nil {
				t.Fatalf("%q cut at %d was taken", good[:4], i)
			}
			for bit := range 8 {
				bad := []byte(good)
				bad[i] ^= 1 << bit
				if decode(bad) == nil {
					t.Fatalf("%q with bit %d of byte %d flipped was taken", good[:4], bit, i)
				}
			}
		}
	}
}

func someRoot() root {
	return root{
		inc: 2, epoch: 12, prev: 10, edges: []Edge{{11, []byte("e")}, {12, []byte("f")}},
		index: index{at: id{1, 4, 5}, changed: map[uint64]id{1: {2, 11, 1}, 400: {}}},
	}
}

// The fuzz targets seal what they are given, so that the decoders behind the
// checksum are reached, and check that what is accepted is encoded again alike.
func FuzzManifest(f *testing.F) {
	q := someQuery()
	full := encodeManifest(q, [][]byte{[]byte("abc"), nil})
	f.Add(full[4 : len(full)-4])
	next := *q
	next.man = id{1, 43, 1}
	diff := encodeManifest(&next, nil)
	f.Add(diff[4 : len(diff)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		b := seal(append([]byte(manifestMagic), body...))
		_, _ = packedBlock(b, 0)
		base := someQuery()
		base.base = base.man
		got, err := decodeManifest(b, id{1, 43, 1}, func(id) (*query, error) { return base, nil })
		if err != nil {
			return
		}
		again := *got
		again.base = id{} // in full
		c := encodeManifest(&again, nil)
		same, err := decodeManifest(c, got.man, noBaseAtAll)
		if err != nil || len(same.refs) != len(got.refs) || same.epoch != got.epoch || !bytes.Equal(same.extra, got.extra) {
			t.Fatalf("%+v encoded again is %+v, %v", got, same, err)
		}
	})
}

func FuzzRoot(f *testing.F) {
	good := someRoot().encode()
	f.Add(good[4 : len(good)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decodeRoot(seal(append([]byte(rootMagic), body...)))
		if err != nil {
			return
		}
		again, err := decodeRoot(r.encode())
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v encoded again is %+v, %v", r, again, err)
		}
	})
}

func FuzzIndex(f *testing.F) {
	good := encodeIndex(map[uint64]id{3: {1, 2, 3}})
	f.Add(good[4 : len(good)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		ids, err := decodeIndex(seal(append([]byte(indexMagic), body...)))
		if err != nil {
			return
		}
		again, err := decodeIndex(encodeIndex(ids))
		if err != nil || !reflect.DeepEqual(ids, again) {
			t.Fatalf("%v encoded again is %v, %v", ids, again, err)
		}
	})
}
