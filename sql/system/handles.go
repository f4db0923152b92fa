package system

import (
	"reflect"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// Handles reports whether a query is one for this package: all its relations
// are system relations, or it has none and asks for what only the system knows.
// A query over both kinds is refused.
func Handles(q *ast.Select, c *catalog.Snapshot) (bool, error) {
	w := &walker{ctes: map[string]bool{}}
	w.walk(reflect.ValueOf(q))
	own, foreign := 0, (*ast.TableName)(nil)
	for _, t := range w.tables {
		if len(t.Name) == 1 && w.ctes[t.Name[0].Text] {
			continue
		}
		if len(t.Name) == 1 && c != nil {
			if _, err := c.Lookup(t.Name[0].Text); err == nil {
				foreign = t
				continue
			}
		}
		if Exists(t.Name) || len(t.Name) > 1 && (t.Name[0].Text == pgCatalog || t.Name[0].Text == informationSchema) {
			own++
		} else {
			foreign = t
		}
	}
	switch {
	case own > 0 && foreign != nil:
		e := result.Errorf(result.CodeUnsupported, "system relations cannot be queried together with streams and views")
		return false, e.At(int(foreign.At()))
	case foreign != nil || w.windows:
		return false, nil
	}
	return own > 0 || w.asks, nil
}

// walker looks at every node of a query. The tree has some sixty kinds of
// nodes and is looked at once a statement: reflection is short and misses none.
type walker struct {
	tables  []*ast.TableName
	ctes    map[string]bool
	windows bool // a window table function
	asks    bool // something that only this package can answer
}

// rowFunctions are the functions that give rows which every query may have.
var rowFunctions = map[string]bool{
	"unnest": true, "generate_series": true, "jsonb_array_elements": true, "jsonb_array_elements_text": true,
}

func (w *walker) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			w.note(v.Interface())
			w.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	case reflect.Struct:
		if cte, ok := v.Interface().(ast.CTE); ok {
			w.ctes[cte.Name.Text] = true
		}
		for i := range v.NumField() {
			w.walk(v.Field(i))
		}
	}
}

func (w *walker) note(n any) {
	switch n := n.(type) {
	case *ast.TableName:
		w.tables = append(w.tables, n)
	case *ast.WindowTable:
		w.windows = true
	case *ast.TableFunc:
		if !rowFunctions[n.Call.Name.Last().Text] {
			w.asks = true
		}
	case *ast.ArraySubquery:
		w.asks = true
	case *ast.Cast:
		w.asks = w.asks || isReg(typeNames[n.Type.Name]) ||
			n.Type.Name == "name" || n.Type.Name == "oid" || n.Type.Name == "char"
	case *ast.Call:
		name := n.Name.Last().Text
		if rowFunctions[name] {
			return // every query's, in FROM or in the select list
		}
		if name == "age" && len(n.Args) == 2 {
			return // the one with two arguments is every query's
		}
		w.asks = w.asks || find(n.Name) != nil || catalogFunctions[name] != nil || sessionFunctions[name] != nil && !moments[name] ||
			arrayFunctions[name] != nil && (name == "age" || !expr.Known(name)) || name == "pg_typeof"
	}
}

// moments are the functions that any query may ask.
var moments = map[string]bool{
	"now": true, "current_timestamp": true, "transaction_timestamp": true, "statement_timestamp": true,
	"clock_timestamp": true, "localtimestamp": true,
}

// Constant evaluates an expression without columns, such as an argument of
// EXECUTE, and returns its text.
func Constant(env *Env, e ast.Expr) (result.Param, error) {
	c := &compiler{env: env}
	n, err := c.expr(e, &scope{})
	if err != nil {
		return result.Param{}, err
	}
	v, err := n.eval(&frame{})
	if err != nil || v == nil {
		return result.Param{Null: true}, err
	}
	return result.Param{Text: c.text(v, n.typ)}, nil
}
