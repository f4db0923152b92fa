package system

import (
	"context"
	"slices"
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// compiler turns a query into closures. Names are resolved and types decided
// once; running it only follows the closures.
type compiler struct {
	env    *Env
	ctx    context.Context
	params []uint32 // types
	values []any    // of the parameters, while it runs
	depth  int
}

// maxDepth bounds nested queries, views of the stack that they need.
const maxDepth = 64

type column struct {
	rel, name string
	typ       uint32
}

// scope is what names may mean: the columns of the query around an expression,
// and of those around that.
type scope struct {
	cols  []column
	outer *scope
	// aggs collects the aggregates of a grouping query; nil where none may stand.
	aggs *[]*aggregate
	// wins collects calls with OVER; nil where none may stand.
	wins *[]*numbering
	with *ctes
}

// frame holds the row that a scope's names stand for while it runs.
type frame struct {
	row   []any
	aggs  []any
	wins  []any
	outer *frame
}

// node is a compiled expression.
type node struct {
	typ  uint32
	eval func(*frame) (any, error)
	// literal is the text of a quoted literal that may become any type.
	literal *string
	param   int // the number of a parameter without a type yet
}

// plan is a compiled query.
type plan struct {
	cols []column
	run  func(outer *frame) ([][]any, error)
}

type ctes struct {
	name  string
	plan  *plan
	outer *ctes
}

func at(e *result.Error, pos ast.Pos) *result.Error { return e.At(int(pos)) }

func unsupported(pos ast.Pos, what string) error {
	return at(result.Errorf(result.CodeUnsupported, "%s is not supported in a query over system relations", what), pos)
}

// bind gives the parameters their values.
func (c *compiler) bind() error {
	c.values = make([]any, len(c.env.Params))
	for i, p := range c.env.Params {
		if p.Null {
			continue
		}
		v, err := c.parse(p.Text, c.params[i])
		if err != nil {
			return err
		}
		c.values[i] = v
	}
	return nil
}

// query compiles a whole query: WITH, body, ORDER BY, LIMIT.
func (c *compiler) query(q *ast.Select, outer *scope, with *ctes) (*plan, error) {
	if c.depth++; c.depth > maxDepth {
		return nil, result.Errorf("54001", "queries are nested too deeply")
	}
	defer func() { c.depth-- }()
	if q.Emit != ast.EmitDefault {
		return nil, unsupported(q.Pos, "EMIT")
	}
	with, err := c.with(q.With, with)
	if err != nil {
		return nil, err
	}
	var p *plan
	if core, ok := q.Body.(*ast.SelectCore); ok {
		p, err = c.core(core, q.OrderBy, outer, with)
	} else if p, err = c.body(q.Body, outer, with); err == nil && len(q.OrderBy) > 0 {
		p, err = c.orderOutput(p, q.OrderBy)
	}
	if err != nil {
		return nil, err
	}
	return c.limit(p, q, outer)
}

func (c *compiler) with(w *ast.With, in *ctes) (*ctes, error) {
	if w == nil {
		return in, nil
	}
	if w.Recursive {
		return nil, unsupported(w.Pos, "WITH RECURSIVE")
	}
	for _, cte := range w.CTEs {
		p, err := c.query(cte.Query, nil, in)
		if err != nil {
			return nil, err
		}
		in = &ctes{name: cte.Name.Text, plan: renamed(p, cte.Columns), outer: in}
	}
	return in, nil
}

func renamed(p *plan, names []ast.Name) *plan {
	cols := slices.Clone(p.cols)
	for i, n := range names {
		if i < len(cols) {
			cols[i].name = n.Text
		}
	}
	return &plan{cols: cols, run: p.run}
}

func (c *compiler) body(b ast.Body, outer *scope, with *ctes) (*plan, error) {
	switch b := b.(type) {
	case *ast.SelectCore:
		return c.core(b, nil, outer, with)
	case *ast.Select:
		return c.query(b, outer, with)
	case *ast.SetOp:
		return c.setOp(b, outer, with)
	case *ast.Values:
		return c.valueRows(b, outer, with)
	}
	return nil, unsupported(b.At(), "this query")
}

// limit applies OFFSET and LIMIT.
func (c *compiler) limit(p *plan, q *ast.Select, outer *scope) (*plan, error) {
	if q.Limit == nil && q.Offset == nil {
		return p, nil
	}
	var bounds [2]*node
	for i, e := range []ast.Expr{q.Offset, q.Limit} {
		if e == nil {
			continue
		}
		n, err := c.expr(e, &scope{outer: outer})
		if err == nil {
			n, err = c.coerce(n, result.OIDInt8)
		}
		if err != nil {
			return nil, err
		}
		bounds[i] = n
	}
	return &plan{cols: p.cols, run: func(outer *frame) ([][]any, error) {
		rows, err := p.run(outer)
		if err != nil {
			return nil, err
		}
		for i, n := range bounds {
			if n == nil {
				continue
			}
			v, err := n.eval(&frame{outer: outer})
			if err != nil || v == nil {
				return rows, err
			}
			if v.(int64) < 0 {
				return nil, result.Errorf("2201W", "LIMIT must not be negative")
			}
			if k := int(min(v.(int64), int64(len(rows)))); i == 0 {
				rows = rows[k:]
			} else {
				rows = rows[:k]
			}
		}
		return rows, nil
	}}, nil
}

// local finds a column among those of s alone; -1: it has none of that name.
func (s *scope) local(name ast.QName) (int, error) {
	found := -1
	last := name.Last()
	rel := ""
	if len(name) > 1 {
		rel = name[len(name)-2].Text
	}
	for i, col := range s.cols {
		if col.name != last.Text || rel != "" && col.rel != rel {
			continue
		}
		if found >= 0 {
			return 0, at(result.Errorf(result.CodeAmbiguous, "column reference %q is ambiguous", last.Text), name.At())
		}
		found = i
	}
	return found, nil
}

func (c *compiler) ident(id *ast.Ident, s *scope) (*node, error) {
	known := false
	depth := 0
	for sc := s; sc != nil; depth, sc = depth+1, sc.outer {
		index, err := sc.local(id.Name)
		if err != nil {
			return nil, err
		}
		if index >= 0 {
			return columnNode(depth, index, sc.cols[index].typ), nil
		}
		known = known || sc.knows(id.Name)
	}
	return nil, c.unknownColumn(id, s, known)
}

func columnNode(depth, index int, typ uint32) *node {
	if depth == 0 {
		return &node{typ: typ, eval: func(f *frame) (any, error) { return f.row[index], nil }}
	}
	return &node{typ: typ, eval: func(f *frame) (any, error) {
		for range depth {
			f = f.outer
		}
		return f.row[index], nil
	}}
}

// knows reports whether the relation that qualifies name is in s.
func (s *scope) knows(name ast.QName) bool {
	return len(name) > 1 && slices.ContainsFunc(s.cols, func(col column) bool {
		return col.rel == name[len(name)-2].Text
	})
}

func (c *compiler) unknownColumn(id *ast.Ident, s *scope, known bool) error {
	name := id.Name.Last().Text
	if len(id.Name) > 1 {
		rel := id.Name[len(id.Name)-2].Text
		if !known {
			return at(result.Errorf(result.CodeUndefinedTable, "missing FROM-clause entry for table %q", rel), id.At())
		}
		return at(result.Errorf(result.CodeUndefinedColumn, "column %s.%s does not exist", rel, name), id.At())
	}
	var names []string
	for _, col := range s.cols {
		names = append(names, col.name)
	}
	e := at(result.Errorf(result.CodeUndefinedColumn, "column %q does not exist", name), id.At())
	if near := catalog.Nearest(name, names); near != "" {
		e.Hint = "Perhaps you meant the column " + strconv.Quote(near) + "."
	}
	return e
}
