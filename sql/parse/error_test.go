package parse

import (
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// TestErrors: SQLSTATE, place in the user's own text, and hint.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ in, code, at, hint string }{
		{"SELEC 1", CodeSyntax, "SELEC", `did you mean SELECT instead of "SELEC"?`},
		{"SELECT a\nFORM t", CodeSyntax, "t", `did you mean FROM instead of "FORM"?`},
		{"SELECT a FROM t WEHRE b = 1", CodeSyntax, "b", `did you mean WHERE instead of "WEHRE"?`},
		{"SELECT a FROM t GROPU BY a", CodeSyntax, "BY", `did you mean GROUP instead of "GROPU"?`},
		{"SELECT a FROM t EMIT CHANGE", CodeSyntax, "CHANGE", `did you mean CHANGES instead of "CHANGE"?`},
		{"SELECT a FROM t EMIT ON WINDOW CLOS", CodeSyntax, "CLOS", `did you mean CLOSE instead of "CLOS"?`},
		{"CREATE STREM x (a int)", CodeSyntax, "STREM", `did you mean STREAM instead of "STREM"?`},
		{"CREATE STREAM x (a int, WATERMARK FOR a a - 1)", CodeSyntax, "a - 1", ""},
		{"CREATE STREAM x (a int) WITH (topic 'x')", CodeSyntax, "'x'", ""},
		{"CREATE STREAM x (a int) WITH (topic = 'x', TOPIC = 'y')", CodeSyntax, "TOPIC", `option "topic" is given twice`},
		{"CREATE MATERIALIZED VIEW v", CodeSyntax, "", ""},
		{"CREATE SOURCE x (a int)", CodeUnsupported, "SOURCE", "use CREATE STREAM … WITH (connector = …)"},
		{"CREATE INDEX i ON t (a)", CodeUnsupported, "INDEX", ""},
		{"CREATE STREAM x (a int PRIMARY KEY, PRIMARY KEY (a))", "42P16", ")", ""},
		{"CREATE TABLE t (a int CHECK (a > 1))", CodeUnsupported, "CHECK", ""},
		{"DROP STREM x", CodeSyntax, "STREM", `did you mean STREAM instead of "STREM"?`},
		{"DROP STREAM", CodeSyntax, "", ""},
		{"REFRESH MATERIALIZED VIEW v", CodeUnsupported, "REFRESH", "materialized views are kept up to date by themselves"},
		{"LOCK t", CodeUnsupported, "LOCK", ""},
		{"SHOW STREMS x", CodeSyntax, "x", `did you mean STREAMS instead of "STREMS"?`},
		{"SELECT 1;\n\n  SELECT +;", CodeSyntax, ";", ""},
		{"SELECT 1 2", CodeSyntax, "2", ""},
		{"SELECT (1", CodeSyntax, "", ""},
		{"SELECT (1; SELECT 2", CodeSyntax, "; SELECT 2", ""},
		{"SELECT 1)", CodeSyntax, ")", ""},
		{"SELECT f(a,)", CodeSyntax, ")", ""},
		{"SELECT a, FROM t", CodeSyntax, "FROM", ""},
		{"SELECT CASE a END", CodeSyntax, "END", ""},
		{"SELECT CAST(a int)", CodeSyntax, "int", ""},
		{"SELECT a IS b", CodeSyntax, "b", ""},
		{"SELECT a NOT b", CodeSyntax, "b", ""},
		{"SELECT a BETWEEN 1 OR 2", CodeSyntax, "OR", ""},
		{"SELECT a IN ()", CodeSyntax, ")", ""},
		{"SELECT EXISTS (1)", CodeSyntax, "1", ""},
		{"SELECT * FROM t WHERE", CodeSyntax, "", ""},
		{"SELECT * FROM (a)", CodeSyntax, ")", ""},
		{"SELECT * FROM TUMBLE(bids, INTERVAL '1 s')", CodeSyntax, "'1 s'", "TUMBLE takes a relation, its time column and a size: TUMBLE(bids, date_time, INTERVAL '10 seconds')"},
		{"SELECT * FROM TUMBLE((SELECT a FORM t), ts, INTERVAL '1 s')", CodeSyntax, "t)", `did you mean FROM instead of "FORM"?`},
		{"SELECT * FROM HOP(bids, ts)", CodeSyntax, ")", "HOP takes a relation, its time column and a size: HOP(bids, date_time, INTERVAL '10 seconds')"},
		{"SELECT sum(a) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM t", "42P20", "PRECEDING", ""},
		{"SELECT $0", "42P02", "$0", ""},
		{"SELECT $99999999999", "42P02", "$99999999999", ""},
		{"WITH x AS (DELETE FROM t) SELECT 1", CodeUnsupported, "DELETE", ""},
		{"EXPLAIN (FORMAT xml) SELECT 1", "22023", "(FORMAT", "the formats are text and json"},
		{"UPDATE t SET (a, b) = (1)", CodeSyntax, "(1)", ""},
		{"SELECT xmlparse(a)", CodeUnsupported, "xmlparse", ""},
		{"COPY (INSERT INTO t VALUES (1)) TO STDOUT", CodeUnsupported, ")", "COPY takes a query or SUBSCRIBE"},
		{"COMMIT AND CHAIN", CodeUnsupported, "AND", ""},
	} {
		_, err := Parse(c.in)
		e, ok := err.(*Error)
		if !ok {
			t.Errorf("%s: no error", c.in)
			continue
		}
		rest := c.in[e.Pos:]
		if e.Code != c.code || e.Hint != c.hint || !strings.HasPrefix(rest, c.at) || c.at == "" && rest != "" {
			t.Errorf("%s\n got %s %s at %q, hint %q", c.in, e.Code, e.Message, rest, e.Hint)
		}
		if e.ours || strings.Contains(e.Message, "line ") {
			t.Errorf("%s: tidb shows through: %s", c.in, e.Message)
		}
	}
}

