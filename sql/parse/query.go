package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// isQuery reports whether the parenthesis at token i holds a query, and not an
// expression that begins with one, as ((SELECT 1) + 2) does.
func (r *reader) isQuery(i int) bool {
	if !r.at(i).punct("(") {
		return false
	}
	switch t := r.at(i + 1); {
	case t.kind == tWord:
		return t.text == "select" || t.text == "with" || t.text == "values" || t.text == "table"
	case !t.punct("(") || !r.isQuery(i+1) || t.match < 0:
		return false
	}
	after := r.at(r.at(i+1).match + 1)
	switch after.text {
	case ")":
		return after.kind == tPunct
	case "union", "intersect", "except", "order", "limit", "offset", "fetch", "emit":
		return after.kind == tWord
	}
	return false
}

// parenQuery reads (query).
func (r *reader) parenQuery() *ast.Select {
	r.needPunct("(")
	q := r.query()
	r.needPunct(")")
	return q
}

// query reads a whole query. It is spelled for tidb by itself: a query within
// is a mark in it.
func (r *reader) query() *ast.Select { return r.queryWith(nil, false) }

// queryWith reads a query whose WITH has been read already; insert: DEFAULT may
// stand in its VALUES.
func (r *reader) queryWith(with *ast.With, insert bool) *ast.Select {
	q := &ast.Select{Pos: r.pos(), With: with}
	if !r.enter() {
		return q
	}
	if with == nil {
		q.With = r.with()
	}
	if v := r.constants(insert); v != nil {
		q.Body = v
		r.depth--
		return q
	}
	s := &spelling{reader: r, insert: insert}
	cores := s.body()
	s.tail(q)
	r.depth--
	s.queryTree(q, cores)
	if inner, ok := q.Body.(*ast.Select); ok && plain(q) {
		return inner
	}
	return q
}

// with reads WITH [RECURSIVE] name AS (query), …, if it comes next.
func (r *reader) with() *ast.With {
	w := &ast.With{Pos: r.pos()}
	if !r.take("with") {
		return nil
	}
	w.Recursive = r.take("recursive")
	r.commaList(func() {
		c := ast.CTE{Pos: r.pos(), Name: r.name()}
		if r.peek().punct("(") {
			c.Columns = r.names()
		}
		r.need("as")
		not := r.take("not")
		if r.take("materialized") {
			kept := !not
			c.Materialized = &kept
		} else if not {
			r.syntax()
		}
		if t := r.following(); t.word("insert") || t.word("update") || t.word("delete") {
			r.unsupported(r.p+1, upper(t.text)+" in WITH", "")
		}
		c.Query = r.parenQuery()
		if r.isAny("search", "cycle") {
			r.unsupported(r.p, upper(r.peek().text), "")
		}
		w.CTEs = append(w.CTEs, c)
	})
	return w
}

// body spells one or more cores with set operations between them. The n-th
// SELECT of the spelling is the n-th of the result.
func (s *spelling) body() []ast.Body {
	cores := []ast.Body{s.core()}
	kinds := map[string]ast.SetOpKind{"union": ast.Union, "intersect": ast.Intersect, "except": ast.Except}
	for s.err == nil && s.isAny("union", "intersect", "except") {
		word := s.peek().text
		op := setOp{tok: s.p, op: kinds[word]}
		s.p++
		s.emit(" " + word)
		if op.all = s.take("all"); op.all {
			s.emit(" all")
		} else {
			s.take("distinct")
		}
		s.setOps = append(s.setOps, op)
		cores = append(cores, s.core())
		if len(cores) > MaxOperators {
			s.failAt(s.p, CodeTooComplex, "query has too many parts")
		}
	}
	return cores
}

// core spells one operand of set operations.
func (s *spelling) core() ast.Body {
	switch {
	case s.isQuery(s.p):
		s.emit(" select 1")
		return s.parenQuery()
	case s.isWord("select"):
		return s.selectCore()
	case s.isWord("values"):
		return s.values()
	case s.isWord("table"):
		return s.table()
	}
	s.syntaxAt(s.p, "select")
	return nil
}

// values spells VALUES as a select list with a call for each row.
func (s *spelling) values() ast.Body {
	v := &ast.Values{Pos: s.pos()}
	s.need("values")
	s.emit(" select")
	n := 0
	s.commaList(func() {
		if n++; n > 1 {
			s.emit(",")
		}
		a := s.call(s.p)
		s.inParens(func() { a.expr() })
		a.end(func(args []ast.Expr) ast.Expr {
			v.Rows = append(v.Rows, args)
			return nil
		})
	})
	return v
}

// table reads TABLE name, which is SELECT * FROM name.
func (s *spelling) table() ast.Body {
	c := &ast.SelectCore{Pos: s.pos()}
	s.need("table")
	s.emit(" select")
	s.leaf(0, &ast.Star{Pos: c.Pos})
	c.Fields = []ast.Field{{Pos: c.Pos}}
	s.emit(" from")
	s.relation(&ast.TableName{Pos: s.pos()})
	return c
}

// plain reports whether a query is its body and nothing else.
func plain(q *ast.Select) bool {
	return q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil && q.Emit == ast.EmitDefault
}
