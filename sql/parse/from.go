package parse

import (
	"slices"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

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

// tableRef spells an item with its joins and returns the last join, nil if
// there is none.
func (s *spelling) tableRef() *ast.Join {
	s.tablePrimary()
	return s.joins()
}

// joins spells the joins behind an item. Every one has an ON with a mark,
// which tells what kind it is: what tidb would make of FULL, NATURAL or a
// missing condition does not matter.
func (s *spelling) joins() *ast.Join {
	var last *ast.Join
	for s.err == nil {
		tok := s.p
		j := s.joinType()
		if j == nil {
			return last
		}
		if s.chain++; s.chain > MaxOperators {
			s.failAt(s.p, CodeTooComplex, "query has too many joins")
		}
		last = j
		s.emit(" join")
		off := len(s.buf)
		s.tablePrimary()
		if qualified := j.Kind != ast.CrossJoin && !j.Natural; qualified {
			s.nested(off)
			s.condition(tok, j)
		} else {
			s.emit(" on")
			s.put(mark{tok: tok, join: j, build: func([]ast.Expr) ast.Expr { return nil }})
		}
	}
	return last
}

// nested puts a JOIN b into parentheses where the right side of a join is one
// itself: x JOIN a JOIN b ON … ON ….
func (s *spelling) nested(off int) {
	if s.isAny("on", "using") || !s.enter() {
		return
	}
	at := s.p
	if s.joins() == nil {
		s.p = at
		s.syntaxAt(s.p, "on")
		s.hint("a join needs ON or USING; without a condition it is CROSS JOIN")
		return
	}
	s.depth--
	s.buf = slices.Insert(s.buf, off, '(')
	s.emit(")")
}

// joinType reads the words up to JOIN; nil if no join comes next.
func (s *spelling) joinType() *ast.Join {
	if !s.isJoin() {
		return nil
	}
	j := &ast.Join{Pos: s.pos()}
	j.Asof = s.take("asof")
	j.Natural = !j.Asof && s.take("natural")
	switch {
	case s.take("left"):
		j.Kind = ast.LeftJoin
	case s.take("right"):
		j.Kind = ast.RightJoin
	case s.take("full"):
		j.Kind = ast.FullJoin
	case !j.Natural && s.take("cross"):
		j.Kind = ast.CrossJoin
	default:
		s.take("inner")
	}
	if j.Kind != ast.InnerJoin && j.Kind != ast.CrossJoin {
		s.take("outer")
	}
	j.Asof = s.take("asof") || j.Asof
	s.need("join")
	return j
}

func (r *reader) isJoin() bool {
	return r.isAny("join", "inner", "left", "right", "full", "cross", "natural") || r.isAsof()
}

// isAsof: ASOF is no keyword, so it begins a join only with JOIN behind it.
func (r *reader) isAsof() bool {
	t := r.following()
	return r.isWord("asof") && (t.word("join") || t.word("left") || t.word("inner"))
}

// condition spells ON or USING.
func (s *spelling) condition(tok int, j *ast.Join) {
	s.emit(" on")
	if s.take("using") {
		j.Using = s.names()
		if s.isWord("as") {
			s.p++
			j.UsingAlias = s.name()
		}
		s.put(mark{tok: tok, join: j, build: func([]ast.Expr) ast.Expr { return nil }})
		return
	}
	s.need("on")
	a := s.call(tok)
	a.expr()
	a.end(func(args []ast.Expr) ast.Expr {
		j.On = args[0]
		return nil
	})
	s.marks[a.m].join = j
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
	s.needPunct(",")
	descriptor := s.isWord("descriptor") && s.following().punct("(")
	if descriptor {
		s.p += 2
	}
	t.Time = &ast.Ident{Pos: s.pos(), Name: s.qname()}
	if descriptor {
		s.needPunct(")")
	}
	s.needPunct(",")
	s.hint(word + " takes a relation, its time column and a size: " + word + "(bids, date_time, INTERVAL '10 seconds')")
	s.file(func(e []ast.Expr) { t.Args = e }, func(a *args) { s.commaList(func() { a.expr() }) })
	s.needPunct(")")
	t.Alias = s.alias(false)
	s.put(mark{tok: tok, table: t})
	return t
}
