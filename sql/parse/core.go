package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// selectCore spells SELECT … WINDOW ….
func (s *spelling) selectCore() ast.Body {
	c := &ast.SelectCore{Pos: s.pos()}
	outer := s.aside
	s.aside = nil
	s.need("select")
	s.emit(" select")
	s.distinctness(c)
	s.fields(&c.Fields, len(c.DistinctOn) > 0)
	if s.isWord("into") {
		s.unsupported(s.p, "SELECT INTO", "use CREATE MATERIALIZED VIEW … AS")
	}
	if s.take("from") {
		s.emit(" from")
		s.from()
	} else if s.isAny("where", "group", "having", "window") {
		s.emit(" from")
		s.put(mark{tok: s.p}) // tidb wants a table before these
	}
	if s.take("where") {
		s.emit(" where")
		s.expr()
	}
	s.groupBy(c)
	s.having(c)
	s.aside = outer
	return c
}

// distinctness spells ALL, DISTINCT and DISTINCT ON. The last goes first in the
// select list; its placeholder tells fields so.
func (s *spelling) distinctness(c *ast.SelectCore) {
	if !s.take("distinct") {
		s.take("all")
		return
	}
	if !s.take("on") {
		c.Distinct = true
		s.emit(" distinct")
		return
	}
	c.DistinctOn = []ast.Expr{nil}
	a := s.call(s.p)
	s.inParens(func() { a.expr() })
	a.end(func(args []ast.Expr) ast.Expr {
		c.DistinctOn = args
		return nil
	})
}

// fields spells a select list; the walk fills in the expressions.
func (s *spelling) fields(list *[]ast.Field, more bool) {
	if !more && (s.done() || s.peek().punct(")") || s.isAny("from", "where", "group", "having", "window", "union",
		"intersect", "except", "order", "limit", "offset", "fetch", "for", "on", "returning")) {
		s.put(mark{tok: s.p, build: func([]ast.Expr) ast.Expr { return nil }})
		return
	}
	s.commaList(func() {
		if more {
			s.emit(",")
		}
		more = true
		f := ast.Field{Pos: s.pos()}
		if s.peek().op("*") {
			s.leaf(1, &ast.Star{Pos: f.Pos})
		} else {
			s.expr()
			f.Alias = s.fieldAlias()
		}
		*list = append(*list, f)
	})
}

// fieldAlias reads [AS] label.
func (s *spelling) fieldAlias() ast.Name {
	if s.take("as") {
		return s.label()
	}
	t := s.peek()
	if t.kind == tQuoted || t.kind == tWord && !ast.NeedsAs(t.text) && !s.isEmit() {
		return s.label()
	}
	return ast.Name{Pos: ast.NoPos}
}

// isEmit reports whether EMIT comes next as a clause: it is no keyword.
func (r *reader) isEmit() bool { return r.isWord("emit", "changes") || r.isWord("emit", "on") }

func (s *spelling) groupBy(c *ast.SelectCore) {
	if !s.by("group") {
		return
	}
	c.GroupDistinct = s.take("distinct")
	if !c.GroupDistinct {
		s.take("all")
	}
	s.emit(" group by")
	n := 0
	s.commaList(func() {
		if n++; n > 1 {
			s.emit(",")
		}
		s.groupItem()
	})
}

// groupItem spells an expression, (), ROLLUP, CUBE or GROUPING SETS.
func (s *spelling) groupItem() {
	pos, tok := s.pos(), s.p
	kind, words := ast.EmptySet, 1
	switch {
	case s.peek().punct("(") && s.following().punct(")"):
		s.leaf(2, &ast.GroupingSet{Pos: pos})
		return
	case s.isWord("rollup") && s.following().punct("("):
		kind = ast.Rollup
	case s.isWord("cube") && s.following().punct("("):
		kind = ast.Cube
	case s.isWord("grouping", "sets"):
		kind, words = ast.GroupingSets, 2
	default:
		s.expr()
		return
	}
	if !s.enter() {
		return
	}
	a := s.call(tok)
	s.p += words
	s.inParens(func() {
		a.comma()
		s.groupItem()
	})
	s.depth--
	a.end(func(args []ast.Expr) ast.Expr {
		return &ast.GroupingSet{Pos: pos, Kind: kind, Elems: args}
	})
}

// having spells HAVING, WINDOW, and what the FROM clause has left beside, as
// the operands of one mark.
func (s *spelling) having(c *ast.SelectCore) {
	cond := -1
	if !s.isAny("having", "window") && len(s.aside) == 0 {
		return
	}
	s.emit(" having")
	a := s.call(s.p)
	if s.take("having") {
		cond = a.expr()
	}
	var fill []func([]ast.Expr)
	if s.take("window") {
		s.commaList(func() { fill = append(fill, s.namedWindow(a, c)) })
	}
	if len(s.aside) > 0 {
		a.comma()
		s.buf = append(s.buf, s.aside...)
	}
	a.end(func(args []ast.Expr) ast.Expr {
		c.Having = pick(args, cond)
		for _, f := range fill {
			f(args)
		}
		return nil
	})
}

func (s *spelling) namedWindow(a *args, c *ast.SelectCore) func([]ast.Expr) {
	w := ast.NamedWindow{Pos: s.pos(), Name: s.name()}
	s.need("as")
	w.Def.Pos = s.pos()
	fill := s.window(a, &w.Def)
	i := len(c.Windows)
	c.Windows = append(c.Windows, w)
	return func(args []ast.Expr) {
		fill(args)
		c.Windows[i].Def = w.Def
	}
}
