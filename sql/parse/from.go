package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// from spells the items of FROM.
func (s *spelling) from() {
	n := 0
	s.commaList(func() {
		if n++; n > 1 {
			s.emit(",")
		}
		s.tableRef()
	})
}

// tablePrimary spells one item of FROM.
func (s *spelling) tablePrimary() {
	if !s.enter() {
		return
	}
	lateral := s.take("lateral")
	switch {
	case s.isQuery(s.p):
		t := &ast.Subselect{Pos: s.pos(), Lateral: lateral, Query: s.parenQuery()}
		t.Alias = s.alias(false)
		s.put(mark{table: t})
	case s.peek().punct("(") && !lateral:
		s.parenJoin()
	case s.isWindow():
		s.windowTable()
	case s.isWord("table") && s.following().punct("("):
		s.p += 2
		if !s.isWindow() {
			s.syntax()
		}
		w := s.windowTable()
		s.needPunct(")")
		w.Alias = s.alias(false)
	case s.isFunction():
		s.tableFunc(lateral)
	case s.isWord("rows", "from"):
		s.unsupported(s.p, "ROWS FROM", "")
	default:
		if lateral {
			s.syntax()
		}
		s.tableName()
	}
	s.depth--
	if s.isWord("tablesample") {
		s.unsupported(s.p, "TABLESAMPLE", "")
	}
}

// parenJoin spells (a JOIN b …) [alias].
func (s *spelling) parenJoin() {
	s.needPunct("(")
	s.emit("(")
	j := s.tableRef()
	if j == nil {
		s.syntax()
		return
	}
	s.needPunct(")")
	s.emit(")")
	j.Alias = s.alias(false)
}

// tableName spells a relation by name, with its alias.
func (s *spelling) tableName() {
	t := &ast.TableName{Pos: s.pos()}
	s.relation(t)
	if s.isWord("for", "system_time") {
		s.p += 2
		s.need("as", "of")
		s.file(func(e []ast.Expr) { t.AsOf = e[0] }, func(a *args) { a.expr() })
	}
	t.Alias = s.alias(false)
}

// relation spells the name itself.
func (s *spelling) relation(t *ast.TableName) {
	s.put(mark{tok: s.p, table: t})
	t.Only = s.take("only")
	t.Name = s.qname()
	s.takeOp("*")
}

// file spells expressions that belong to FROM beside it.
func (s *spelling) file(to func([]ast.Expr), spell func(a *args)) {
	s.beside(func() {
		a := s.call(s.p)
		spell(a)
		a.end(func(args []ast.Expr) ast.Expr {
			to(args)
			return nil
		})
	})
}

// isFunction reports whether a call comes next.
func (s *spelling) isFunction() bool {
	i := s.p
	if t := s.at(i); t.kind != tWord && t.kind != tQuoted || t.word("only") {
		return false
	}
	for s.at(i + 1).punct(".") {
		i += 2
	}
	return s.at(i + 1).punct("(")
}

// tableFunc spells a function in FROM; the call itself stands beside.
func (s *spelling) tableFunc(lateral bool) {
	t := &ast.TableFunc{Pos: s.pos(), Lateral: lateral}
	tok := s.p
	s.file(func(e []ast.Expr) {
		if call, ok := e[0].(*ast.Call); ok {
			t.Call = call
		} else {
			s.syntaxAt(tok)
		}
	}, func(a *args) {
		a.comma()
		s.primary()
	})
	if s.take("with") {
		s.need("ordinality")
		t.Ordinality = true
	}
	t.Alias = s.alias(true)
	s.put(mark{tok: tok, table: t})
}

// alias reads [AS] name [(columns)]; a function's may have types.
func (s *spelling) alias(function bool) ast.Alias {
	var a ast.Alias
	as := s.take("as")
	switch {
	case as && function && s.peek().punct("("):
	case as:
		a.Name = s.name()
	case canName(s.peek()) && !s.isEmit() && !s.isAsof():
		a.Name = s.name()
	default:
		return a
	}
	if s.peek().punct("(") {
		s.inParens(func() {
			a.Columns = append(a.Columns, s.name())
			if function && !s.peek().punct(",") && !s.peek().punct(")") {
				a.Types = append(a.Types, s.typeName())
			}
		})
		if a.Types != nil && len(a.Types) != len(a.Columns) {
			s.syntax()
		}
	}
	return a
}
