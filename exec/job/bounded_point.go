package job

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// pointRead looks rows of a view up by their keys.
type pointRead struct {
	keys   *batch.Batch // the columns by which the view keeps its rows, in that order
	hashes []uint64
	by     [][]int32 // the keys of each instance
}

// newPointRead computes the keys of a look-up, and whose they are; nil where
// the view does not keep its rows by just these columns.
func newPointRead(p *Point, view *query, cx expr.Context) (*pointRead, error) {
	if p == nil || len(p.Key) == 0 {
		return nil, nil
	}
	g := view.def.Graph
	m := g.Vertices[len(g.Vertices)-1].Ops[0].Materialize
	if m == nil || len(m.Key) != len(p.Key) {
		return nil, nil
	}
	r := &pointRead{keys: &batch.Batch{N: len(p.Values) / len(p.Key)}, by: make([][]int32, len(view.views))}
	var types []batch.Type
	for _, c := range m.Key {
		at := slices.Index(p.Key, c)
		if at < 0 {
			return nil, nil
		}
		col, err := constants(p, at, m.Types[c], cx)
		if err != nil {
			return nil, err
		}
		r.keys.Cols, types = append(r.keys.Cols, col), append(types, m.Types[c])
	}
	r.hashes = batch.HashRows(r.keys.Cols, types, nil, r.keys.N, nil)
	owner := owners(len(view.views), g.KeyGroups)
	for i, h := range r.hashes {
		if !r.idle(i) {
			o := owner[state.KeyGroup(h, g.KeyGroups)]
			r.by[o] = append(r.by[o], int32(i))
		}
	}
	return r, nil
}

// constants computes one column of the keys.
func constants(p *Point, at int, t batch.Type, cx expr.Context) (batch.Column, error) {
	col := batch.New(t.Kind, len(p.Values)/len(p.Key))
	for i := at; i < len(p.Values); i += len(p.Key) {
		prog, err := expr.Compile(p.Values[i])
		if err != nil {
			return nil, err
		}
		batch.AppendFrom(col, prog.Eval(&batch.Batch{N: 1}, &cx), 0)
	}
	return col, nil
}

// idle says that key i needs no look-up: it has a NULL, which equals nothing, or
// is there before.
func (r *pointRead) idle(i int) bool {
	for _, c := range r.keys.Cols {
		if batch.IsNull(c, i) {
			return true
		}
	}
	for j := range i {
		same := r.hashes[j] == r.hashes[i]
		for _, c := range r.keys.Cols {
			same = same && batch.EqualAt(c, j, c, i)
		}
		if same {
			return true
		}
	}
	return false
}

// instances is how many instances have keys.
func (r *pointRead) instances() int {
	n := 0
	for _, keys := range r.by {
		if len(keys) > 0 {
			n++
		}
	}
	return n
}

// look looks keys up in the turn of an instance. Where a page of theirs is not
// in memory the instance is to be scanned instead: it would go on to later ticks
// while the page is being read. The next look-up finds it in memory.
func (r *pointRead) look(p *viewPart, want []int32) (*batch.Batch, snapshot) {
	if p.rows == nil {
		return nil, p.state()
	}
	rows, _, away := p.rows.LookupAll(r.keys.Cols, r.hashes, want)
	if len(away) > 0 {
		bring(p.home, r.keys, r.hashes, away)
		return nil, p.state()
	}
	return rows, nil
}
