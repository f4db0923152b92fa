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
	e := &operators{spelling: s, base: len(s.stack), bounded: bounded, off: len(s.buf), tok: s.p}
	for {
		s.operand(bounded)
		if s.err != nil || !e.next() {
			break
		}
		if s.chain++; s.chain > MaxOperators {
			s.failAt(s.p, CodeTooComplex, "expression has too many operators")
		}
	}
	for len(s.stack) > e.base {
		s.pop()
	}
	s.depth -= 1 + e.wraps
}

// pop takes the innermost operator as complete.
func (s *spelling) pop() {
	n := len(s.stack) - 1
	if s.stack[n].prefix {
		s.depth--
		s.emit(")")
	}
	s.stack = s.stack[:n]
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
		case t.word("operator") && s.following().punct("("):
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
	s.p += n
	s.stack = append(s.stack, waiting{rank: rank, prefix: true, off: len(s.buf), tok: s.p})
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
