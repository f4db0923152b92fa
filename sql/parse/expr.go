package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// Ranks of operators, weakest first: PostgreSQL's table of precedence.
const (
	rankOr = 1 + iota
	rankAnd
	rankNot
	rankIs
	rankCompare
	rankLike
	rankEscape
	rankOther
	rankAdd
	rankMultiply
	rankPower
	rankZone
	rankCollate
)

var opRanks = map[string]int{
	"+": rankAdd, "-": rankAdd, "*": rankMultiply, "/": rankMultiply, "%": rankMultiply, "^": rankPower,
	"=": rankCompare, "<": rankCompare, ">": rankCompare, "<=": rankCompare, ">=": rankCompare, "<>": rankCompare,
}

// between maps the ranks at which marks stand to tidb's operator of that rank.
var between = map[int]string{
	rankIs: "<=>", rankCompare: "<=>", rankLike: "|", rankEscape: "|", rankOther: "<<",
	rankPower: "^", rankZone: "^", rankCollate: "^",
}

// expr spells one expression.
func (s *spelling) expr() { s.exprOf(false) }

// exprOf spells an expression; a bounded one holds no AND, OR, NOT, IS, IN,
// LIKE or BETWEEN outside parentheses, as the lower end of BETWEEN must not.
func (s *spelling) exprOf(bounded bool) {
	if !s.enter() {
		return
	}
	base := len(s.closers)
	for {
		s.operand(bounded)
		if s.err != nil || !s.operators(base, bounded) {
			break
		}
		if s.chain++; s.chain > MaxOperators {
			s.failAt(s.p, CodeTooComplex, "expression has too many operators")
		}
	}
	s.close(base, 0)
	s.depth--
}

// close ends the prefix operators that bind no weaker than rank.
func (s *spelling) close(base, rank int) {
	for n := len(s.closers); n > base && s.closers[n-1] >= rank; n = len(s.closers) {
		s.closers = s.closers[:n-1]
		s.depth--
		s.emit(")")
	}
}

// operand spells prefix operators and a primary.
func (s *spelling) operand(bounded bool) {
	signs := 0
	for s.err == nil {
		t := s.peek()
		switch {
		case t.word("not") && !bounded:
			s.prefix("not", nil, rankNot, 1)
		case t.op("-"), t.op("+"):
			s.emit(" " + t.text)
			s.p++
			if signs++; s.depth+signs > MaxDepth {
				s.failAt(s.p, CodeTooComplex, "expression is nested too deep")
			}
		case t.kind == tOp && opRanks[t.text] == 0:
			s.prefix(t.text, nil, rankOther, 1)
		case t.word("operator") && s.next().punct("("):
			schema, op, n := s.qualifiedOp()
			s.prefix(op, schema, rankOther, n)
		default:
			s.primary()
			return
		}
	}
}

// prefix opens a mark for a prefix operator of n tokens: its operand reaches to
// the next operator that binds no tighter.
func (s *spelling) prefix(op string, schema ast.QName, rank, n int) {
	if !s.enter() {
		return
	}
	pos := s.pos()
	s.call(s.p).end(func(args []ast.Expr) ast.Expr {
		return &ast.Unary{Pos: pos, Op: op, Schema: schema, X: args[0]}
	})
	s.buf = s.buf[:len(s.buf)-1] // the call stays open
	s.closers = append(s.closers, rank)
	s.p += n
}

// qualifiedOp reads OPERATOR(schema.op) ahead; n is its number of tokens.
func (s *spelling) qualifiedOp() (schema ast.QName, op string, n int) {
	i := s.p + 2
	for s.at(i+1).punct(".") && (s.at(i).kind == tWord || s.at(i).kind == tQuoted) {
		schema = append(schema, nameOf(s.at(i)))
		i += 2
	}
	if s.at(i).kind != tOp {
		s.syntaxAt(min(i, s.end))
		return nil, "", 0
	}
	if !s.at(i + 1).punct(")") {
		s.syntaxAt(min(i+1, s.end))
		return nil, "", 0
	}
	return schema, s.at(i).text, i + 2 - s.p
}

// operators spells what follows an operand: any number of postfix operators,
// then an infix one. It reports whether an operand must come next.
func (s *spelling) operators(base int, bounded bool) bool {
	for s.err == nil {
		t := s.peek()
		switch {
		case t.kind == tOp:
			if s.symbol(base, t.text, nil, 1) {
				return true
			}
		case t.kind != tWord:
			return false
		case t.text == "operator" && s.next().punct("("):
			schema, op, n := s.qualifiedOp()
			if s.err == nil && s.symbol(base, op, schema, n) {
				return true
			}
		case t.text == "at" && s.next().word("time"), t.text == "collate":
			if s.tight(base) {
				return true
			}
		case t.text == "is" && s.isDistinct():
			s.distinct(base)
			return true
		case bounded:
			return false
		default:
			infix, ok := s.wordOperator(base)
			if infix || !ok {
				return infix
			}
		}
	}
	return false
}

// symbol spells an operator of n tokens that is written with symbols; it
// reports whether it is infix (op ANY (…) is postfix).
func (s *spelling) symbol(base int, op string, schema ast.QName, n int) bool {
	rank := opRanks[op]
	if rank == 0 || schema != nil {
		rank = rankOther
	}
	tok, pos := s.p, s.pos()
	s.close(base, rank)
	s.p += n
	if s.quantifier() {
		s.quantified(mark{tok: tok, rank: rank}, op, schema)
		return false
	}
	if schema == nil && rank != rankOther && rank != rankPower {
		s.emit(" " + op)
		return true
	}
	s.infix(mark{tok: tok, rank: rank, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		return &ast.Binary{Pos: pos, Op: op, Schema: schema, L: l, R: r}
	}})
	return true
}

// infix puts a mark as an operator between what was written and what comes.
func (s *spelling) infix(m mark) {
	s.emit(between[m.rank])
	s.put(m)
	s.emit(" " + between[m.rank])
}

// tight spells AT TIME ZONE and COLLATE.
func (s *spelling) tight(base int) bool {
	tok, pos := s.p, s.pos()
	if s.take("collate") {
		s.close(base, rankCollate)
		name := s.qname()
		s.emit(between[rankCollate])
		s.put(mark{tok: tok, rank: rankCollate, post: func(l ast.Expr, _ []ast.Expr) ast.Expr {
			return &ast.Collate{Pos: pos, X: l, Collation: name}
		}})
		return false
	}
	s.close(base, rankZone)
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
func (s *spelling) distinct(base int) {
	tok, pos := s.p, s.pos()
	s.close(base, rankIs)
	s.need("is")
	not := s.take("not")
	s.need("distinct", "from")
	s.infix(mark{tok: tok, rank: rankIs, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
		return &ast.IsDistinct{Pos: pos, L: l, R: r, Not: not}
	}})
}

// quantifier reports whether ANY (…), SOME (…) or ALL (…) comes next.
func (s *spelling) quantifier() bool {
	return s.isAny("any", "some", "all") && s.next().punct("(")
}

// quantified spells op ANY (…), a postfix operator of op's rank.
func (s *spelling) quantified(m mark, op string, schema ast.QName) {
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
func (s *spelling) postfix(m mark) *args {
	n := s.put(m)
	s.emit("(")
	return &args{s: s, m: n}
}
