package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// operators reads the operators of one expression.
type operators struct {
	*spelling
	base    int // of this expression in the stack
	bounded bool
	off     int // where the expression begins in the spelling
	tok     int // and in the text
	post    int // rank of the postfix operator just read, 0 if it was none
	wraps   int
}

// arrive prepares for an operator of a rank that begins at token tok: what binds
// tighter is complete, and so is what binds as tight from the left. Operators
// that do not associate must not meet.
func (e *operators) arrive(rank, tok int) {
	if e.post > 0 && rank > e.post {
		e.enclose()
	}
	e.post = 0
	for len(e.stack) > e.base {
		top := e.stack[len(e.stack)-1]
		if top.rank == rank && rank < rankOther && rank > rankAnd && !top.prefix {
			e.syntaxAt(tok)
			return
		}
		if top.rank < rank {
			return
		}
		e.pop()
	}
}

// enclose makes an operand of what ends in a postfix operator, because one that
// binds tighter follows: x IN (1) + 2 is (x IN (1)) + 2.
func (e *operators) enclose() {
	off, tok := e.off, e.tok
	if n := len(e.stack); n > e.base {
		off, tok = e.stack[n-1].off, e.stack[n-1].tok
	}
	if !e.enter() {
		return
	}
	e.wraps++
	e.wrap(off, tok).end(func(args []ast.Expr) ast.Expr { return args[0] })
}

// push notes an infix operator that has just been spelled.
func (e *operators) push(rank int, like bool) {
	e.stack = append(e.stack, waiting{rank: rank, like: like, off: len(e.buf), tok: e.p})
}

// next spells what follows an operand: any number of postfix operators, then an
// infix one. It reports whether an operand must come next.
func (s *operators) next() bool {
	for s.err == nil {
		t := s.peek()
		switch {
		case t.kind == tOp:
			if s.symbol(t.text, nil, 1) {
				return true
			}
		case t.kind != tWord:
			return false
		case t.text == "operator" && s.following().punct("("):
			schema, op, n := s.qualifiedOp()
			if s.err == nil && s.symbol(op, schema, n) {
				return true
			}
		case t.text == "at" && s.following().word("time"), t.text == "collate":
			if s.tight() {
				return true
			}
		case t.text == "is" && s.isDistinct():
			s.distinct()
			return true
		case s.bounded:
			return false
		default:
			infix, ok := s.wordOperator()
			if infix || !ok {
				return infix
			}
		}
	}
	return false
}

// symbol spells an operator of n tokens that is written with symbols; it
// reports whether it is infix (op ANY (…) is postfix).
func (s *operators) symbol(op string, schema ast.QName, n int) bool {
	rank := opRanks[op]
	if rank == 0 || schema != nil {
		rank = rankOther
	}
	if op == "==" {
		s.failAt(s.p, "42883", "operator does not exist: ==")
		s.hint("equality is written =")
		return false
	}
	tok, pos := s.p, s.pos()
	s.arrive(rank, s.p)
	if s.err != nil {
		return false
	}
	s.p += n
	if s.quantifier() {
		s.quantified(mark{tok: tok, rank: rank}, op, schema)
		return false
	}
	if schema == nil && rank != rankOther && rank != rankPower {
		s.emit(" " + op)
		s.push(rank, false)
		return true
	}
	s.infix(mark{tok: tok, rank: rank, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		return &ast.Binary{Pos: pos, Op: op, Schema: schema, L: l, R: r}
	}})
	return true
}

// infix puts a mark as an operator between what was written and what comes.
func (s *operators) infix(m mark) {
	s.emit(between[m.rank])
	s.put(m)
	s.emit(" " + between[m.rank])
	s.push(m.rank, m.like)
}

// tight spells AT TIME ZONE and COLLATE.
func (s *operators) tight() bool {
	tok, pos := s.p, s.pos()
	if s.isWord("collate") {
		s.arrive(rankCollate, s.p)
		s.take("collate")
		name := s.qname()
		s.emit(between[rankCollate])
		s.put(mark{tok: tok, rank: rankCollate, post: func(l ast.Expr, _ []ast.Expr) ast.Expr {
			return &ast.Collate{Pos: pos, X: l, Collation: name}
		}})
		s.post = rankCollate
		return false
	}
	s.arrive(rankZone, s.p)
	s.need("at", "time", "zone")
	s.infix(mark{tok: tok, rank: rankZone, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		return &ast.AtTimeZone{Pos: pos, X: l, Zone: r}
	}})
	return true
}

func (s *spelling) isDistinct() bool {
	return s.isWord("is", "distinct", "from") || s.isWord("is", "not", "distinct", "from")
}

// distinct spells IS [NOT] DISTINCT FROM.
func (s *operators) distinct() {
	tok, pos := s.p, s.pos()
	s.arrive(rankIs, s.p)
	s.need("is")
	not := s.take("not")
	s.need("distinct", "from")
	s.infix(mark{tok: tok, rank: rankIs, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		return &ast.IsDistinct{Pos: pos, L: l, R: r, Not: not}
	}})
}

// quantifier reports whether ANY (…), SOME (…) or ALL (…) comes next.
func (s *spelling) quantifier() bool {
	return s.isAny("any", "some", "all") && s.following().punct("(")
}

// quantified spells op ANY (…), a postfix operator of op's rank.
func (s *operators) quantified(m mark, op string, schema ast.QName) {
	if between[m.rank] == "" {
		s.unsupported(m.tok, op+" ANY", "use a comparison")
		return
	}
	pos, all := s.posAt(m.tok), s.peek().text == "all"
	s.p++
	s.emit(between[m.rank])
	a := s.postfix(m)
	if s.isQuery(s.p) {
		q := s.parenQuery()
		a.end(nil)
		s.marks[a.m].post = func(l ast.Expr, _ []ast.Expr) ast.Expr {
			return &ast.Quantified{Pos: pos, X: l, Op: op, Schema: schema, All: all, Query: q}
		}
		return
	}
	s.needPunct("(")
	a.expr()
	s.needPunct(")")
	a.end(nil)
	s.marks[a.m].post = func(l ast.Expr, args []ast.Expr) ast.Expr {
		return &ast.Quantified{Pos: pos, X: l, Op: op, Schema: schema, All: all, Array: args[0]}
	}
}

// postfix begins a called mark that is a postfix operator.
func (s *operators) postfix(m mark) *args {
	n := s.put(m)
	s.emit("(")
	s.post = m.rank
	return &args{s: s.spelling, m: n}
}
