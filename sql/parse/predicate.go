package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// wordOperator spells an operator that is a word. ok: there was one; infix: an
// operand must come next.
func (s *operators) wordOperator() (infix, ok bool) {
	tok := s.p
	switch s.peek().text {
	case "and":
		s.logical(rankAnd)
		return true, true
	case "or":
		s.logical(rankOr)
		return true, true
	case "is":
		s.is()
		return false, true
	case "isnull", "notnull":
		not := s.peek().text == "notnull"
		s.arrive(rankIs, s.p)
		s.p++
		s.isMark(tok, ast.IsNull, not)
		return false, true
	case "escape":
		took := s.escape()
		return took, took
	}
	at := s.p
	not := s.take("not")
	switch {
	case s.isAny("like", "ilike"), s.isWord("similar", "to"):
		return s.like(tok, not), true
	case s.isAny("in"):
		s.in(tok, not)
		return false, true
	case s.isAny("between"):
		s.betweenOp(tok, not)
		return true, true
	}
	if not {
		s.p = at
		// NOT behind an operand begins nothing else; NOT NULL of a column
		// definition ends the expression.
		if !s.following().word("null") && !s.following().word("deferrable") {
			s.syntaxAt(at + 1)
		}
	}
	return false, false
}

func (s *operators) logical(rank int) {
	s.arrive(rank, s.p)
	s.emit(" " + s.peek().text)
	s.p++
	s.push(rank, false)
}

// is spells IS [NOT] NULL, TRUE, FALSE, UNKNOWN.
func (s *operators) is() {
	tok := s.p
	s.arrive(rankIs, s.p)
	s.need("is")
	not := s.take("not")
	kinds := map[string]ast.IsKind{"null": ast.IsNull, "true": ast.IsTrue, "false": ast.IsFalse, "unknown": ast.IsUnknown}
	t := s.peek()
	kind, ok := kinds[t.text]
	switch {
	case t.kind == tWord && ok:
		s.p++
		s.isMark(tok, kind, not)
	case t.word("document"), t.word("normalized"), t.word("json"):
		s.unsupported(s.p, "IS "+upper(t.text), "")
	default:
		s.syntax()
	}
}

func (s *operators) isMark(tok int, kind ast.IsKind, not bool) {
	pos := s.posAt(tok)
	s.emit(between[rankIs])
	s.put(mark{tok: tok, rank: rankIs, post: func(l ast.Expr, _ []ast.Expr) ast.Expr {
		return &ast.Is{Pos: pos, X: l, What: kind, Not: not}
	}})
	s.post = rankIs
}

// escaped is a pattern with its ESCAPE, on the way to its LIKE.
type escaped struct {
	ast.Expr
	escape ast.Expr
}

// escape spells ESCAPE, if there is a LIKE that waits for it; else the word is
// just a name.
func (s *operators) escape() bool {
	n := len(s.stack)
	for n > s.base && s.stack[n-1].rank > rankEscape {
		n--
	}
	if n == s.base || !s.stack[n-1].like {
		return false
	}
	tok := s.p
	s.arrive(rankEscape, s.p)
	s.p++
	s.infix(mark{tok: tok, rank: rankEscape, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		return &escaped{Expr: l, escape: r}
	}})
	return true
}

// like spells LIKE, ILIKE and SIMILAR TO; LIKE ANY (…) is postfix.
func (s *operators) like(tok int, not bool) bool {
	kinds := map[string]ast.LikeKind{"like": ast.LikeOp, "ilike": ast.ILikeOp, "similar": ast.SimilarOp}
	kind, pos := kinds[s.peek().text], s.posAt(tok)
	s.arrive(rankLike, tok)
	s.p++
	if kind == ast.SimilarOp {
		s.need("to")
	} else if s.quantifier() {
		ops := map[bool][2]string{false: {"~~", "~~*"}, true: {"!~~", "!~~*"}}
		s.quantified(mark{tok: tok, rank: rankLike}, ops[not][kind], nil)
		return false
	}
	s.infix(mark{tok: tok, rank: rankLike, like: true, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		e := &ast.Like{Pos: pos, Kind: kind, X: l, Pattern: r, Not: not}
		if p, ok := r.(*escaped); ok {
			e.Pattern, e.Escape = p.Expr, p.escape
		}
		return e
	}})
	return true
}

// in spells IN (list) and IN (query), which are postfix.
func (s *operators) in(tok int, not bool) {
	pos := s.posAt(tok)
	s.arrive(rankLike, tok)
	s.need("in")
	s.emit(between[rankLike])
	a := s.postfix(mark{tok: tok, rank: rankLike})
	if s.isQuery(s.p) {
		q := s.parenQuery()
		a.end(nil)
		s.marks[a.m].post = func(l ast.Expr, _ []ast.Expr) ast.Expr {
			return &ast.In{Pos: pos, X: l, Query: q, Not: not}
		}
		return
	}
	s.inParens(func() { a.expr() })
	a.end(nil)
	s.marks[a.m].post = func(l ast.Expr, args []ast.Expr) ast.Expr {
		return &ast.In{Pos: pos, X: l, List: args, Not: not}
	}
}

// betweenOp spells BETWEEN lo AND: an infix operator that carries its lower end.
func (s *operators) betweenOp(tok int, not bool) {
	pos := s.posAt(tok)
	s.arrive(rankLike, tok)
	s.need("between")
	symmetric := s.take("symmetric")
	if !symmetric {
		s.take("asymmetric")
	}
	s.emit(between[rankLike])
	a := s.postfix(mark{tok: tok, rank: rankLike})
	a.n = 1
	s.exprOf(true)
	a.end(nil)
	s.need("and")
	s.marks[a.m].infix = func(l, r ast.Expr, args []ast.Expr) ast.Expr {
		return &ast.Between{Pos: pos, X: l, Lo: args[0], Hi: r, Not: not, Symmetric: symmetric}
	}
	s.emit(between[rankLike])
	s.post = 0
	s.push(rankLike, false)
}
