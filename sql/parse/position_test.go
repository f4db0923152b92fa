package parse

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// each calls f on every struct in a tree that has a position.
func each(v reflect.Value, f func(node any, pos ast.Pos)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			each(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), f)
		}
	case reflect.Struct:
		if p := v.FieldByName("Pos"); p.IsValid() && p.Type() == posType {
			f(v.Interface(), ast.Pos(p.Int()))
		}
		for i := range v.NumField() {
			each(v.Field(i), f)
		}
	}
}

// misplaced says what is wrong with the position of a node; "" if nothing is,
// or if nothing is known of it.
func misplaced(text string, node any, pos ast.Pos) string {
	if pos == ast.NoPos {
		if n, ok := node.(ast.Name); ok && n.Empty() {
			return ""
		}
		if b, ok := node.(ast.Bound); ok && b.Kind == ast.CurrentRow {
			return ""
		}
		return "no position"
	}
	if int(pos) > len(text) || pos < 0 {
		return "outside the text"
	}
	rest := strings.ToLower(text[pos:])
	for _, want := range beginnings(node) {
		if strings.HasPrefix(rest, want) {
			return ""
		}
	}
	if beginnings(node) == nil {
		return ""
	}
	return fmt.Sprintf("want one of %q", beginnings(node))
}

// beginnings returns what the text at a node's position may begin with.
func beginnings(node any) []string {
	switch n := node.(type) {
	case ast.Name:
		if n.Quoted {
			return []string{`"` + strings.ReplaceAll(strings.ToLower(n.Text), `"`, `""`)}
		}
		return []string{n.Text, "trim", `u&"`}
	case ast.Literal:
		switch n.Kind {
		case ast.StringLit:
			return []string{"'", "e'", "u&'", "$", "n'", "isolation", "read", ";", ""}
		case ast.NumberLit:
			return []string{n.Text, "row", "substring"}
		case ast.NullLit:
			return []string{"null"}
		}
		return []string{n.Text[:1]}
	case ast.Param:
		return []string{fmt.Sprintf("$%d", n.N)}
	case ast.Binary:
		return operatorBeginnings(n.Op, n.Schema)
	case ast.Unary:
		return operatorBeginnings(n.Op, n.Schema)
	case ast.Quantified:
		return append(operatorBeginnings(n.Op, n.Schema), "like", "ilike", "not")
	case ast.Is:
		return []string{"is", "notnull"}
	case ast.IsDistinct:
		return []string{"is"}
	case ast.Like:
		return []string{"like", "ilike", "similar", "not"}
	case ast.In:
		return []string{"in", "not"}
	case ast.Between:
		return []string{"between", "not"}
	case ast.Case:
		return []string{"case"}
	case ast.When:
		return []string{"when"}
	case ast.Cast:
		return []string{"cast", "::"}
	case ast.SelectCore:
		return []string{"select", "table"}
	case ast.SetOp:
		return []string{"union", "intersect", "except"}
	case ast.Subquery:
		return []string{"(", "exists"}
	case ast.Join:
		return []string{"join", "left", "right", "full", "cross", "natural", "inner", "asof"}
	case ast.CreateStream, ast.CreateView, ast.CreateTable:
		return []string{"create"}
	}
	return nil
}

func operatorBeginnings(op string, schema ast.QName) []string {
	switch {
	case schema != nil:
		return []string{"operator"}
	case op == "<>":
		return []string{"<>", "!="}
	}
	return []string{op}
}

// TestPositions: every node of every statement of the corpora stands where its
// text is.
func TestPositions(t *testing.T) {
	checked := 0
	for _, name := range []string{"psql15.sql", "pgx.sql", "dialect.sql"} {
		for _, text := range corpus(t, name) {
			stmt, err := ParseOne(text)
			if err != nil {
				t.Fatal(err)
			}
			each(reflect.ValueOf(stmt), func(node any, pos ast.Pos) {
				checked++
				if wrong := misplaced(text, node, pos); wrong != "" {
					t.Errorf("%s\n%T at %d: %s", text, node, pos, wrong)
				}
			})
		}
	}
	if checked < 10000 {
		t.Errorf("only %d nodes", checked)
	}
	t.Logf("%d nodes", checked)
}

// TestPositionsOffset: positions in the second statement of a text count from
// the beginning of the text.
func TestPositionsOffset(t *testing.T) {
	text := "SELECT 1; -- one\n /* two */ SELECT a + b ; "
	list, err := Parse(text)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if got := text[list[1].Start:list[1].End]; got != "SELECT a + b" {
		t.Errorf("range %q", got)
	}
	sum := list[1].Stmt.(*ast.Select).Body.(*ast.SelectCore).Fields[0].Expr.(*ast.Binary)
	if text[sum.Pos] != '+' || text[sum.R.At()] != 'b' {
		t.Errorf("+ at %d, b at %d", sum.Pos, sum.R.At())
	}
	if line, col := ast.Position(text, sum.R.At()); line != 2 || col != 23 {
		t.Errorf("b in line %d, column %d", line, col)
	}
}
