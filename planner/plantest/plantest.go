// Package plantest runs job graphs in tests: all rows at once, one vertex after
// the other, through the real operators, without actors, ticks or state on disk.
package plantest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Table is the rows of a relation that a graph reads.
type Table struct {
	Schema batch.Schema
	Rows   *batch.Batch
}

// Run returns what the last vertex puts out when all its inputs have ended. A
// row that cannot be computed ends the run with its error.
func Run(g *job.Graph, tables map[uint64]Table) ([]*batch.Batch, error) {
	return run(g, tables, apply)
}

// RunReference is Run with Reference in place of the operators that it covers.
func RunReference(g *job.Graph, tables map[uint64]Table) ([]*batch.Batch, error) {
	return run(g, tables, func(spec op.Spec, types [][]batch.Type, inputs [][]*batch.Batch) ([]*batch.Batch, error) {
		if Covers(spec) {
			return Reference(spec, types, inputs)
		}
		return apply(spec, types, inputs)
	})
}

// applied runs one operator over all of its input.
type applied func(spec op.Spec, types [][]batch.Type, inputs [][]*batch.Batch) ([]*batch.Batch, error)

func run(g *job.Graph, tables map[uint64]Table, apply applied) ([]*batch.Batch, error) {
	r := &runner{tables: tables, schemas: map[int]batch.Schema{}, out: map[int][]*batch.Batch{}, apply: apply}
	last := 0
	for i := range g.Vertices {
		v := &g.Vertices[i]
		if err := r.vertex(v); err != nil {
			return nil, fmt.Errorf("vertex %d: %w", v.ID, err)
		}
		r.schemas[v.ID], last = v.Schema, v.ID
	}
	return r.out[last], nil
}

type runner struct {
	tables  map[uint64]Table
	schemas map[int]batch.Schema
	out     map[int][]*batch.Batch
	apply   applied
}

func (r *runner) vertex(v *job.Vertex) error {
	var inputs [][]*batch.Batch
	var types [][]batch.Type
	if v.Read != nil {
		in, t := r.read(v.Read)
		inputs, types = append(inputs, in), append(types, t)
	}
	for _, edge := range v.Inputs {
		inputs = append(inputs, r.out[edge.From])
		types = append(types, typesOf(r.schemas[edge.From]))
	}
	for _, spec := range v.Ops {
		out, err := r.apply(spec, types, inputs)
		if err != nil {
			return fmt.Errorf("%s: %w", spec.Kind(), err)
		}
		inputs, types = [][]*batch.Batch{out}, [][]batch.Type{spec.Output(types)}
	}
	r.out[v.ID] = inputs[0]
	return nil
}

// read returns the columns that a Read asks for.
func (r *runner) read(read *job.Read) ([]*batch.Batch, []batch.Type) {
	t := r.tables[read.Relation]
	b := *t.Rows
	b.Cols = nil
	var types []batch.Type
	for _, c := range read.Columns {
		b.Cols = append(b.Cols, t.Rows.Cols[c])
		types = append(types, t.Schema[c].Type)
	}
	return []*batch.Batch{&b}, types
}

func typesOf(s batch.Schema) []batch.Type {
	types := make([]batch.Type, len(s))
	for i, f := range s {
		types[i] = f.Type
	}
	return types
}

// collector takes an operator's output and its rejected rows.
type collector struct {
	batches []*batch.Batch
	err     error
}

// Emit implements exec.Emitter.
func (c *collector) Emit(b *batch.Batch) { c.batches = append(c.batches, b) }

// Reject implements exec.Rejecter.
func (c *collector) Reject(r exec.Reject) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s", r.Reason, r.Detail)
	}
}

// fuel is small, so that operators have to be resumed.
const fuel = 7

// apply pushes all batches into an operator and then ends time.
func apply(spec op.Spec, types [][]batch.Type, inputs [][]*batch.Batch) ([]*batch.Batch, error) {
	out := &collector{}
	o, err := op.New(spec, op.Env{
		Inputs: types, Home: state.Home{KeyGroups: 128, High: 128}, Rejecter: out, Context: expr.Context{},
	})
	if err != nil {
		return nil, err
	}
	for i, in := range inputs {
		for _, b := range in {
			more, err := o.Push(i, b, out, fuel)
			if err := finish(o, out, more, err); err != nil {
				return nil, err
			}
		}
	}
	end := exec.Frontier{Tick: 1, Watermark: batch.MaxTime}
	for range max(1, len(inputs)) {
		end.In = append(end.In, batch.MaxTime)
	}
	more, err := o.Advance(end, out, fuel)
	if err := finish(o, out, more, err); err != nil {
		return nil, err
	}
	return out.batches, out.err
}

func finish(o exec.Operator, out exec.Emitter, more bool, err error) error {
	for more && err == nil {
		if p, ok := o.(exec.Paged); ok && p.Need() != nil {
			return errors.New("asks for state that is not in memory, where all of it is")
		}
		more, err = o.Resume(out, fuel)
	}
	return err
}

// Each calls f with every selected row as text, its columns joined by sep, NULL
// as null, and its signed count.
func Each(batches []*batch.Batch, s batch.Schema, sep, null string, f func(row string, count int64)) {
	for _, b := range batches {
		for k := range b.Rows() {
			row := k
			if b.Sel != nil {
				row = int(b.Sel[k])
			}
			cells := make([]string, len(s))
			for c := range s {
				cells[c] = null
				if !batch.IsNull(b.Cols[c], row) {
					cells[c] = string(batch.AppendText(nil, b.Cols[c], row, s[c].Type, nil))
				}
			}
			f(strings.Join(cells, sep), b.DiffAt(row))
		}
	}
}
