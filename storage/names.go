package storage

import (
	"fmt"
	"strconv"
	"strings"
)

// The names of what the Ledger stores:
//
//	7/3.0/1.42.5    a block of query 7, vertex 3, instance 0, written by
//	                incarnation 1 in epoch 42
//	7/m/1.42.6      a manifest of query 7
//	7/m/1.42.6#2    the third block that travels inside it
//	root/1.42.7a    an index of manifests, in two copies, a and b

func (x id) String() string { return fmt.Sprintf("%d.%d.%d", x.inc, x.epoch, x.n) }

func manifestName(query uint64, x id) string { return fmt.Sprintf("%d/m/%s", query, x) }

func indexName(x id, copy string) string { return "root/" + x.String() + copy }

// holder returns the name of the stored object that holds r.
func (r ref) holder(query uint64) string {
	if r.slot >= 0 {
		return manifestName(query, r.at)
	}
	return fmt.Sprintf("%d/%d.%d/%s", query, r.vertex, r.instance, r.at)
}

func (r ref) name(query uint64) string {
	if r.slot >= 0 {
		return r.holder(query) + "#" + strconv.Itoa(int(r.slot))
	}
	return r.holder(query)
}

// splitName takes the name of a block apart: what is stored, and the place in it.
func splitName(name string) (stored string, slot int, packed bool, err error) {
	stored, place, packed := strings.Cut(name, "#")
	if !packed {
		return name, 0, false, nil
	}
	slot, err = strconv.Atoi(place)
	if err != nil || slot < 0 {
		return "", 0, true, fmt.Errorf("read block %q: %w", name, ErrNotFound)
	}
	return stored, slot, true, nil
}

// incarnationOf returns which incarnation wrote a stored name; false for names
// that are not the Ledger's.
func incarnationOf(name string) (uint64, bool) {
	last := name[strings.LastIndexByte(name, '/')+1:]
	first, _, ok := strings.Cut(last, ".")
	if !ok {
		return 0, false
	}
	inc, err := strconv.ParseUint(first, 10, 64)
	return inc, err == nil
}
