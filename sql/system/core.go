package system

import (
	"slices"
	"sort"
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// selection is one SELECT being compiled.
type selection struct {
	c      *compiler
	core   *ast.SelectCore
	src    *source
	scope  *scope // of the rows of FROM; aggregates allowed
	fields []*node
	names  []string
	group  []*node
	having *node
	aggs   []*aggregate
	wins   []*numbering
	sorts  []sortKey
	keep   []*node // DISTINCT ON
}

// core compiles SELECT … with the ORDER BY around it, which may speak of
// columns that are not in the select list.
func (c *compiler) core(core *ast.SelectCore, order []ast.OrderItem, outer *scope, with *ctes) (*plan, error) {
	if len(core.Windows) > 0 {
		return nil, unsupported(core.Pos, "WINDOW")
	}
	src, err := c.from(core.From, core.Where, outer, with)
	if err != nil {
		return nil, err
	}
	s := &selection{c: c, core: core, src: src}
	s.scope = &scope{cols: src.cols, outer: outer, with: with, aggs: &s.aggs, wins: &s.wins}
	for _, step := range []func() error{s.list, s.grouping, func() error { return s.ordering(order) }} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p := &plan{run: s.run}
	for i, n := range s.fields {
		p.cols = append(p.cols, column{name: s.names[i], typ: n.typ})
	}
	return p, nil
}

// list compiles the select list.
func (s *selection) list() error {
	for _, f := range s.core.Fields {
		if star, ok := f.Expr.(*ast.Star); ok {
			if err := s.star(star); err != nil {
				return err
			}
			continue
		}
		n, err := s.c.expr(f.Expr, s.scope)
		if err != nil {
			return err
		}
		s.fields = append(s.fields, n)
		s.names = append(s.names, label(f))
	}
	return nil
}

func (s *selection) star(star *ast.Star) error {
	found := false
	for i, col := range s.src.cols {
		if col.name == "" || len(star.Qual) > 0 && col.rel != star.Qual.Last().Text {
			continue
		}
		found = true
		s.fields = append(s.fields, columnNode(0, i, col.typ))
		s.names = append(s.names, col.name)
	}
	switch {
	case found:
		return nil
	case len(star.Qual) > 0:
		return at(result.Errorf(result.CodeUndefinedTable, "missing FROM-clause entry for table %q", star.Qual.Last().Text), star.Pos)
	}
	return at(result.Errorf(result.CodeSyntax, "SELECT * with no tables specified is not valid"), star.Pos)
}

// grouping compiles GROUP BY, HAVING and DISTINCT ON.
func (s *selection) grouping() error {
	for _, e := range s.core.GroupBy {
		n, err := s.reference(e, "GROUP BY")
		if err != nil {
			return err
		}
		s.group = append(s.group, n)
	}
	for _, e := range s.core.DistinctOn {
		n, err := s.reference(e, "DISTINCT ON")
		if err != nil {
			return err
		}
		s.keep = append(s.keep, n)
	}
	if s.core.Having == nil {
		return nil
	}
	var err error
	s.having, err = s.c.condition(s.core.Having, s.scope, s.scope.with, "HAVING")
	return err
}

// reference compiles an expression of GROUP BY or ORDER BY: the number or the
// name of an output column, or anything over the rows of FROM.
func (s *selection) reference(e ast.Expr, where string) (*node, error) {
	if lit, ok := e.(*ast.Literal); ok && lit.Kind == ast.NumberLit {
		i, err := strconv.Atoi(lit.Text)
		if err != nil || i < 1 || i > len(s.fields) {
			return nil, at(result.Errorf("42P10", "%s position %s is not in select list", where, lit.Text), lit.Pos)
		}
		return s.fields[i-1], nil
	}
	if id, ok := e.(*ast.Ident); ok && len(id.Name) == 1 {
		inInput, _ := s.scope.local(id.Name)
		if i := slices.Index(s.names, id.Name[0].Text); i >= 0 && (where != "GROUP BY" || inInput < 0) {
			return s.fields[i], nil
		}
	}
	return s.c.expr(e, s.scope)
}

func (s *selection) ordering(order []ast.OrderItem) error {
	for _, item := range order {
		n, err := s.reference(item.Expr, "ORDER BY")
		if err != nil {
			return err
		}
		s.sorts = append(s.sorts, sortKey{n, item})
	}
	return nil
}

type sortKey struct {
	*node
	item ast.OrderItem
}

// before orders two keys.
func (k sortKey) compare(a, b any) int {
	nullsFirst := k.item.Desc
	if k.item.NullsFirst != nil {
		nullsFirst = *k.item.NullsFirst
	}
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil || b == nil:
		if (a == nil) == nullsFirst {
			return -1
		}
		return 1
	}
	if k.item.Desc {
		return compare(b, a)
	}
	return compare(a, b)
}

// row is an output row with the keys that order it.
type keyed struct{ out, keys, keep []any }

func (s *selection) run(outer *frame) ([][]any, error) {
	frames, err := s.frames(outer)
	if err == nil {
		err = number(s.wins, frames)
	}
	if err != nil {
		return nil, err
	}
	rows := make([]keyed, 0, len(frames))
	for _, f := range frames {
		r, err := s.row(f)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	sort.SliceStable(rows, func(i, j int) bool {
		for k, key := range s.sorts {
			if d := key.compare(rows[i].keys[k], rows[j].keys[k]); d != 0 {
				return d < 0
			}
		}
		return false
	})
	return s.distinct(rows), nil
}

func (s *selection) row(f *frame) (r keyed, err error) {
	if r.out, err = evalAll(s.fields, f); err != nil {
		return r, err
	}
	if r.keep, err = evalAll(s.keep, f); err != nil {
		return r, err
	}
	r.keys = make([]any, len(s.sorts))
	for i, k := range s.sorts {
		if r.keys[i], err = k.eval(f); err != nil {
			return r, err
		}
	}
	return r, nil
}

func evalAll(nodes []*node, f *frame) ([]any, error) {
	out := make([]any, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = n.eval(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *selection) distinct(rows []keyed) [][]any {
	out := make([][]any, 0, len(rows))
	seen := map[string]bool{}
	for _, r := range rows {
		by := r.out
		if s.keep != nil {
			by = r.keep
		}
		if s.core.Distinct || s.keep != nil {
			key := hashKey(by)
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		out = append(out, r.out)
	}
	return out
}

// frames returns one frame per input row, or per group.
func (s *selection) frames(outer *frame) ([]*frame, error) {
	var frames []*frame
	if len(s.aggs) == 0 && len(s.group) == 0 && s.having == nil {
		err := s.src.each(outer, func(row []any) error {
			frames = append(frames, &frame{row: row, outer: outer})
			return s.c.goOn(len(frames))
		})
		return frames, err
	}
	return s.groups(outer)
}

// maxRows bounds what one query holds in memory.
const maxRows = 2_000_000

// goOn ends a query that was cancelled, or that holds too many rows.
func (c *compiler) goOn(rows int) error {
	if rows > maxRows {
		return result.Errorf("54000", "a query over system relations would hold more than %d rows", maxRows)
	}
	if c.ctx != nil && rows%64 == 0 {
		return c.ctx.Err()
	}
	return nil
}
