package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// A chain is a run of operands and operators that tidb left as a flat list,
// because it stands them all on one rank. climb gives them PostgreSQL's; that
// those which do not associate never meet was seen when they were spelled.
type link struct {
	mark // of an operator
	args []ast.Expr
	expr ast.Expr // of an operand
}

type climber struct {
	links []link
	i     int
}

// climb reads an operand and the operators behind it of at least minRank.
func (c *climber) climb(minRank int) ast.Expr {
	left := c.links[c.i].expr
	c.i++
	for c.i < len(c.links) {
		op := &c.links[c.i]
		if op.rank < minRank {
			return left
		}
		c.i++
		if op.post != nil {
			left = op.post(left, op.args)
			continue
		}
		left = op.infix(left, c.climb(op.rank+1), op.args)
	}
	return left
}
