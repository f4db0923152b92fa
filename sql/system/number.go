package system

import (
	"slices"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// numbering is row_number() OVER (PARTITION BY … ORDER BY …), the one window
// function that clients' own queries use; its place in frame.wins is its index.
type numbering struct {
	partition []*node
	order     []sortKey
}

// over compiles a call with OVER.
func (c *compiler) over(e *ast.Call, s *scope) (*node, error) {
	if s.wins == nil || !e.Name.Is("row_number") || len(e.Args) > 0 || e.Filter != nil ||
		e.Over.Frame != nil || !e.Over.Ref.Empty() {
		return nil, unsupported(e.Pos, "this window function")
	}
	inner := *s
	inner.wins = nil
	w := &numbering{}
	for _, x := range e.Over.PartitionBy {
		n, err := c.expr(x, &inner)
		if err != nil {
			return nil, err
		}
		w.partition = append(w.partition, n)
	}
	for _, item := range e.Over.OrderBy {
		n, err := c.expr(item.Expr, &inner)
		if err != nil {
			return nil, err
		}
		w.order = append(w.order, sortKey{n, item})
	}
	index := len(*s.wins)
	*s.wins = append(*s.wins, w)
	return &node{typ: tBig, eval: func(f *frame) (any, error) { return f.wins[index], nil }}, nil
}

// number gives each frame its numbers.
func number(wins []*numbering, frames []*frame) error {
	if len(wins) == 0 {
		return nil
	}
	for _, f := range frames {
		f.wins = make([]any, len(wins))
	}
	for i, w := range wins {
		if err := w.apply(i, frames); err != nil {
			return err
		}
	}
	return nil
}

func (w *numbering) apply(index int, frames []*frame) error {
	type entry struct {
		f    *frame
		keys []any
	}
	parts := map[string][]entry{}
	for _, f := range frames {
		by, err := evalAll(w.partition, f)
		if err != nil {
			return err
		}
		e := entry{f: f}
		for _, k := range w.order {
			v, err := k.eval(f)
			if err != nil {
				return err
			}
			e.keys = append(e.keys, v)
		}
		parts[hashKey(by)] = append(parts[hashKey(by)], e)
	}
	for _, part := range parts {
		slices.SortStableFunc(part, func(a, b entry) int {
			for i, k := range w.order {
				if d := k.compare(a.keys[i], b.keys[i]); d != 0 {
					return d
				}
			}
			return 0
		})
		for i, e := range part {
			e.f.wins[index] = int64(i + 1)
		}
	}
	return nil
}
