package parse

import (
	"slices"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

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
