package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// statement reads one statement by its first word.
func (r *reader) statement() ast.Statement {
	if !r.enter() {
		return nil
	}
	defer func() { r.depth-- }()
	if r.isQuery(r.p) {
		return r.query()
	}
	t := r.peek()
	if t.kind != tWord {
		r.syntax()
		return nil
	}
	switch t.text {
	case "select", "values", "table":
		return r.query()
	case "with":
		return r.withStatement()
	case "insert":
		return r.insert(nil)
	case "update":
		return r.update(nil)
	case "delete":
		return r.deleteFrom(nil)
	case "truncate":
		return r.truncate()
	case "create":
		return r.create()
	case "drop":
		return r.drop()
	case "alter":
		return r.alter()
	case "explain":
		return r.explain()
	case "copy":
		return r.copy()
	}
	return r.utility(t.text)
}

// utility reads the statements that concern the session.
func (r *reader) utility(word string) ast.Statement {
	switch word {
	case "show":
		return r.show()
	case "describe", "desc":
		s := &ast.Describe{Pos: r.pos()}
		r.p++
		s.Kind = r.objectKind()
		s.Name = r.qname()
		return s
	case "subscribe":
		return r.subscribe()
	case "set":
		return r.set()
	case "reset":
		return r.reset()
	case "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release":
		return r.transaction(word)
	case "flush":
		s := &ast.Flush{Pos: r.pos()}
		r.p++
		return s
	case "prepare", "execute", "deallocate":
		return r.prepared(word)
	case "declare", "fetch", "move", "close":
		return r.cursor(word)
	case "discard":
		return r.discard()
	}
	r.unknown(word)
	return nil
}

// otherStatements are PostgreSQL's that have no meaning here.
var otherStatements = map[string]string{
	"vacuum": "", "analyze": "", "grant": "", "revoke": "", "lock": "",
	"listen": "use SUBSCRIBE TO", "notify": "", "unlisten": "", "comment": "", "call": "", "do": "",
	"reindex": "", "cluster": "", "merge": "", "checkpoint": "", "load": "", "security": "", "import": "",
	"refresh": "materialized views are kept up to date by themselves", "reassign": "",
}

func (r *reader) unknown(word string) {
	if hint, ok := otherStatements[word]; ok {
		r.unsupported(r.p, upper(word), hint)
		return
	}
	r.syntax()
}

// withStatement reads what begins with WITH: a query or a change.
func (r *reader) withStatement() ast.Statement {
	at := r.pos()
	with := r.with()
	switch {
	case r.isWord("insert"):
		return r.insert(with)
	case r.isWord("update"):
		return r.update(with)
	case r.isWord("delete"):
		return r.deleteFrom(with)
	}
	q := r.queryWith(with, false)
	q.Pos = at
	return q
}

// expression reads one expression.
func (r *reader) expression() ast.Expr { return r.spelled(func(s *spelling) { s.expr() }) }

// spelled reads one expression as f spells it.
func (r *reader) spelled(f func(*spelling)) ast.Expr {
	s := &spelling{reader: r}
	s.emit("select")
	f(s)
	q := &ast.Select{}
	c := &ast.SelectCore{Fields: make([]ast.Field, 1)}
	s.queryTree(q, []ast.Body{c})
	return c.Fields[0].Expr
}

// fieldList reads a select list by itself: RETURNING.
func (r *reader) fieldList() []ast.Field {
	s := &spelling{reader: r}
	s.emit("select")
	c := &ast.SelectCore{}
	s.fields(&c.Fields, false)
	s.queryTree(&ast.Select{}, []ast.Body{c})
	return c.Fields
}

// fromWhere reads [word FROM-items] [WHERE condition].
func (r *reader) fromWhere(word string) ([]ast.TableExpr, ast.Expr) {
	s := &spelling{reader: r}
	c := &ast.SelectCore{}
	s.emit("select")
	s.put(mark{tok: s.p, build: func([]ast.Expr) ast.Expr { return nil }})
	s.emit(" from")
	if s.take(word) {
		s.from()
	} else {
		s.put(mark{tok: s.p})
	}
	if s.take("where") {
		s.emit(" where")
		s.expr()
	}
	s.having(c)
	s.queryTree(&ast.Select{}, []ast.Body{c})
	return c.From, c.Where
}

// objectKind reads the kind of an object, if it is written. A last word such as
// STREAM is the object's name.
func (r *reader) objectKind() ast.ObjectKind {
	if r.endsAfter(1) {
		return ast.AnyObject
	}
	return r.kindWord()
}

// kindWord reads STREAM, MATERIALIZED VIEW and their like.
func (r *reader) kindWord() ast.ObjectKind {
	switch {
	case r.take("stream"):
		return ast.StreamObject
	case r.take("materialized", "view"):
		return ast.MaterializedViewObject
	case r.take("view"):
		return ast.ViewObject
	case r.take("table"):
		return ast.TableObject
	case r.take("index"):
		return ast.IndexObject
	case r.take("schema"):
		return ast.SchemaObject
	}
	return ast.AnyObject
}

// endsAfter reports whether the statement ends n tokens from here.
func (r *reader) endsAfter(n int) bool { return r.p+n >= r.end }
