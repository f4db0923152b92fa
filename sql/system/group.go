package system

import (
	"fmt"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// aggregate is an aggregate call; index is its place in frame.aggs.
type aggregate struct {
	args     []*node
	filter   *node
	distinct bool
	order    []sortKey
	finish   func(values [][]any) (any, error) // of the arguments, NULLs included
}

// groups collects rows into groups. A group's frame has its first row.
func (s *selection) groups(outer *frame) ([]*frame, error) {
	type group struct {
		first *frame
		rows  []*frame
	}
	index := map[string]*group{}
	var order []*group
	n := 0
	err := s.src.each(outer, func(row []any) error {
		f := &frame{row: row, outer: outer}
		key, err := evalAll(s.group, f)
		if err != nil {
			return err
		}
		g := index[hashKey(key)]
		if g == nil {
			g = &group{first: f}
			index[hashKey(key)] = g
			order = append(order, g)
		}
		g.rows = append(g.rows, f)
		n++
		return s.c.goOn(n)
	})
	if err != nil {
		return nil, err
	}
	if len(order) == 0 && len(s.group) == 0 {
		order = append(order, &group{first: &frame{row: make([]any, len(s.src.cols)), outer: outer}})
	}
	var frames []*frame
	for _, g := range order {
		f := &frame{row: g.first.row, outer: outer, aggs: make([]any, len(s.aggs))}
		for i, a := range s.aggs {
			if f.aggs[i], err = a.over(g.rows); err != nil {
				return nil, err
			}
		}
		if s.having != nil {
			if v, err := s.having.eval(f); err != nil {
				return nil, err
			} else if v != true {
				continue
			}
		}
		frames = append(frames, f)
	}
	return frames, nil
}

// over computes the aggregate of some rows.
func (a *aggregate) over(rows []*frame) (any, error) {
	var values [][]any
	seen := map[string]bool{}
	for _, f := range rows {
		if a.filter != nil {
			if v, err := a.filter.eval(f); err != nil {
				return nil, err
			} else if v != true {
				continue
			}
		}
		args, err := evalAll(a.args, f)
		if err != nil {
			return nil, err
		}
		if a.distinct {
			if seen[hashKey(args)] {
				continue
			}
			seen[hashKey(args)] = true
		}
		for _, k := range a.order {
			v, err := k.eval(f)
			if err != nil {
				return nil, err
			}
			args = append(args, v)
		}
		values = append(values, args)
	}
	a.sort(values)
	return a.finish(values)
}

func (a *aggregate) sort(values [][]any) {
	n := len(a.args)
	stable(values, func(x, y []any) int {
		for i, k := range a.order {
			if d := k.compare(x[n+i], y[n+i]); d != 0 {
				return d
			}
		}
		return 0
	})
}

// hashKey makes a key of values: equal ones have equal keys.
func hashKey(values []any) string {
	var b strings.Builder
	for _, v := range values {
		if d, ok := v.(batch.Decimal); ok {
			v = d.Normal().String()
		}
		fmt.Fprintf(&b, "%T:%v\x00", v, v)
	}
	return b.String()
}

// aggregateCall compiles a call of an aggregate function; nil, nil: it is none.
func (c *compiler) aggregateCall(call *ast.Call, s *scope) (*node, error) {
	make, ok := aggregates[call.Name.Last().Text]
	if !ok || call.Over != nil {
		return nil, nil
	}
	if s.aggs == nil {
		return nil, at(result.Errorf("42803", "aggregate functions are not allowed here"), call.Pos)
	}
	inner := *s
	inner.aggs = nil
	a := &aggregate{distinct: call.Distinct}
	for _, arg := range call.Args {
		n, err := c.expr(arg, &inner)
		if err != nil {
			return nil, err
		}
		a.args = append(a.args, n)
	}
	for _, item := range call.OrderBy {
		n, err := c.expr(item.Expr, &inner)
		if err != nil {
			return nil, err
		}
		a.order = append(a.order, sortKey{n, item})
	}
	if call.Filter != nil {
		var err error
		if a.filter, err = c.condition(call.Filter, &inner, s.with, "FILTER"); err != nil {
			return nil, err
		}
	}
	typ, err := make(c, a, call)
	if err != nil {
		return nil, err
	}
	index := len(*s.aggs)
	*s.aggs = append(*s.aggs, a)
	return &node{typ: typ, eval: func(f *frame) (any, error) { return f.aggs[index], nil }}, nil
}
