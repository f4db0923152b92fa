package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// tail spells ORDER BY and reads LIMIT, OFFSET, FETCH and EMIT. Expressions of
// these go behind the items of ORDER BY: tidb takes but numbers in a LIMIT.
func (s *spelling) tail(q *ast.Select) {
	t := &tail{s: s, q: q}
	if s.by("order") {
		s.commaList(func() { t.order() })
	}
	t.limits()
	switch {
	case s.isWord("for"):
		what := "FOR " + upper(s.following().text)
		s.unsupported(s.p, what, "rows are not locked here")
	case s.isWord("into"):
		s.unsupported(s.p, "SELECT INTO", "use CREATE MATERIALIZED VIEW … AS")
	case s.take("emit"):
		q.Emit = s.emission()
	}
}

func (s *spelling) emission() ast.Emit {
	if s.take("changes") {
		return ast.EmitChanges
	}
	if !s.isWord("on") {
		s.syntaxAt(s.p, "changes", "on")
	}
	s.need("on", "window", "close")
	return ast.EmitOnWindowClose
}

// tail is what follows a query's body, as items of tidb's ORDER BY.
type tail struct {
	s             *spelling
	q             *ast.Select
	n             int
	limit, offset bool
}

func (t *tail) item(file func(e ast.Expr)) {
	if t.n++; t.n > 1 {
		t.s.emit(",")
	} else {
		t.s.emit(" order by")
	}
	a := t.s.call(t.s.p)
	a.expr()
	a.end(func(args []ast.Expr) ast.Expr { file(args[0]); return nil })
}

func (t *tail) order() {
	o := &ast.OrderItem{Pos: t.s.pos()}
	t.item(func(e ast.Expr) {
		o.Expr = e
		t.q.OrderBy = append(t.q.OrderBy, *o)
	})
	t.s.orderFlags(o)
}

func (t *tail) limits() {
	s, q := t.s, t.q
	for s.err == nil {
		switch {
		case !t.limit && s.isWord("limit"):
			t.limit = true
			s.p++
			if !s.take("all") {
				t.item(func(e ast.Expr) { q.Limit = e })
			}
			if s.peek().punct(",") {
				s.syntax()
				s.hint("use LIMIT and OFFSET")
			}
		case !t.offset && s.isWord("offset"):
			t.offset = true
			s.p++
			t.item(func(e ast.Expr) { q.Offset = e })
			_ = s.take("rows") || s.take("row")
		case !t.limit && s.isWord("fetch"):
			t.limit = true
			t.fetch()
		default:
			return
		}
	}
}

// fetch reads FETCH FIRST n ROWS ONLY.
func (t *tail) fetch() {
	s, q := t.s, t.q
	s.p++
	if !s.take("first") {
		s.need("next")
	}
	if s.isAny("row", "rows") {
		q.Limit = &ast.Literal{Pos: s.pos(), Kind: ast.NumberLit, Text: "1"}
	} else {
		t.item(func(e ast.Expr) { q.Limit = e })
	}
	if !s.take("rows") {
		s.need("row")
	}
	if s.take("with") {
		s.need("ties")
		q.WithTies = true
		return
	}
	s.need("only")
}
