package system

import (
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// label returns the name of an output column, as PostgreSQL chooses it.
func label(f ast.Field) string {
	if !f.Alias.Empty() {
		return f.Alias.Text
	}
	if name := nameOf(f.Expr); name != "" {
		return name
	}
	return "?column?"
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name.Last().Text
	case *ast.Call:
		return e.Name.Last().Text
	case *ast.Cast:
		if name := nameOf(e.X); name != "" {
			return name
		}
		return e.Type.Name
	case *ast.TypedLiteral:
		return e.Type.Name
	case *ast.Collate:
		return nameOf(e.X)
	case *ast.Case:
		if name := nameOf(e.Else); name != "" {
			return name
		}
		return "case"
	case *ast.Subquery:
		return subqueryName(e)
	case *ast.Array, *ast.ArraySubquery:
		return "array"
	case *ast.Index:
		return nameOf(e.X)
	case *ast.Extract:
		return "extract"
	case *ast.Literal:
		if e.Kind == ast.BoolLit {
			return "bool"
		}
	}
	return ""
}

func subqueryName(e *ast.Subquery) string {
	if e.Exists {
		return "exists"
	}
	if core, ok := e.Query.Body.(*ast.SelectCore); ok && len(core.Fields) == 1 {
		f := core.Fields[0]
		if !f.Alias.Empty() {
			return f.Alias.Text
		}
		return nameOf(f.Expr)
	}
	return ""
}
