package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// A chain is a run of operands and operators that tidb left as a flat list,
// because it stands them all on one rank. climber gives them PostgreSQL's.
type link struct {
	mark // of an operator
	args []ast.Expr
	expr ast.Expr // of an operand
}

type climber struct {
	r     *reader
	links []link
	i     int
}

// climb reads an operand and the operators behind it of at least minRank.
// pattern: this is the right side of a LIKE.
func (c *climber) climb(minRank int, pattern bool) ast.Expr {
	left := c.links[c.i].expr
	c.i++
	last := 0 // rank of the infix operator just built
	for c.i < len(c.links) && c.r.err == nil {
		op := &c.links[c.i]
		if op.rank < minRank {
			return left
		}
		if op.rank == last && op.rank < rankOther || op.rank == rankEscape && !pattern {
			c.r.syntaxAt(op.tok) // these do not associate
			return left
		}
		c.i++
		if op.post != nil {
			left, last = op.post(left, op.args), 0
			continue
		}
		right := c.climb(op.rank+1, op.like)
		left, last = op.infix(left, right, op.args), op.rank
	}
	return left
}