// TestErrorPosition: an offset converts to line and column, in characters.
func TestErrorPosition(t *testing.T) {
	text := "SELECT 'é',\n\t\"ü\" +\n  FROM t"
	_, err := ParseOne(text)
	e, ok := err.(*Error)
	if !ok {
		t.Fatal("no error")
	}
	if line, col := ast.Position(text, e.Pos); line != 3 || col != 3 {
		t.Errorf("line %d, column %d: %v", line, col, e)
	}
}

// TestBounds: what is too long, too many or too deep is refused before a tree
// exists; what is just below parses.
func TestBounds(t *testing.T) {
	deep := func(open, mid, shut string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + mid + strings.Repeat(shut, n)
	}
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"a million parentheses", deep("(", "1", ")", 1_000_000/2-20), false},
		{"open parentheses", "SELECT " + strings.Repeat("(", 90_000), false},
		{"150 parentheses", deep("(", "1", ")", 150), true},
		{"brackets", deep("ARRAY[", "1", "]", 5_000), false},
		{"NOT", deep("NOT ", "a", "", 50_000), false},
		{"150 NOT", deep("NOT ", "a", "", 150), true},
		{"minus", deep("- ", "a", "", 50_000), false},
		{"150 minus", deep("- ", "a", "", 150), true},
		{"~", deep("~ ", "a", "", 50_000), false},
		{"CASE", deep("CASE WHEN a THEN ", "1", " END", 10_000), false},
		{"190 CASE", deep("CASE WHEN a THEN ", "1", " END", 190), true},
		{"casts", deep("", "a", "::int", 20_000), false},
		{"subscripts", deep("", "a", "[1]", 20_000), false},
		{"subqueries", deep("(SELECT ", "1", ")", 1_000), false},
		{"60 subqueries", deep("(SELECT ", "1", ")", 60), true},
		{"nested FROM", deep("* FROM (SELECT ", "1", ")", 1_000), false},
		{"joins without end", "SELECT * FROM a" + strings.Repeat(" JOIN a", 20_000), false},
		{"4,000 additions", deep("", "1", " + 1", 4_000), true},
		{"50,000 additions", deep("", "1", " + 1", 45_000), false},
		{"4,000 concatenations", deep("", "a", " || a", 4_000), true},
		{"4,000 OR", deep("", "a = 1", " OR a = 1", 2_000), true},
		{"4,000 IS NULL", deep("", "a", " IS NULL", 4_000), true},
		{"IN and +", deep("", "a", " IN (1) + 1", 4_000), false},
		{"40,000 items", "SELECT a IN (1" + strings.Repeat(", 1", 40_000) + ")", true},
		{"too many tokens", "SELECT a IN (1" + strings.Repeat(", 1", 60_000) + ")", false},
		{"UNION", "SELECT 1" + strings.Repeat(" UNION SELECT 1", 20_000), false},
		{"1,000 UNION", "SELECT 1" + strings.Repeat(" UNION SELECT 1", 1_000), true},
		{"too long", "SELECT '" + strings.Repeat("x", MaxText) + "'", false},
		{"EXPLAIN", strings.Repeat("EXPLAIN ", 50_000) + "SELECT 1", false},
		{"PREPARE", strings.Repeat("PREPARE a AS ", 20_000) + "SELECT 1", false},
		{"COPY", strings.Repeat("COPY (", 30_000) + "SELECT 1", false},
		{"WITH", strings.Repeat("WITH a AS (", 150) + "SELECT 1" + strings.Repeat(") SELECT 1", 150), true},
	} {
		list, err := Parse(c.text)
		if c.ok {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if printed := list[0].Stmt.String(); !strings.Contains(c.name, "paren") && len(printed) < len(c.text)/2 {
				t.Errorf("%s: printed %d bytes of %d", c.name, len(printed), len(c.text))
			}
			continue
		}
		if e, ok := err.(*Error); !ok || e.Code != CodeTooComplex && e.Code != CodeSyntax {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
