package job

import (
	"context"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// restate writes the sealed value of the given keys, or a tombstone, to the
// keyed sink of an instance that has not begun to run. keys has the sink's key
// columns only.
func (i *instance) restate(ctx context.Context, keys *batch.Batch) error {
	spec := i.q.def.Sink.Spec
	types := typesOf(i.def.Schema)
	wanted := i.ownKeys(keys, spec.Key, types)
	if len(wanted) == 0 {
		return nil
	}
	snap, err := i.snapshotNow(ctx)
	if err != nil {
		return err
	}
	var values []*batch.Batch
	err = scan(snap, func(b *batch.Batch) error {
		b = b.Compact()
		var keep []int32
		for row := range b.N {
			k := keyText(b, spec.Key, types, row)
			if _, ok := wanted[k]; ok && b.DiffAt(row) > 0 {
				delete(wanted, k)
				keep = append(keep, int32(row))
			}
		}
		if len(keep) > 0 {
			values = append(values, b.Gather(keep))
		}
		return nil
	})
	if err != nil {
		return err
	}
	values = append(values, tombstones(keys, spec.Key, types, wanted))
	for _, b := range values {
		if b.N == 0 {
			continue
		}
		b.Born = 0 // not a result of now: it counts for no latency
		if err := i.sink.write(b); err != nil {
			return fmt.Errorf("restate keys: %w", err)
		}
	}
	return nil
}

// ownKeys returns the keys that belong to the instance, each with its row.
func (i *instance) ownKeys(keys *batch.Batch, at []int, types []batch.Type) map[string]int32 {
	k := i.q.def.Graph.KeyGroups
	low, high := groupRange(i.index, max(1, i.def.Instances), k)
	keyTypes := make([]batch.Type, len(at))
	for n, c := range at {
		keyTypes[n] = types[c]
	}
	keys = keys.Compact()
	hashes := batch.HashRows(keys.Cols, keyTypes, nil, keys.N, nil)
	out := map[string]int32{}
	for row, h := range hashes {
		if g := state.KeyGroup(h, k); g >= low && g < high {
			out[string(textOf(keys.Cols, keyTypes, row))] = int32(row)
		}
	}
	return out
}

func keyText(b *batch.Batch, at []int, types []batch.Type, row int) string {
	cols := make([]batch.Column, len(at))
	keyTypes := make([]batch.Type, len(at))
	for n, c := range at {
		cols[n], keyTypes[n] = b.Cols[c], types[c]
	}
	return string(textOf(cols, keyTypes, row))
}

// textOf spells a key so that two are equal just when their texts are.
func textOf(cols []batch.Column, types []batch.Type, row int) (out []byte) {
	for n, c := range cols {
		if batch.IsNull(c, row) {
			out = append(out, 0)
			continue
		}
		out = append(out, 1)
		out = batch.AppendText(out, c, row, types[n], nil)
		out = append(out, 2)
	}
	return out
}

// tombstones returns the deletion of the wanted keys.
func tombstones(keys *batch.Batch, at []int, types []batch.Type, wanted map[string]int32) *batch.Batch {
	sel := make([]int32, 0, len(wanted))
	for _, row := range wanted {
		sel = append(sel, row)
	}
	keys = keys.Compact().Gather(sel)
	out := &batch.Batch{N: len(sel), Cols: make([]batch.Column, len(types)), Diff: make([]int64, len(sel)), Time: batch.MaxTime}
	for n, c := range at {
		out.Cols[c] = keys.Cols[n]
	}
	for c, t := range types {
		if out.Cols[c] == nil {
			v := batch.New(t.Kind, len(sel))
			for range sel {
				batch.AppendNull(v)
			}
			out.Cols[c] = v
		}
	}
	for i := range out.Diff {
		out.Diff[i] = -1
	}
	return out
}

// snapshotNow returns the state of the instance's first operator.
func (i *instance) snapshotNow(ctx context.Context) (snapshot, error) {
	type answer struct {
		snap snapshot
		err  error
	}
	done := make(chan answer, 1)
	i.ref.Post(0, func(b behavior, err error) {
		if err != nil {
			done <- answer{nil, err}
			return
		}
		s, err := snapshotOf(b)
		done <- answer{s, err}
	})
	select {
	case a := <-done:
		return a.snap, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
