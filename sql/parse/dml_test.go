package parse

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// TestConstantRows: VALUES of bare constants, which is read by itself, is the
// tree that the way of all queries gives, positions included.
func TestConstantRows(t *testing.T) {
	for text, plain := range map[string]bool{
		"VALUES (1)": true,
		"VALUES (1, -2, 'x', NULL, true), (2.5, 1e3, $1, e'\\n', FALSE)": true,
		"VALUES (1), (DEFAULT, - 3)":                                     true,
		"VALUES (1 + 1)":                                                 false,
		"VALUES (1), (x)":                                                false,
		"VALUES (1) ORDER BY 1":                                          false,
		"VALUES (1) UNION VALUES (2)":                                    false,
		"VALUES (- -3), ('a' 'b')":                                       false,
		"VALUES ('1'::int)":                                              false,
		"VALUES (date '2026-01-01')":                                     false,
	} {
		toks, lexErr := lex(text)
		if lexErr != nil {
			t.Fatal(lexErr)
		}
		fast := &reader{src: text, toks: toks, end: len(toks) - 1}
		v := fast.constants(true)
		if (v != nil) != plain {
			t.Errorf("%s: read as constants: %v", text, v != nil)
		}
		if v == nil {
			if fast.p != 0 || fast.err != nil {
				t.Errorf("%s: stands at %d with %v", text, fast.p, fast.err)
			}
			continue
		}
		slow := &spelling{reader: &reader{src: text, toks: toks, end: len(toks) - 1}, insert: true}
		q := &ast.Select{}
		slow.queryTree(q, slow.body())
		if !reflect.DeepEqual(q.Body, ast.Body(v)) {
			t.Errorf("%s:\n%s\n%s", text, q.Body, v)
		}
	}
}

// changes are statements with the words that TestPostgresReadsChanges takes
// out, doubles and swaps.
var changes = []string{
	"INSERT INTO t VALUES ( 1 , 'a' , DEFAULT ) , ( 2 , NULL , now() )",
	"INSERT INTO public . t AS x ( a , b ) SELECT a , b FROM u WHERE a > 1 ON CONFLICT DO NOTHING",
	"INSERT INTO t ( a ) VALUES ( 1 ) ON CONFLICT ( a ) DO UPDATE SET b = excluded . b WHERE t . b > 1 RETURNING * , a AS c",
	"INSERT INTO t DEFAULT VALUES RETURNING a , b + 1",
	"INSERT INTO t VALUES ( 1 ) ON CONFLICT ON CONSTRAINT t_pkey DO NOTHING",
	"WITH w AS ( SELECT 1 AS a ) INSERT INTO t SELECT * FROM w",
	"INSERT INTO t ( SELECT 1 ) UNION SELECT 2 ON CONFLICT ( a , b ) DO UPDATE SET ( a , b ) = ( 1 , DEFAULT )",
	"UPDATE t SET a = 1 , b = DEFAULT WHERE a = 2 RETURNING a",
	"UPDATE ONLY t AS x SET ( a , b ) = ROW ( 1 , x . b + 1 ) FROM u , v JOIN w ON true WHERE x . a = u . a",
	"WITH w AS ( SELECT 1 ) UPDATE t x SET a = ( SELECT 1 )",
	"DELETE FROM t WHERE a IN ( 1 , 2 ) RETURNING t . *",
	"DELETE FROM ONLY ( t ) AS x USING u , v AS w WHERE x . a = u . a",
	"TRUNCATE TABLE ONLY t , public . u * RESTART IDENTITY CASCADE",
	"TRUNCATE t CONTINUE IDENTITY RESTRICT",
	"CREATE TABLE IF NOT EXISTS t ( a BIGINT PRIMARY KEY , b TEXT NOT NULL DEFAULT 'x' || 'y' , c NUMERIC ( 10 , 2 ) NULL )",
	"CREATE TABLE t ( a INT , b INT , CONSTRAINT k PRIMARY KEY ( a , b ) )",
	"CREATE TABLE t ( a INT CONSTRAINT k PRIMARY KEY , b INT CONSTRAINT n NOT NULL )",
	"CREATE TABLE t ( )",
	"DROP TABLE IF EXISTS t , u CASCADE",
	"BEGIN ISOLATION LEVEL READ COMMITTED , READ WRITE",
	"START TRANSACTION READ ONLY",
	"COMMIT WORK", "ROLLBACK AND NO CHAIN", "END TRANSACTION", "ABORT",
}

// TestPostgresReadsChanges: of statements that change data, damaged at random,
// PostgreSQL refuses as syntax exactly those that we refuse.
func TestPostgresReadsChanges(t *testing.T) {
	conn := postgres(t)
	counts := map[bool]int{}
	for seed := range uint64(6000) {
		rng := rand.New(rand.NewPCG(seed, 4))
		text := damaged(rng, changes[seed%uint64(len(changes))])
		if stmt, err := ParseOne(text); err == nil && stmt != nil {
			if d := roundTrip(stmt); d != "" {
				t.Errorf("seed %d: %s\n%s", seed, text, d)
			}
		}
		want := answer(conn, text)
		refused := strings.HasPrefix(want, syntaxError)
		_, err := ParseOne(text)
		var told *Error
		if err != nil {
			told = err.(*Error)
		}
		counts[refused]++
		switch {
		case told == nil && refused:
			t.Errorf("seed %d: %s\nis read; PostgreSQL: %s", seed, text, want)
		case told != nil && told.Code == CodeSyntax && strings.HasPrefix(told.Message, "syntax error"):
			other := strings.HasPrefix(want, "22P02") || strings.Contains(want, "INSERT has more expressions") // read further, by operator class
			if !refused && !other {
				t.Errorf("seed %d: %s\n%v at %d; PostgreSQL: %s", seed, text, told, told.Pos, want)
			}
		}
	}
	t.Logf("%d refused by both, %d read", counts[true], counts[false])
	if counts[true] < 1000 || counts[false] < 1000 {
		t.Error("the statements are nearly all of one kind")
	}
}

// damaged takes a word out, doubles one, swaps two, or puts one of another
// statement there; a third of the statements stay as they are.
func damaged(rng *rand.Rand, text string) string {
	f := strings.Fields(text)
	for range rng.IntN(3) {
		i, j := rng.IntN(len(f)), rng.IntN(len(f))
		switch rng.IntN(4) {
		case 0:
			f = slices.Delete(f, i, i+1)
		case 1:
			f = slices.Insert(f, i, f[i])
		case 2:
			f[i], f[j] = f[j], f[i]
		case 3:
			other := strings.Fields(changes[rng.IntN(len(changes))])
			f[i] = other[rng.IntN(len(other))]
		}
		if len(f) == 0 {
			return ";"
		}
	}
	return strings.Join(f, " ")
}
