package job

import (
	"encoding/json"
	"slices"
)

// furthest returns, by source and partition, the furthest that any of the
// queries has sealed: where live readers go on after a restart. Queries that
// stand there join at once, the others catch up; none stands ahead and waits
// for what it has read already to be read again.
func (e *Engine) furthest(all []*query) map[uint64][]position {
	out := map[uint64][]position{}
	for _, q := range all {
		m, err := e.ledger.Query(q.def.ID)
		if err != nil {
			continue // it begins anew, or says why it cannot
		}
		var extra manifestExtra
		if json.Unmarshal(m.Extra, &extra) != nil {
			continue
		}
		for rel, at := range extra.Positions {
			out[rel] = further(out[rel], at)
		}
	}
	return out
}

// further returns the further position of each partition.
func further(a, b []position) []position {
	out := clonePositions(a)
	for _, p := range b {
		i := slices.IndexFunc(out, func(o position) bool { return o.Partition >= p.Partition })
		switch {
		case i < 0:
			out = append(out, p)
		case out[i].Partition != p.Partition:
			out = slices.Insert(out, i, p)
		case p.Next > out[i].Next:
			out[i] = p
		}
	}
	return out
}
