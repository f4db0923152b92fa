package job

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// keySet is keys of a sink that were written since the last Seal, each where it
// was read. Its batches have the sink's key columns only, in the key's order.
type keySet struct {
	at    []int // the key's columns in the output
	types []batch.Type
	rows  map[string]keyPlace
}

type keyPlace struct {
	b   *batch.Batch
	row int32
}

func (s *keySet) add(keys *batch.Batch) error {
	keys = keys.Compact()
	types := make([]batch.Type, len(s.at))
	for n, c := range s.at {
		types[n] = s.types[c]
	}
	for row := range keys.N {
		s.rows[string(textOf(keys.Cols, types, row))] = keyPlace{keys, int32(row)}
	}
	return nil
}

// restateKeys makes a keyed sink right after a restart. A replay cuts other
// ticks: +K written before the crash may cancel with −K in one tick after it,
// and K would stay for ever. So it reads which keys were written since the last
// Seal, and first writes the sealed value, or a tombstone, of each. Which
// instance has a key is for the exchange above to say: each looks among its own
// rows, and what none has is deleted.
func (q *query) restateKeys(ctx context.Context) error {
	var wanted *keySet
	var ends []*instance
	for _, end := range q.ends {
		if end.sink == nil {
			continue
		}
		if wanted == nil {
			wanted = &keySet{at: q.def.Sink.Spec.Key, types: typesOf(end.def.Schema), rows: map[string]keyPlace{}}
		}
		ends = append(ends, end)
		since := q.base.Sinks[end.sinkName()].Position
		if err := end.sink.readBack(ctx, since, wanted.add); err != nil {
			return err
		}
	}
	if err := q.beganSinks(ctx, ends); err != nil {
		return err
	}
	for _, end := range ends {
		if len(wanted.rows) == 0 {
			return nil
		}
		if err := end.restate(ctx, wanted); err != nil {
			return err
		}
	}
	if wanted == nil || len(wanted.rows) == 0 {
		return nil
	}
	return ends[0].tombstone(ctx, wanted)
}

// restate writes the sealed value of those keys that the instance has, and takes
// them from the set. The instance has not begun to run.
func (i *instance) restate(ctx context.Context, wanted *keySet) error {
	snap, err := i.snapshotNow(ctx)
	if err != nil {
		return err
	}
	return scan(snap, func(b *batch.Batch) error {
		b = b.Compact()
		var keep []int32
		for row := range b.N {
			k := keyText(b, wanted.at, wanted.types, row)
			if _, ok := wanted.rows[k]; ok && b.DiffAt(row) > 0 {
				delete(wanted.rows, k)
				keep = append(keep, int32(row))
			}
		}
		if len(keep) == 0 {
			return nil
		}
		return i.rewrite(b.Gather(keep))
	})
}

// tombstone deletes the keys at the sink and waits until that is acked: another
// instance, with a connection of its own, may have the next word on them.
func (i *instance) tombstone(ctx context.Context, gone *keySet) error {
	by := map[*batch.Batch][]int32{}
	for _, p := range gone.rows {
		by[p.b] = append(by[p.b], p.row)
	}
	for keys, rows := range by {
		if err := i.rewrite(tombstones(keys.Gather(rows), gone.at, gone.types)); err != nil {
			return err
		}
	}
	acked := make(chan struct{})
	i.sink.whenIdle(func() { close(acked) })
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	select {
	case <-acked:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("restate keys: %w", ctx.Err())
	}
}

// ackTimeout is how long a restart waits for its tombstones, before it tries
// again as a whole.
const ackTimeout = 10 * time.Second

// rewrite writes rows that are no result of now: they count for no latency.
func (i *instance) rewrite(b *batch.Batch) error {
	b.Born = 0
	err := i.sink.write(b)
	for more := err == nil; more && err == nil; {
		more, err = i.sink.endTick()
	}
	if err != nil {
		return fmt.Errorf("restate keys: %w", err)
	}
	return nil
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

// tombstones returns the deletion of keys.
func tombstones(keys *batch.Batch, at []int, types []batch.Type) *batch.Batch {
	out := &batch.Batch{N: keys.N, Cols: make([]batch.Column, len(types)), Diff: make([]int64, keys.N), Time: batch.MaxTime}
	for n, c := range at {
		out.Cols[c] = keys.Cols[n]
	}
	for c, t := range types {
		if out.Cols[c] == nil {
			v := batch.New(t.Kind, keys.N)
			for range keys.N {
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
