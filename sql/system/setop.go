package system

import (
	"slices"
	"sort"
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func stable(rows [][]any, compare func(a, b []any) int) { slices.SortStableFunc(rows, compare) }

// setOp compiles UNION, INTERSECT and EXCEPT.
func (c *compiler) setOp(b *ast.SetOp, outer *scope, with *ctes) (*plan, error) {
	l, err := c.body(b.Left, outer, with)
	if err != nil {
		return nil, err
	}
	r, err := c.body(b.Right, outer, with)
	if err != nil {
		return nil, err
	}
	if len(l.cols) != len(r.cols) {
		return nil, at(result.Errorf(result.CodeSyntax, "each query of a set operation must have the same number of columns"), b.Pos)
	}
	cols := slices.Clone(l.cols)
	for i := range cols {
		t, ok := common(l.cols[i].typ, r.cols[i].typ)
		if !ok {
			return nil, at(result.Errorf(result.CodeDatatype, "set operation types %s and %s cannot be matched",
				formatType(l.cols[i].typ, -1), formatType(r.cols[i].typ, -1)), b.Pos)
		}
		cols[i].typ = t
	}
	l, r = c.converted(l, cols), c.converted(r, cols)
	return &plan{cols: cols, run: func(outer *frame) ([][]any, error) {
		left, err := l.run(outer)
		if err != nil {
			return nil, err
		}
		right, err := r.run(outer)
		if err != nil {
			return nil, err
		}
		return combine(b, left, right), nil
	}}, nil
}

// converted gives a plan's rows the types of cols.
func (c *compiler) converted(p *plan, cols []column) *plan {
	return &plan{cols: cols, run: func(outer *frame) ([][]any, error) {
		rows, err := p.run(outer)
		if err != nil {
			return nil, err
		}
		out := make([][]any, len(rows))
		for i, row := range rows {
			out[i] = make([]any, len(row))
			for k, v := range row {
				if out[i][k], err = c.cast(v, p.cols[k].typ, cols[k].typ); err != nil {
					return nil, err
				}
			}
		}
		return out, nil
	}}
}

func combine(b *ast.SetOp, left, right [][]any) [][]any {
	if b.Op == ast.Union && b.All {
		return slices.Concat(left, right)
	}
	rights := map[string]int{}
	for _, row := range right {
		rights[hashKey(row)]++
	}
	seen := map[string]bool{}
	var out [][]any
	add := func(row []any) {
		if key := hashKey(row); b.All || !seen[key] {
			seen[key] = true
			out = append(out, row)
		}
	}
	for _, row := range left {
		key := hashKey(row)
		in := rights[key] > 0
		if in && b.All {
			rights[key]--
		}
		if b.Op == ast.Union || in == (b.Op == ast.Intersect) {
			add(row)
		}
	}
	if b.Op == ast.Union {
		for _, row := range right {
			add(row)
		}
	}
	return out
}

// orderOutput orders the rows of a set operation by output columns.
func (c *compiler) orderOutput(p *plan, order []ast.OrderItem) (*plan, error) {
	s := &scope{cols: p.cols}
	var keys []sortKey
	for _, item := range order {
		var n *node
		if lit, ok := item.Expr.(*ast.Literal); ok && lit.Kind == ast.NumberLit {
			i, err := strconv.Atoi(lit.Text)
			if err != nil || i < 1 || i > len(p.cols) {
				return nil, at(result.Errorf("42P10", "ORDER BY position %s is not in select list", lit.Text), lit.Pos)
			}
			n = columnNode(0, i-1, p.cols[i-1].typ)
		} else {
			var err error
			if n, err = c.expr(item.Expr, s); err != nil {
				return nil, err
			}
		}
		keys = append(keys, sortKey{n, item})
	}
	return &plan{cols: p.cols, run: func(outer *frame) ([][]any, error) {
		rows, err := p.run(outer)
		if err != nil {
			return nil, err
		}
		return sorted(rows, keys)
	}}, nil
}

func sorted(rows [][]any, keys []sortKey) ([][]any, error) {
	type pair struct{ row, key []any }
	pairs := make([]pair, len(rows))
	for i, row := range rows {
		pairs[i] = pair{row, make([]any, len(keys))}
		for k, key := range keys {
			v, err := key.eval(&frame{row: row})
			if err != nil {
				return nil, err
			}
			pairs[i].key[k] = v
		}
	}
	sort.SliceStable(pairs, func(i, j int) bool {
		for k, key := range keys {
			if d := key.compare(pairs[i].key[k], pairs[j].key[k]); d != 0 {
				return d < 0
			}
		}
		return false
	})
	out := make([][]any, len(pairs))
	for i, p := range pairs {
		out[i] = p.row
	}
	return out, nil
}

// valueRows compiles VALUES.
func (c *compiler) valueRows(v *ast.Values, outer *scope, with *ctes) (*plan, error) {
	s := &scope{outer: outer, with: with}
	rows := make([][]*node, len(v.Rows))
	for i, exprs := range v.Rows {
		if len(exprs) != len(v.Rows[0]) {
			return nil, at(result.Errorf(result.CodeSyntax, "VALUES lists must all be the same length"), v.Pos)
		}
		for _, e := range exprs {
			n, err := c.expr(e, s)
			if err != nil {
				return nil, err
			}
			rows[i] = append(rows[i], n)
		}
	}
	p := &plan{}
	for k := range v.Rows[0] {
		var nodes []*node
		for _, row := range rows {
			nodes = append(nodes, row[k])
		}
		typ, err := c.unify(nodes)
		if err != nil {
			return nil, err
		}
		if nodes, err = c.coerceAll(nodes, typ); err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i][k] = nodes[i]
		}
		p.cols = append(p.cols, column{name: "column" + strconv.Itoa(k+1), typ: typ})
	}
	p.run = func(outer *frame) ([][]any, error) {
		out := make([][]any, len(rows))
		for i, row := range rows {
			var err error
			if out[i], err = evalAll(row, &frame{outer: outer}); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return p, nil
}
