package bind

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// cte is a common table expression. It is bound anew at each use: a plan is a
// tree, and each use prunes and filters in its own way.
type cte struct {
	def   ast.CTE
	scope []*cte // those visible in it
}

// with brings the expressions of a WITH into view, each in the next.
func (b *binder) with(w *ast.With) error {
	if w == nil {
		return nil
	}
	if w.Recursive {
		return later(w.Pos, "WITH RECURSIVE is")
	}
	first := len(b.ctes)
	for _, def := range w.CTEs {
		for _, c := range b.ctes[first:] {
			if c.def.Name.Text == def.Name.Text {
				return fail(codeDuplicateAlias, def.Name.Pos, "WITH query name %q specified more than once", def.Name.Text)
			}
		}
		c := &cte{def: def, scope: b.ctes[:len(b.ctes):len(b.ctes)]}
		reads, plan := b.reads, b.size.plan
		if _, err := b.inline(c); err != nil { // so that one never used is checked too
			return err
		}
		b.reads, b.size.plan = reads, plan
		b.ctes = append(b.ctes, c)
	}
	return nil
}

// cte returns the innermost expression of that name, or nil.
func (b *binder) cte(name string) *cte {
	for i := len(b.ctes) - 1; i >= 0; i-- {
		if b.ctes[i].def.Name.Text == name {
			return b.ctes[i]
		}
	}
	return nil
}

// inline binds the expression where it is used, in the scope where it was defined.
func (b *binder) inline(c *cte) (logical.Node, error) {
	outer := b.ctes
	b.ctes = c.scope
	defer func() { b.ctes = outer }()
	n, err := b.nested(c.def.Query)
	if err != nil {
		return nil, err
	}
	return renamed(n, c.def.Columns, fmt.Sprintf("WITH query %q", c.def.Name.Text), c.def.Pos)
}
