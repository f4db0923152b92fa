package parse

import (
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// TestTraps: what tidb's grammar, given the user's own text, would read wrongly
// without an error.
func TestTraps(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// FULL as an alias
		{"SELECT * FROM a FULL JOIN b ON a.x = b.x", "SELECT * FROM a FULL JOIN b ON a.x = b.x"},
		{"SELECT * FROM a NATURAL FULL OUTER JOIN b", "SELECT * FROM a NATURAL FULL JOIN b"},
		{"SELECT * FROM a FULL JOIN b USING (x)", "SELECT * FROM a FULL JOIN b USING (x)"},
		// $1 as a column
		{"SELECT $1", "SELECT $1"},
		// e'…' as a column with an alias
		{`SELECT e'\n'`, "SELECT '\n'"},
		{`SELECT 'a\n'`, `SELECT 'a\n'`},
		// || above +
		{"SELECT a + b || c", "SELECT (a + b) || c"},
		// ^ as XOR
		{"SELECT a * b ^ c", "SELECT a * (b ^ c)"},
		// -> as JSON_EXTRACT
		{"SELECT a -> 'b'", "SELECT a -> 'b'"},
		{"SELECT f(a) ->> 'b' -> 1", "SELECT (f(a) ->> 'b') -> 1"},
		// BOOLEAN as TINYINT(1)
		{"SELECT CAST(a AS BOOLEAN), TRUE", "SELECT CAST(a AS boolean), TRUE"},
		// names folded alike
		{`SELECT "Foo", Foo, "foo" FROM "Bar", Bar`, `SELECT "Foo", foo, foo FROM "Bar", bar`},
		// flat set operations
		{"SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", "SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)"},
		{"SELECT 1 EXCEPT SELECT 2 UNION ALL SELECT 3", "(SELECT 1 EXCEPT SELECT 2) UNION ALL SELECT 3"},
		{
			"SELECT 1 INTERSECT ALL SELECT 2 UNION SELECT 3 INTERSECT SELECT 4 INTERSECT SELECT 5 EXCEPT ALL SELECT 6",
			"((SELECT 1 INTERSECT ALL SELECT 2) UNION ((SELECT 3 INTERSECT SELECT 4) INTERSECT SELECT 5)) EXCEPT ALL SELECT 6",
		},
		{"(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3", "(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3"},
		// literals keep their scale and range
		{"SELECT 1e400, 1.50, 00.5, 18446744073709551616", "SELECT 1e400, 1.50, 00.5, 18446744073709551616"},
		// words of MySQL's that are just names
		{"SELECT rank, row_number, dual, div, mod, xor, rlike, ignore FROM straight_join, force", "SELECT rank, row_number, dual, div, mod, xor, rlike, ignore FROM straight_join, force"},
		{"SELECT key, value, time, window_start, interval, date FROM pass", `SELECT key, value, "time", window_start, "interval", date FROM pass`},
		{"SELECT max(a) AS max, if(a, b, c), m1, \"m2\" FROM m0", "SELECT max(a) AS max, if(a, b, c), m1, m2 FROM m0"},
		{"SELECT row_number(x) OVER (), f(x) OVER w", "SELECT row_number(x) OVER (), f(x) OVER w"},
		{"SELECT a.b.c.d.e.f", "SELECT a.b.c.d.e.f"},
		// hints and comments
		{"SELECT /*+ HASH_JOIN(a) */ a /*! STRAIGHT_JOIN */ FROM a /* PARTITION (p) */", "SELECT a FROM a"},
		{"SELECT 1 # 2", "SELECT 1 # 2"},
		{"SELECT 1 --2", "SELECT 1"},
		{"SELECT 1 - -2", "SELECT 1 - (- 2)"},
		// a constant in ORDER BY, GROUP BY is what it is
		{"SELECT a FROM t GROUP BY 1 ORDER BY 1", "SELECT a FROM t GROUP BY 1 ORDER BY 1"},
		{"SELECT * FROM t PARTITION (p0)", "SELECT * FROM t AS partition (p0)"},
		// joins nest as their conditions say
		{"SELECT * FROM a JOIN b JOIN c ON 1 = 1 ON 2 = 2", "SELECT * FROM a JOIN (b JOIN c ON 1 = 1) ON 2 = 2"},
		{"SELECT * FROM a JOIN b CROSS JOIN c ON 2 = 2", "SELECT * FROM a JOIN (b CROSS JOIN c) ON 2 = 2"},
		{"SELECT * FROM a CROSS JOIN b CROSS JOIN c, d", "SELECT * FROM a CROSS JOIN b CROSS JOIN c, d"},
		{"SELECT * FROM a LEFT JOIN b ON x RIGHT JOIN c USING (y)", "SELECT * FROM a LEFT JOIN b ON x RIGHT JOIN c USING (y)"},
		{"SELECT * FROM (a CROSS JOIN (b JOIN c ON x)) j", "SELECT * FROM (a CROSS JOIN (b JOIN c ON x)) AS j"},
	} {
		stmt, err := ParseOne(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := stmt.String(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

// TestTrapsRefused: what tidb would accept, and PostgreSQL does not, or what
// has no meaning here.
func TestTrapsRefused(t *testing.T) {
	for _, c := range []struct {
		in, code, message, hint string
		pos                     int
	}{
		{"SELECT 'a' 'b'", CodeSyntax, `syntax error at or near "'b'"`, "", 11},
		{"SELECT a < b < c", CodeSyntax, `syntax error at or near "<"`, "", 13},
		{"SELECT * FROM a JOIN b", CodeSyntax, `syntax error at end of input`, "a join needs ON or USING; without a condition it is CROSS JOIN", 22},
		{"SELECT * FROM a JOIN b WHERE x", CodeSyntax, `syntax error at or near "WHERE"`, "a join needs ON or USING; without a condition it is CROSS JOIN", 23},
		{"SELECT a DIV b", CodeSyntax, `syntax error at or near "b"`, "", 13},
		{"SELECT STRAIGHT_JOIN a FROM t", "", "", "", 0}, // a name with an alias, as in PostgreSQL
		{"SELECT * FROM t USE INDEX (i)", CodeSyntax, `syntax error at or near "INDEX"`, "", 20},
		{"SELECT * FROM t FOR UPDATE", CodeUnsupported, "FOR UPDATE is not supported", "rows are not locked here", 16},
		{"SELECT * FROM t FOR SHARE", CodeUnsupported, "FOR SHARE is not supported", "rows are not locked here", 16},
		{"SELECT a INTO x FROM t", CodeUnsupported, "SELECT INTO is not supported", "use CREATE MATERIALIZED VIEW … AS", 9},
		{"SELECT * FROM t INTO OUTFILE 'x'", CodeUnsupported, "SELECT INTO is not supported", "use CREATE MATERIALIZED VIEW … AS", 16},
		{"SELECT * FROM t LIMIT 1, 2", CodeSyntax, `syntax error at or near ","`, "use LIMIT and OFFSET", 23},
		{"SELECT * FROM t TABLESAMPLE system (1)", CodeUnsupported, "TABLESAMPLE is not supported", "", 16},
		{"SELECT `a`", CodeSyntax, "syntax error at or near \"`\"", `names are quoted with ": "name"`, 7},
		{"SELECT a FROM t WHERE a == 1", "42883", "operator does not exist: ==", "equality is written =", 24},
		{"SELECT INTERVAL 10 SECOND", CodeSyntax, `syntax error at or near "10"`, "an interval is written INTERVAL '10 seconds' or INTERVAL '10' SECOND", 16},
		{"SELECT a.b.*.c", CodeSyntax, `syntax error at or near "."`, "", 12},
		{"SELECT binary 'a'", "", "", "", 0}, // a type of the user's name
		{"SELECT @x := 1", CodeSyntax, `syntax error at or near ":="`, "", 10},
		{"SELECT a LIMIT 1 LIMIT 2", CodeSyntax, `syntax error at or near "LIMIT"`, "", 17},
		{"SELECT 0x1F", CodeSyntax, `trailing junk after numeric literal at or near "0x1F"`, "", 7},
		{"SELECT DEFAULT", CodeSyntax, "DEFAULT is not allowed in this context", "", 7},
	} {
		_, err := ParseOne(c.in)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.in, err)
			}
			continue
		}
		e, ok := err.(*Error)
		if !ok {
			t.Errorf("%s: no error", c.in)
			continue
		}
		if e.Code != c.code || e.Message != c.message || e.Hint != c.hint || int(e.Pos) != c.pos {
			t.Errorf("%s\n got %s %q at %d, hint %q\nwant %s %q at %d, hint %q", c.in, e.Code, e.Message, e.Pos, e.Hint, c.code, c.message, c.pos, c.hint)
		}
	}
}

// TestLiterals: what the tokens of constants mean.
func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		in   string
		kind ast.LitKind
		text string
	}{
		{"'it''s'", ast.StringLit, "it's"},
		{`e'a\'b\\\t\101\x41\u00e9\U0001F600'`, ast.StringLit, "a'b\\\tAA\u00e9\U0001F600"},
		{`e'\ud83d\ude00'`, ast.StringLit, "\U0001F600"},
		{`U&'d\0061t\+000061\\'`, ast.StringLit, `data\`},
		{`U&'d!0061t' UESCAPE '!'`, ast.StringLit, "dat"},
		{"$$a'b$$", ast.StringLit, "a'b"},
		{"$t$a$$b$t$", ast.StringLit, "a$$b"},
		{"'a' \n -- more\n 'b'", ast.StringLit, "ab"},
		{"n'x'", ast.StringLit, "x"},
		{"B'01'", ast.BitLit, "b01"},
		{"x'1F'", ast.BitLit, "x1F"},
		{".5", ast.NumberLit, ".5"},
		{"5.", ast.NumberLit, "5."},
		{"1e-3", ast.NumberLit, "1e-3"},
		{"TRUE", ast.BoolLit, "true"},
		{"null", ast.NullLit, ""},
	} {
		l, ok := exprOf(t, c.in).(*ast.Literal)
		if !ok || l.Kind != c.kind || l.Text != c.text {
			t.Errorf("%s: %+v", c.in, l)
		}
	}
	for in, want := range map[string]string{
		"'a":              `unterminated quoted string at or near "'a"`,
		`"a`:              `unterminated quoted identifier at or near ""a"`,
		`""`:              `zero-length delimited identifier at or near """"`,
		"$a$ x":           `unterminated dollar-quoted string at or near "$a$ x"`,
		"/* /* */":        `unterminated /* comment at or near "/* /* */"`,
		"1a":              `trailing junk after numeric literal at or near "1a"`,
		"$1a":             `trailing junk after parameter at or near "$1a"`,
		`e'\u12'`:         `invalid Unicode escape at or near "e'\u12'"`,
		`U&'\00zz'`:       `invalid Unicode escape at or near "U&'\00zz'"`,
		`e'\xff'`:         `invalid byte sequence for encoding "UTF8"`,
		"b'2'":            `invalid digit in bit string literal at or near "b'2'"`,
		"'a' \x00":        `invalid byte sequence for encoding "UTF8"`,
		"'\xc3'":          `invalid byte sequence for encoding "UTF8"`,
		"a \u00a7 b":      `syntax error at or near "b"`, // a name, as in PostgreSQL
		"{":               `syntax error at or near "{"`,
		"U&'a' UESCAPE 1": `invalid Unicode escape character at or near "UESCAPE "`,
	} {
		if _, err := ParseOne("SELECT " + in); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}
