package parse

import (
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// TestCarrier: for each rule of the carrier, how a query is spelled for tidb
// and what comes back.
func TestCarrier(t *testing.T) {
	for _, c := range []struct{ rule, in, spelled, want string }{
		{
			"names", `SELECT a.b."C", rank FROM "Key" k`,
			" select m0, m1 from m2",
			`SELECT a.b."C", rank FROM "Key" AS k`,
		},
		{
			"literals", "SELECT 1e400, 1.50, TRUE, DATE '2026-01-01', INTERVAL '1' HOUR, $1, 'x'",
			" select m0, m1, m2, m3, m4, m5, m6",
			"SELECT 1e400, 1.50, TRUE, date '2026-01-01', INTERVAL '1' HOUR, $1, 'x'",
		},
		{
			"native operators", "SELECT a + b * - c AND d = e",
			" select m0 + m1 * - m2 and m3 = m4",
			"SELECT (a + (b * (- c))) AND (d = e)",
		},
		{
			"other operators", "SELECT a || b + c -> d",
			" select m0<< m1 << m2 + m3<< m4 << m5",
			"SELECT (a || (b + c)) -> d",
		},
		{
			"LIKE", "SELECT a NOT LIKE b ESCAPE c = d",
			" select m0| m1 | m2| m3 | m4 = m5",
			"SELECT (a NOT LIKE b ESCAPE c) = d",
		},
		{
			"IN", "SELECT a IN (1, 2), b NOT IN (SELECT c FROM d)",
			" select m0| m1( m2, m3), m4| m5()",
			"SELECT a IN (1, 2), b NOT IN (SELECT c FROM d)",
		},
		{
			"BETWEEN", "SELECT a BETWEEN b AND c AND d",
			" select m0| m1( m2)| m3 and m4",
			"SELECT (a BETWEEN b AND c) AND d",
		},
		{
			"power and time zone", "SELECT a * b ^ c AT TIME ZONE d",
			" select m0 * m1^ m2 ^ m3^ m4 ^ m5",
			"SELECT a * (b ^ (c AT TIME ZONE d))",
		},
		{
			"IS DISTINCT", "SELECT a IS DISTINCT FROM b = c",
			" select m0<=> m1 <=> m2 = m3",
			"SELECT a IS DISTINCT FROM (b = c)",
		},
		{
			"IS NULL", "SELECT a = b IS NULL",
			" select m0 = m1<=> m2",
			"SELECT (a = b) IS NULL",
		},
		{
			"prefix operators", "SELECT NOT a = b AND ~ c + d || e",
			" select m0( m1 = m2) and m3( m4 + m5)<< m6 << m7",
			"SELECT (NOT (a = b)) AND ((~ (c + d)) || e)",
		},
		{
			"postfix under tighter", "SELECT a AND b IN (1) + 2",
			" select m0 and m4( m1| m2( m3)) + m5",
			"SELECT a AND ((b IN (1)) + 2)",
		},
		{
			"calls", "SELECT count(*), sum(DISTINCT a ORDER BY b DESC) FILTER (WHERE c), f(x => 1)",
			" select m0(), m1( m2, m3, m4), m5( m6)",
			"SELECT count(*), sum(DISTINCT a ORDER BY b DESC) FILTER (WHERE c), f(x => 1)",
		},
		{
			"special calls", "SELECT extract(year FROM a), CAST(a AS int), position(a IN b), current_date",
			" select m0( m1), m2( m3), m4( m5, m6), m7",
			"SELECT EXTRACT(year FROM a), CAST(a AS integer), POSITION(a IN b), CURRENT_DATE",
		},
		{
			"OVER", "SELECT row_number(x) OVER (PARTITION BY a ORDER BY b ROWS 1 PRECEDING), f(a) OVER w FROM t WINDOW w AS (ORDER BY c)",
			" select m0( m1, m2, m3, m4), m5( m6) from m7 having m8( m9)",
			"SELECT row_number(x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), f(a) OVER w FROM t WINDOW w AS (ORDER BY c)",
		},
		{
			"postfix", "SELECT a::int, b[1], (c).d, ARRAY[1, 2], ARRAY(SELECT 1), ROW(a), (a, b), a = ANY (b), CASE a WHEN b THEN c END",
			" select m1( m0), m3( m2, m4), m6(( m5)), m7( m8, m9), m10, m11( m12), m14( m13, m15), m16<=> m17( m18), m19( m20, m21, m22)",
			"SELECT a::integer, b[1], (c).d, ARRAY[1, 2], ARRAY(SELECT 1), ROW(a), (a, b), a = ANY (b), CASE a WHEN b THEN c END",
		},
		{
			"FROM items", "SELECT * FROM a AS x (p), (VALUES (1)) v, unnest(b) u, TUMBLE(c, d, INTERVAL '1' DAY), e FOR SYSTEM_TIME AS OF f + 1",
			" select m0 from m1, m2, m6, m9, m10 having m14( m3( m4( m5)), m7( m8), m11( m12 + m13))",
			"SELECT * FROM a AS x (p), (VALUES (1)) AS v, unnest(b) AS u, TUMBLE(c, d, INTERVAL '1' DAY), e FOR SYSTEM_TIME AS OF f + 1",
		},
		{
			"joins", "SELECT * FROM a FULL JOIN b ON c = d NATURAL JOIN e CROSS JOIN f JOIN g JOIN h USING (i) ON j, k",
			" select m0 from m1 join m2 on m3( m4 = m5) join m6 on m7 join m8 on m9 join( m10 join m11 on m12) on m13( m14), m15",
			"SELECT * FROM a FULL JOIN b ON c = d NATURAL JOIN e CROSS JOIN f JOIN (g JOIN h USING (i)) ON j, k",
		},
		{
			"DISTINCT ON", "SELECT DISTINCT ON (a) a, b FROM c",
			" select m0( m1), m2, m3 from m4",
			"SELECT DISTINCT ON (a) a, b FROM c",
		},
		{
			"grouping", "SELECT a FROM b GROUP BY (a, b), ROLLUP (c, (d, e)), () HAVING f > 1",
			" select m0 from m1 group by m3( m2, m4), m5( m6, m8( m7, m9)), m10 having m11( m12 > m13)",
			"SELECT a FROM b GROUP BY a, b, ROLLUP (c, (d, e)), () HAVING f > 1",
		},
		{
			"ORDER BY and LIMIT", "SELECT a FROM b ORDER BY a DESC NULLS LAST LIMIT 1 + 1 OFFSET $1",
			" select m0 from m1 order by m2( m3), m4( m5 + m6), m7( m8)",
			"SELECT a FROM b ORDER BY a DESC NULLS LAST LIMIT 1 + 1 OFFSET $1",
		},
		{
			"set operations", "(SELECT 1 ORDER BY 1) UNION ALL VALUES (1), (2) INTERSECT TABLE a",
			" select 1 union all select m0( m1), m2( m3) intersect select m4 from m5",
			"(SELECT 1 ORDER BY 1) UNION ALL (VALUES (1), (2) INTERSECT SELECT * FROM a)",
		},
		{
			"no FROM", "SELECT WHERE a",
			" select m0 from m1 where m2",
			"SELECT WHERE a",
		},
		{
			"WITH", "WITH a AS (SELECT 1) SELECT * FROM a EMIT CHANGES",
			" select m0 from m1",
			"WITH a AS (SELECT 1) SELECT * FROM a EMIT CHANGES",
		},
	} {
		toks, _ := lex(c.in)
		r := &reader{src: c.in, toks: toks, end: len(toks) - 1}
		r.with()
		s := &spelling{reader: r}
		s.body()
		s.tail(&ast.Select{})
		if got := string(s.buf); got != c.spelled {
			t.Errorf("%s: %s\nspelled %s\nwant    %s", c.rule, c.in, got, c.spelled)
		}
		stmt, err := ParseOne(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if got := stmt.String(); got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.rule, c.in, got, c.want)
		}
	}
}
