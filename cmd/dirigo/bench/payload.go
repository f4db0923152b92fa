package bench

import (
	"fmt"
	"slices"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// payload returns how many rows a query keeps of so many events of its streams,
// and the bytes of their values: eight a number or time, a text's own.
func (q nexmarkQuery) payload(events int64) (rows, bytes int64, err error) {
	for _, k := range q.stored {
		g, err := nexmark.NewGenerator(nexmark.Config{Table: k.table})
		if err != nil {
			return 0, 0, err
		}
		all := events / q.perEpoch() * streams[k.table].share
		for at := int64(0); at < all; at += prebuiltRows {
			b := g.Batch(at, int(min(prebuiltRows, all-at)))
			sel, err := k.rows(b)
			if err != nil {
				return 0, 0, err
			}
			rows += int64(len(sel))
			for _, c := range b.Cols {
				bytes += valueBytes(c, sel)
			}
		}
	}
	return rows, bytes, nil
}

// rows returns the rows of b that are kept.
func (k kept) rows(b *batch.Batch) (sel []int32, err error) {
	var values []int64
	if k.column != "" {
		at := slices.IndexFunc(nexmark.Schema(k.table), func(c connectors.Column) bool { return c.Name == k.column })
		if at < 0 {
			return nil, fmt.Errorf("nexmark's %s has no column %q", k.table, k.column)
		}
		values = b.Cols[at].(*batch.Vec[int64]).Data
	}
	for i := range int32(b.N) {
		if values == nil || values[i] == k.value {
			sel = append(sel, i)
		}
	}
	return sel, nil
}

func valueBytes(c batch.Column, sel []int32) (n int64) {
	text, ok := c.(*batch.TextVec)
	if !ok {
		return 8 * int64(len(sel))
	}
	for _, i := range sel {
		n += int64(text.Off[i+1] - text.Off[i])
	}
	return n
}
