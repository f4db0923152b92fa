package parse

import (
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// exprOf parses text as the only field of a SELECT.
func exprOf(t *testing.T, text string) ast.Expr {
	t.Helper()
	stmt, err := ParseOne("SELECT " + text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	core := stmt.(*ast.Select).Body.(*ast.SelectCore)
	if len(core.Fields) != 1 || !core.Fields[0].Alias.Empty() {
		t.Fatalf("%s: read as %s", text, stmt)
	}
	return core.Fields[0].Expr
}

// TestPrecedence: operators bind as in PostgreSQL. What is printed has
// parentheses around every operand that is an operator itself.
func TestPrecedence(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"1 + 2 * 3", "1 + (2 * 3)"},
		{"1 - 2 - 3", "(1 - 2) - 3"},
		{"1 * 2 / 3 % 4", "((1 * 2) / 3) % 4"},
		{"(1 + 2) * 3", "(1 + 2) * 3"},
		{"2 ^ 3 ^ 2", "(2 ^ 3) ^ 2"},
		{"- 2 ^ 2", "(- 2) ^ 2"},
		{"2 ^ - 1", "2 ^ (- 1)"},
		{"2 * 3 ^ 2", "2 * (3 ^ 2)"},
		{"- - 1", "- (- 1)"},
		{"- a::int", "- (a::integer)"},
		{"-a.b[1]", "- a.b[1]"},
		{"a + b || c", "(a + b) || c"},
		{"a || b + c", "a || (b + c)"},
		{"a || b || c", "(a || b) || c"},
		{"a -> 'b' ->> 'c'", "(a -> 'b') ->> 'c'"},
		{"a & b | c # d", "((a & b) | c) # d"},
		{"a << b + c", "a << (b + c)"},
		{"a ~ b || c", "(a ~ b) || c"},
		{"~ a + b", "~ (a + b)"},
		{"~ a || b", "(~ a) || b"},
		{"a * ~ b + c", "a * (~ (b + c))"},
		{"@ - a * b", "@ ((- a) * b)"},
		{"~ NOT a = b", "~ (NOT (a = b))"},
		{"a = b AND c OR d", "((a = b) AND c) OR d"},
		{"a OR b AND c", "a OR (b AND c)"},
		{"NOT a = b", "NOT (a = b)"},
		{"NOT a AND b", "(NOT a) AND b"},
		{"NOT NOT a IS NULL", "NOT (NOT (a IS NULL))"},
		{"NOT a IN (1, 2)", "NOT (a IN (1, 2))"},
		{"a = NOT b = c AND d", "(a = (NOT (b = c))) AND d"},
		{"a LIKE NOT b", "a LIKE (NOT b)"},
		{"a = b IS NULL", "(a = b) IS NULL"},
		{"a IS NULL = b", "(a IS NULL) = b"},
		{"a = b IS NULL = c", "((a = b) IS NULL) = c"},
		{"a IS NULL IS NOT NULL", "(a IS NULL) IS NOT NULL"},
		{"a ISNULL", "a IS NULL"},
		{"a = b NOTNULL", "(a = b) IS NOT NULL"},
		{"a IS NOT TRUE OR b IS FALSE", "(a IS NOT TRUE) OR (b IS FALSE)"},
		{"a IS UNKNOWN", "a IS UNKNOWN"},
		{"a IS DISTINCT FROM b = c", "a IS DISTINCT FROM (b = c)"},
		{"a = b IS DISTINCT FROM c", "(a = b) IS DISTINCT FROM c"},
		{"a IS NOT DISTINCT FROM b + 1 AND c", "(a IS NOT DISTINCT FROM (b + 1)) AND c"},
		{"a || b LIKE c || d", "(a || b) LIKE (c || d)"},
		{"a LIKE b = c", "(a LIKE b) = c"},
		{"a = b LIKE c", "a = (b LIKE c)"},
		{"a NOT LIKE b ESCAPE c || d", "a NOT LIKE b ESCAPE (c || d)"},
		{"a ILIKE b AND c NOT SIMILAR TO d", "(a ILIKE b) AND (c NOT SIMILAR TO d)"},
		{"a + 1 IN (1, 2) = b", "((a + 1) IN (1, 2)) = b"},
		{"1 IN (1) IN (true)", "(1 IN (1)) IN (TRUE)"},
		{"1 IN (1) + 2", "(1 IN (1)) + 2"},
		{"NOT a = b IN (1) || c", "NOT (a = ((b IN (1)) || c))"},
		{"a IS NULL || b IS NULL * c", "(((a IS NULL) || b) IS NULL) * c"},
		{"a = b IN (c)", "a = (b IN (c))"},
		{"a BETWEEN 1 AND 2 AND b", "(a BETWEEN 1 AND 2) AND b"},
		{"a NOT BETWEEN 1 + 1 AND 2 * 3 = b", "(a NOT BETWEEN (1 + 1) AND (2 * 3)) = b"},
		{"a BETWEEN b = c AND d", "a BETWEEN (b = c) AND d"},
		{"a BETWEEN SYMMETRIC 2 AND 1", "a BETWEEN SYMMETRIC 2 AND 1"},
		{"a || b BETWEEN c || d AND e || f", "(a || b) BETWEEN (c || d) AND (e || f)"},
		{"a AT TIME ZONE 'x' + b", "(a AT TIME ZONE 'x') + b"},
		{"a ^ b AT TIME ZONE c", "a ^ (b AT TIME ZONE c)"},
		{"a AT TIME ZONE b ^ c", "(a AT TIME ZONE b) ^ c"},
		{"a AT TIME ZONE b AT TIME ZONE c", "(a AT TIME ZONE b) AT TIME ZONE c"},
		{"- a AT TIME ZONE b", "(- a) AT TIME ZONE b"},
		{`a || b COLLATE "C" || c`, `(a || (b COLLATE "C")) || c`},
		{`- a COLLATE "C"`, `(- a) COLLATE "C"`},
		{`a AT TIME ZONE b COLLATE "C"`, `a AT TIME ZONE (b COLLATE "C")`},
		{"a = ANY (b) = c", "(a = ANY (b)) = c"},
		{"a + 1 <> ALL (SELECT 1)", "(a + 1) <> ALL (SELECT 1)"},
		{"a LIKE ANY (b)", "a ~~ ANY (b)"},
		{"a || b = c || d", "(a || b) = (c || d)"},
		{"a OPERATOR(pg_catalog.+) b * c", "a OPERATOR(pg_catalog.+) (b * c)"},
		{"a * b OPERATOR(pg_catalog.*) c", "(a * b) OPERATOR(pg_catalog.*) c"},
		{"OPERATOR(pg_catalog.-) a + b", "OPERATOR(pg_catalog.-) (a + b)"},
		{"a::text::int", "(a::text)::integer"},
		{"'1'::int + 2", "('1'::integer) + 2"},
		{"CASE WHEN a = b THEN c ELSE d + e END + 1", "CASE WHEN a = b THEN c ELSE d + e END + 1"},
		{"a[1][2:3]", "a[1][2:3]"},
		{"(a).b", "(a).b"},
		{"(a).b.c", "((a).b).c"},
		{"a % b - c", "(a % b) - c"},
		{"a != b", "a <> b"},
		{"a<-1", "a < (- 1)"},
		{"a=-1", "a = (- 1)"},
		{"a*-b", "a * (- b)"},
		{"a @- b", "a @- b"},
		{"(a = b) = c", "(a = b) = c"},
		{"a < (b < c)", "a < (b < c)"},
		{"(a, b) = (c, d)", "(a, b) = (c, d)"},
		{"ROW(a, b) < ROW(c, d)", "ROW(a, b) < ROW(c, d)"},
		{"((a))", "a"},
	} {
		if got := exprOf(t, c.in).String(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

// TestNoAssociation: where PostgreSQL refuses a chain, so do we, at its place.
func TestNoAssociation(t *testing.T) {
	for _, c := range []struct {
		in   string
		near string
		pos  int
	}{
		{"SELECT a < b < c", "<", 13},
		{"SELECT a = b = c", "=", 13},
		{"SELECT a = b + 1 <> c", "<>", 17},
		{"SELECT a LIKE b LIKE c", "LIKE", 16},
		{"SELECT a LIKE b IN (c)", "IN", 16},
		{"SELECT a BETWEEN b AND c BETWEEN d AND e", "BETWEEN", 25},
		{"SELECT a IS DISTINCT FROM b IS NULL", "IS", 28},
		{"SELECT a = b = ANY (c)", "=", 13},
		{"SELECT a ESCAPE b", "b", 16},
		{"SELECT a LIKE b ESCAPE c ESCAPE d", "d", 32},
		{"SELECT a BETWEEN b AND c ESCAPE d", "d", 32},
	} {
		_, err := ParseOne(c.in)
		e, ok := err.(*Error)
		if !ok || e.Code != CodeSyntax || int(e.Pos) != c.pos || e.Message != `syntax error at or near "`+c.near+`"` {
			t.Errorf("%s: %v at %v", c.in, err, e)
		}
	}
}
