package parse

import (
	tidb "github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// walk turns tidb's expression into ours and returns the first of its tokens.
// Where operators stand follows from that: one before the first token of its
// right operand.
func (s *spelling) walk(n tidb.ExprNode) (ast.Expr, int) {
	switch n := n.(type) {
	case *tidb.ColumnNameExpr:
		if m := s.operandMark(n.Name.Name.O); m != nil {
			return m.build(nil), m.tok
		}
	case *tidb.FuncCallExpr:
		if m := s.operandMark(n.FnName.O); m != nil {
			return m.build(s.walkAll(n.Args)), m.tok
		}
	case *tidb.ParenthesesExpr:
		e, first := s.walk(n.Expr)
		return e, first - 1
	case *tidb.UnaryOperationExpr:
		return s.sign(n)
	case *tidb.BinaryOperationExpr:
		return s.binary(n)
	}
	if s.err == nil {
		s.foreign()
	}
	return nil, 0
}

// operandMark returns the mark of an operand. An operator in its place would
// mean that what was spelled is not what was meant.
func (s *spelling) operandMark(name string) *mark {
	m := s.markOf(name)
	if m == nil || m.build == nil {
		return nil
	}
	return m
}

func (s *spelling) walkAll(list []tidb.ExprNode) []ast.Expr {
	out := make([]ast.Expr, len(list))
	for i, n := range list {
		out[i], _ = s.walk(n)
	}
	return out
}

func (s *spelling) sign(n *tidb.UnaryOperationExpr) (ast.Expr, int) {
	op := ""
	switch n.Op {
	case opcode.Minus:
		op = "-"
	case opcode.Plus:
		op = "+"
	default:
		s.foreign()
		return nil, 0
	}
	x, first := s.walk(n.V)
	return &ast.Unary{Pos: s.posAt(max(first-1, 0)), Op: op, X: x}, first - 1
}

// isChain reports whether an operator holds marks, or does not associate: runs
// of these are put in order by a climber.
func isChain(op opcode.Op) bool {
	switch op {
	case opcode.Or, opcode.LeftShift, opcode.Xor:
		return true
	}
	return isComparison(op)
}

func isComparison(op opcode.Op) bool {
	switch op {
	case opcode.NullEQ, opcode.EQ, opcode.NE, opcode.LT, opcode.GT, opcode.LE, opcode.GE:
		return true
	}
	return false
}

// binary goes down the left side of a run of operators of one sort without
// recursion, so that a long a + b + c … costs no stack.
func (s *spelling) binary(n *tidb.BinaryOperationExpr) (ast.Expr, int) {
	chain := isChain(n.Op)
	var run []*tidb.BinaryOperationExpr
	var left tidb.ExprNode = n
	for {
		b, ok := left.(*tidb.BinaryOperationExpr)
		if !ok || isChain(b.Op) != chain || chain && b.Op != n.Op && !(isComparison(b.Op) && isComparison(n.Op)) {
			break
		}
		run = append(run, b)
		left = b.L
	}
	e, first := s.walk(left)
	if chain {
		return s.chainOf(run, e), first
	}
	for i := len(run) - 1; i >= 0; i-- {
		e = s.native(run[i], e)
	}
	return e, first
}

// native builds an operator that tidb reads as PostgreSQL does.
func (s *spelling) native(n *tidb.BinaryOperationExpr, left ast.Expr) ast.Expr {
	right, first := s.walk(n.R)
	return s.nativeNode(n.Op, left, right, first-1)
}

func (s *spelling) nativeNode(op opcode.Op, l, r ast.Expr, tok int) ast.Expr {
	text, ok := nativeOps[op]
	if s.err != nil {
		return nil
	}
	if t := s.at(tok); !ok || t.text != text {
		s.foreign() // positions are off: better no query than a wrong place
		return nil
	}
	return &ast.Binary{Pos: s.posAt(tok), Op: text, L: l, R: r}
}

// chainOf puts a run of operators of one of tidb's ranks, the last first, into
// PostgreSQL's order.
func (s *spelling) chainOf(run []*tidb.BinaryOperationExpr, left ast.Expr) ast.Expr {
	links := []link{{expr: left}}
	for i := len(run) - 1; i >= 0; i-- {
		op, right := run[i].Op, run[i].R
		if m, args := s.operatorMark(right); m != nil {
			links = append(links, link{mark: *m, args: args})
			continue
		}
		e, first := s.walk(right)
		if isComparison(op) && op != opcode.NullEQ {
			tok := first - 1
			links = append(links, link{mark: mark{tok: tok, rank: rankCompare, infix: func(l, r ast.Expr, _ []ast.Expr) ast.Expr {
				return s.nativeNode(op, l, r, tok)
			}}})
		}
		links = append(links, link{expr: e})
	}
	if s.err != nil {
		return nil
	}
	c := &climber{links: links}
	return c.climb(0)
}

// operatorMark returns the mark of an infix or postfix operator with its
// operands; nil if n is something else.
func (s *spelling) operatorMark(n tidb.ExprNode) (*mark, []ast.Expr) {
	switch n := n.(type) {
	case *tidb.ColumnNameExpr:
		if m := s.markOf(n.Name.Name.O); m != nil && m.rank > 0 {
			return m, nil
		}
	case *tidb.FuncCallExpr:
		if m := s.markOf(n.FnName.O); m != nil && m.rank > 0 {
			return m, s.walkAll(n.Args)
		}
	}
	return nil, nil
}
