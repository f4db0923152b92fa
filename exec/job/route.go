package job

import (
	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// route sends a vertex's output to the instances of one consumer: all to one,
// or each row by the key group of its key.
type route struct {
	port   int   // output port of the actor
	cols   []int // nil: everything goes to the port's only channel
	types  []batch.Type
	owner  []int32 // key group → instance
	hashes []uint64
	sel    [][]int32
}

// newRoute returns the route of a producer over one input edge.
func newRoute(port int, in Input, consumer *Vertex, producer batch.Schema, keyGroups int) *route {
	n := max(1, consumer.Instances)
	if len(in.Hash) == 0 || n == 1 {
		return &route{port: port}
	}
	r := &route{port: port, cols: in.Hash, sel: make([][]int32, n)}
	for _, c := range in.Hash {
		r.types = append(r.types, producer[c].Type)
	}
	r.owner = make([]int32, keyGroups)
	for inst := range n {
		low, high := groupRange(inst, n, keyGroups)
		for g := low; g < high; g++ {
			r.owner[g] = int32(inst)
		}
	}
	return r
}

// groupRange returns the key groups low ≤ g < high that instance i of n owns.
func groupRange(i, n, keyGroups int) (low, high int) {
	return (i*keyGroups + n - 1) / n, ((i+1)*keyGroups + n - 1) / n
}

// send emits b on t.
func (r *route) send(t *actors.Turn[*batch.Batch], b *batch.Batch) {
	if r.cols == nil {
		t.Emit(r.port, 0, b, metaOf(b))
		return
	}
	r.split(b)
	for i, sel := range r.sel {
		switch {
		case len(sel) == 0:
		case len(sel) == b.N:
			t.Emit(r.port, i, b, metaOf(b))
		default:
			part := b.Gather(sel)
			t.Emit(r.port, i, part, metaOf(part))
		}
	}
}

// split sorts the selected rows of b into r.sel by the owner of their key.
func (r *route) split(b *batch.Batch) {
	cols := make([]batch.Column, len(r.cols))
	for i, c := range r.cols {
		cols[i] = b.Cols[c]
	}
	r.hashes = batch.HashRows(cols, r.types, b.Sel, b.N, r.hashes)
	for i := range r.sel {
		r.sel[i] = r.sel[i][:0]
	}
	groups := len(r.owner)
	for k, h := range r.hashes {
		row := int32(k)
		if b.Sel != nil {
			row = b.Sel[k]
		}
		o := r.owner[state.KeyGroup(h, groups)]
		r.sel[o] = append(r.sel[o], row)
	}
}

func metaOf(b *batch.Batch) actors.Meta {
	return actors.Meta{Rows: b.Rows(), Bytes: b.Bytes(), Time: b.Time, Born: b.Born}
}
