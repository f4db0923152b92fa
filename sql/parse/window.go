package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

var windowKinds = map[string]ast.WindowKind{
	"tumble": ast.Tumble, "hop": ast.Hop, "session": ast.Session, "cumulate": ast.Cumulate,
}

// isWindow reports whether a window table function comes next.
func (s *spelling) isWindow() bool {
	_, ok := windowKinds[s.peek().text]
	return ok && s.peek().kind == tWord && s.following().punct("(")
}

// windowTable spells TUMBLE(relation, column, size) and its like.
func (s *spelling) windowTable() *ast.WindowTable {
	t := &ast.WindowTable{Pos: s.pos(), Kind: windowKinds[s.peek().text]}
	tok, word := s.p, upper(s.peek().text)
	s.p += 2
	if s.isQuery(s.p) {
		t.Input = &ast.Subselect{Pos: s.pos(), Query: s.parenQuery()}
	} else {
		s.take("table")
		t.Input = &ast.TableName{Pos: s.pos(), Name: s.qname()}
	}
	read := s.err == nil
	s.needPunct(",")
	t.Time = s.timeColumn()
	s.needPunct(",")
	if read {
		s.hint(word + " takes a relation, its time column and a size: " + word + "(bids, date_time, INTERVAL '10 seconds')")
	}
	s.file(func(e []ast.Expr) { t.Args = e }, func(a *args) { s.commaList(func() { a.expr() }) })
	s.needPunct(")")
	t.Alias = s.alias(false)
	s.put(mark{tok: tok, table: t})
	return t
}

// timeColumn reads column, or DESCRIPTOR(column).
func (s *spelling) timeColumn() *ast.Ident {
	descriptor := s.isWord("descriptor") && s.following().punct("(")
	if descriptor {
		s.p += 2
	}
	id := &ast.Ident{Pos: s.pos(), Name: s.qname()}
	if descriptor {
		s.needPunct(")")
	}
	return id
}
