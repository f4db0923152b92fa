package job

import (
	"context"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
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
// Seal: of each, the value that it has when the query has attached is written, or
// a tombstone. sealed are instances' contents as far as they have been taken
// already.
func (q *query) restateKeys(ctx context.Context, sealed map[*instance]snapshot) error {
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
		if _, keyed := end.sink.sink.(connectors.KeyedSink); keyed {
			end.sink.held = newHolding(wanted.at, wanted.types)
			end.sink.until = end.sink.held.until
		}
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
		snap, taken := sealed[end]
		if delete(sealed, end); !taken {
			var err error
			if snap, err = end.snapshotNow(ctx); err != nil {
				return err
			}
		}
		if err := end.restate(snap, wanted); err != nil {
			return err
		}
	}
	if wanted == nil || len(wanted.rows) == 0 {
		return nil
	}
	return ends[0].tombstone(wanted, ends)
}

// restate keeps the sealed value of those keys that the instance has, for its
// sink, and takes them from the set. The instance has not begun to run.
func (i *instance) restate(snap snapshot, wanted *keySet) error {
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
		if len(keep) > 0 {
			i.sink.held.take(b.Gather(keep))
		}
		return nil
	})
}

// tombstone lets the instances delete those keys that will have no value.
func (i *instance) tombstone(gone *keySet, ends []*instance) error {
	owners, err := i.owners(gone.at)
	if err != nil {
		return err
	}
	by := map[*batch.Batch][]int32{}
	for _, p := range gone.rows {
		by[p.b] = append(by[p.b], p.row)
	}
	for keys, rows := range by {
		owners(tombstones(keys.Gather(rows), gone.at, gone.types), func(to int, part *batch.Batch) { ends[to].sink.held.take(part) })
	}
	return nil
}

// owners returns what splits keys by the instance that has them: that of their key
// group, in the order in which the instance's rows are kept by key. Its rows come
// by that order too, by an exchange or forwarded from one above.
func (i *instance) owners(key []int) (func(b *batch.Batch, to func(int, *batch.Batch)), error) {
	if i.def.Instances <= 1 {
		return func(b *batch.Batch, to func(int, *batch.Batch)) { to(0, b) }, nil
	}
	var by []int
	if len(i.def.Ops) > 0 && i.def.Ops[0].Materialize != nil {
		by = i.def.Ops[0].Materialize.Key
	}
	if len(by) == 0 || slices.ContainsFunc(by, func(c int) bool { return !slices.Contains(key, c) }) {
		return nil, errNotByKey
	}
	r := newRoute(0, Input{Hash: by}, i.def, i.def.Schema, i.q.def.Graph.KeyGroups)
	return func(b *batch.Batch, to func(int, *batch.Batch)) {
		r.split(b)
		for n, sel := range r.sel {
			if len(sel) > 0 {
				to(n, b.Gather(sel))
			}
		}
	}, nil
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

// answerTimeout is how long a restart waits for an instance, before it tries again as
// a whole.
const answerTimeout = 10 * time.Second

// snapshotNow returns the state of the instance's first operator.
func (i *instance) snapshotNow(ctx context.Context) (snapshot, error) {
	type answer struct {
		snap snapshot
		err  error
	}
	done := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(ctx, answerTimeout) // it may be stuck, and DDL waits
	defer cancel()
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
