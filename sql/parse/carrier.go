package parse

import (
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// A spelling is a query as tidb's parser is given it. That grammar is MySQL's,
// so the text holds only those of its constructs that bind as PostgreSQL's do:
// SELECT, joins, set operations, AND, OR, comparisons, + - * / %, unary signs
// and calls. Everything else stands as a mark, m12, whose meaning is kept here
// by number:
//
//   - a name, a literal, a parameter or a subquery is a bare mark;
//   - whatever has operands of its own (calls, casts, CASE, x[i], prefix
//     operators) is a mark called with these: m12(m13, m14);
//   - an infix operator that tidb lacks, or ranks otherwise, is a mark between
//     two of tidb's operators of the right rank: a << m12 << b;
//   - what belongs to a clause but has no place in tidb's (DISTINCT ON, LIMIT
//     of an expression, arguments of a function in FROM) is called where an
//     expression may stand, and files its operands when it is built.
//
// No name of the user's reaches tidb, so none can meet a keyword or a mark.
type spelling struct {
	*reader
	buf    []byte
	aside  []byte // calls to be appended to the HAVING of the current core
	marks  []mark
	setOps []setOp
	stack  []waiting // operators whose right operand is being read
	chain  int       // infix operators so far
	insert bool      // DEFAULT may stand as a value
}

// waiting is an operator that may yet take in more on its right.
type waiting struct {
	rank   int
	prefix bool // its call is open
	like   bool // ESCAPE may follow
	off    int  // where its right operand begins in the spelling
	tok    int  // and in the text
}

// mark is the meaning of one number.
type mark struct {
	tok   int                                           // first token that it stands for
	build func(args []ast.Expr) ast.Expr                // nil result: it was filed elsewhere
	rank  int                                           // of an operator, else 0
	infix func(l, r ast.Expr, args []ast.Expr) ast.Expr // of an infix operator
	post  func(l ast.Expr, args []ast.Expr) ast.Expr    // of a postfix operator
	like  bool                                          // of an infix operator: ESCAPE may follow
	table ast.TableExpr                                 // of a FROM item
	join  *ast.Join
}

// setOp is a UNION, INTERSECT or EXCEPT between two cores.
type setOp struct {
	tok int
	op  ast.SetOpKind
	all bool
}

func (s *spelling) emit(text string) { s.buf = append(s.buf, text...) }

// put registers a mark and writes it bare.
func (s *spelling) put(m mark) int {
	s.marks = append(s.marks, m)
	n := len(s.marks) - 1
	s.buf = append(s.buf, " m"...)
	s.buf = strconv.AppendInt(s.buf, int64(n), 10)
	return n
}

// leaf passes n tokens and puts the expression that they are.
func (s *spelling) leaf(n int, e ast.Expr) {
	s.put(mark{tok: s.p, build: func([]ast.Expr) ast.Expr { return e }})
	s.p += n
}

// args spells the operands of a called mark, one after the other.
type args struct {
	s *spelling
	m int // the mark
	n int // operands so far
}

// call begins a called mark that stands for what begins at token tok.
func (s *spelling) call(tok int) *args {
	m := s.put(mark{tok: tok})
	s.emit("(")
	return &args{s: s, m: m}
}

// expr spells one operand and returns its number.
func (a *args) expr() int {
	a.comma()
	a.s.expr()
	return a.n - 1
}

func (a *args) comma() {
	if a.n > 0 {
		a.s.emit(",")
	}
	a.n++
}

// end closes the call; build makes the node of its operands.
func (a *args) end(build func(args []ast.Expr) ast.Expr) {
	a.s.emit(")")
	a.s.marks[a.m].build = build
}

// wrap turns what was written from offset off into the operand of a mark.
// What follows off is the primary just read, so little moves.
func (s *spelling) wrap(off, tok int) *args {
	tail := append([]byte(nil), s.buf[off:]...)
	s.buf = s.buf[:off]
	a := s.call(tok)
	s.buf = append(s.buf, tail...)
	a.n = 1
	return a
}

// beside writes f's text to the calls that go into the core's HAVING.
func (s *spelling) beside(f func()) {
	main := s.buf
	s.buf = s.aside
	if len(s.buf) > 0 {
		s.emit(",")
	}
	f()
	s.aside, s.buf = s.buf, main
}

// pick returns an operand by number, nil for -1.
func pick(args []ast.Expr, i int) ast.Expr {
	if i < 0 {
		return nil
	}
	return args[i]
}
