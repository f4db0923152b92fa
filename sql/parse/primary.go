package parse

import (
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// primary spells an operand without prefix operators: a constant, a column, a
// call, something in brackets, and the postfixes [i], .field and ::type.
func (s *spelling) primary() {
	off, tok := len(s.buf), s.p
	t := s.peek()
	parts := false // it may have [i] or .field behind it
	switch t.kind {
	case tNumber:
		s.leaf(1, &ast.Literal{Pos: s.pos(), Kind: ast.NumberLit, Text: t.text})
	case tString:
		s.leaf(1, &ast.Literal{Pos: s.pos(), Kind: ast.StringLit, Text: t.text})
	case tBits:
		s.leaf(1, &ast.Literal{Pos: s.pos(), Kind: ast.BitLit, Text: t.text})
	case tParam:
		s.param(t)
		parts = true
	case tWord, tQuoted:
		parts = s.wordPrimary(t)
	default:
		if !t.punct("(") {
			s.syntax()
			return
		}
		s.parenthesised()
		parts = true
	}
	s.postfixes(off, tok, parts)
}

func (s *spelling) param(t token) {
	n, err := strconv.Atoi(t.text)
	if err != nil || n < 1 || n > 65535 {
		s.failAt(s.p, "42P02", "there is no parameter $%s", t.text)
		return
	}
	s.leaf(1, &ast.Param{Pos: s.pos(), N: n})
}

// parenthesised spells (query), (a, b) and (expr).
func (s *spelling) parenthesised() {
	tok, pos := s.p, s.pos()
	if s.isQuery(tok) {
		q := s.parenQuery()
		s.put(mark{tok: tok, build: func([]ast.Expr) ast.Expr { return &ast.Subquery{Pos: pos, Query: q} }})
		return
	}
	off := len(s.buf)
	s.emit("(")
	s.needPunct("(")
	s.expr()
	if !s.peek().punct(",") {
		s.needPunct(")")
		s.emit(")")
		return
	}
	s.buf = append(s.buf[:off], s.buf[off+1:]...) // no parenthesis but a row
	a := s.wrap(off, tok)
	for s.takePunct(",") {
		a.expr()
	}
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr { return &ast.Row{Pos: pos, Elems: args} })
}

// postfixes wraps the primary written from off in what follows it. As in
// PostgreSQL, only a column, a parameter or something in parentheses has parts.
func (s *spelling) postfixes(off, tok int, parts bool) {
	for n := 0; s.err == nil; n++ {
		t, pos := s.peek(), s.pos()
		if s.depth+n > MaxDepth {
			s.failAt(s.p, CodeTooComplex, "expression is nested too deep")
			return
		}
		switch {
		case t.punct("::"):
			s.p++
			typ := s.typeName()
			s.wrap(off, tok).end(func(args []ast.Expr) ast.Expr {
				return &ast.Cast{Pos: pos, X: args[0], Type: typ, Form: ast.CastColon}
			})
			parts = false
		case t.punct("[") && parts:
			s.index(off, tok)
		case t.punct(".") && parts:
			s.field(off, tok)
		default:
			return
		}
	}
}

func (s *spelling) field(off, tok int) {
	pos := s.pos()
	s.p++
	var name ast.Name
	if !s.takeOp("*") {
		name = s.label()
	}
	s.wrap(off, tok).end(func(args []ast.Expr) ast.Expr {
		return &ast.FieldSel{Pos: pos, X: args[0], Field: name}
	})
}

// index spells [i] and [lo:hi], where either may be missing.
func (s *spelling) index(off, tok int) {
	pos := s.pos()
	s.p++
	a := s.wrap(off, tok)
	lo, hi, slice := -1, -1, false
	if !s.peek().punct(":") {
		lo = a.expr()
	}
	if s.takePunct(":") {
		slice = true
		if !s.peek().punct("]") {
			hi = a.expr()
		}
	}
	s.needPunct("]")
	a.end(func(args []ast.Expr) ast.Expr {
		return &ast.Index{Pos: pos, X: args[0], Lo: pick(args, lo), Hi: pick(args, hi), Slice: slice}
	})
}

// wordPrimary spells what begins with a word or a quoted name, and reports
// whether it is a column.
func (s *spelling) wordPrimary(t token) bool {
	if t.kind == tWord {
		if n := s.typePhrase(); n > 0 {
			s.typedLiteral()
			return false
		}
		if s.keyword(t.text) {
			return false
		}
		if t.text == "interval" && s.following().kind == tNumber {
			s.syntaxAt(s.p + 1)
			s.hint("an interval is written INTERVAL '10 seconds' or INTERVAL '10' SECOND")
			return false
		}
	}
	return s.nameOrCall()
}

func (r *reader) hint(text string) {
	if r.err != nil {
		r.err.Hint = text
	}
}

// nameOrCall spells a column, relation.*, a call, and type 'literal'; it
// reports whether it was a column.
func (s *spelling) nameOrCall() bool {
	start, pos := s.p, s.pos()
	first := s.peek()
	if !canName(first) && !canCall(first) {
		s.syntax()
		return false
	}
	s.p++
	q := ast.QName{nameOf(first)}
	for s.peek().punct(".") {
		if !canName(first) {
			s.syntax()
			return false
		}
		if s.following().op("*") {
			s.p = start
			s.leaf(2*len(q)+1, &ast.Star{Pos: pos, Qual: q})
			return false
		}
		s.p++
		q = append(q, s.label())
	}
	switch t := s.peek(); {
	case t.punct("(") && (len(q) > 1 || canCall(first)):
		s.function(start, q)
	case t.kind == tString && (len(q) > 1 || canCall(first)):
		typ := ast.TypeName{Pos: pos, Schema: q.Qualifier(), Name: q.Last().Text}
		s.put(mark{tok: start, build: func([]ast.Expr) ast.Expr {
			return &ast.TypedLiteral{Pos: pos, Type: typ, Text: t.text}
		}})
		s.p++
	case !canName(first):
		s.syntaxAt(start)
	default:
		s.put(mark{tok: start, build: func([]ast.Expr) ast.Expr { return &ast.Ident{Pos: pos, Name: q} }})
		return true
	}
	return false
}
