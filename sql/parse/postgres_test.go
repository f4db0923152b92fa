package parse

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

var update = flag.Bool("update", false, "write testdata/expressions.txt anew; needs PostgreSQL")

// TestExpressions: expressions are read as they were when PostgreSQL last
// confirmed it (go test -run PostgresReads -update writes the file).
func TestExpressions(t *testing.T) {
	text, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) < 1000 {
		t.Fatalf("only %d lines", len(lines))
	}
	for i := 0; i+1 < len(lines); i += 2 {
		want := strings.TrimPrefix(lines[i+1], "\t")
		if got := exprOf(t, lines[i]).String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", lines[i], got, want)
		}
	}
}

// postgres connects to the server that DIRIGO_TEST_POSTGRES names.
func postgres(t *testing.T) *pgx.Conn {
	url := os.Getenv("DIRIGO_TEST_POSTGRES")
	if url == "" {
		t.Skip("set DIRIGO_TEST_POSTGRES to a connection string of PostgreSQL 15 to compare with it")
	}
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// syntaxError is how PostgreSQL begins when it cannot read a text at all.
const syntaxError = CodeSyntax + " syntax error"

// place is where PostgreSQL puts its error, as a byte offset.
func place(conn *pgx.Conn, query string) int {
	_, err := conn.PgConn().Exec(context.Background(), query).ReadAll()
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return -1
	}
	return int(pg.Position) - 1
}

// answer is what PostgreSQL says to a query: its rows, or its error without
// the position.
func answer(conn *pgx.Conn, query string) string {
	results, err := conn.PgConn().Exec(context.Background(), query).ReadAll()
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		return pg.Code + " " + pg.Message
	case err != nil:
		return err.Error()
	}
	var b strings.Builder
	for _, res := range results {
		for _, row := range res.Rows {
			for _, v := range row {
				fmt.Fprintf(&b, "%q,", v)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// TestPostgresReadsTheSame: PostgreSQL gives the same answer to an expression
// and to what we print of it with parentheses around every operand; and it
// refuses, as a matter of syntax, exactly what we refuse.
func TestPostgresReadsTheSame(t *testing.T) {
	conn := postgres(t)
	const n = 20000
	values, failed := 0, 0
	var lines []string
	for seed := range uint64(n) {
		text := randomExpr(rand.New(rand.NewPCG(seed, 1)))
		query := "SELECT " + text
		want := answer(conn, query)
		refused := strings.HasPrefix(want, syntaxError)
		stmt, err := ParseOne(query)
		if err != nil {
			e := err.(*Error)
			switch at := place(conn, query); {
			case !refused, CodeSyntax+" "+e.Message != want, at != int(e.Pos):
				t.Errorf("seed %d: %s\n%v at %d; PostgreSQL: %s at %d", seed, text, err, e.Pos, want, at)
			}
			failed++
			continue
		}
		if refused {
			t.Errorf("seed %d: %s\nread as %s; PostgreSQL: %s", seed, text, stmt, want)
			continue
		}
		if got := answer(conn, stmt.String()); got != want {
			t.Errorf("seed %d: %s\nread as %s: %s\nPostgreSQL: %s", seed, text, stmt, got, want)
		}
		if want[0] == '"' && len(want) > 4 {
			values++
			lines = append(lines, text+"\n\t"+strings.TrimPrefix(stmt.String(), "SELECT ")+"\n")
		}
		if d := roundTrip(stmt); d != "" {
			t.Errorf("seed %d: %s\n%s", seed, text, d)
		}
	}
	t.Logf("%d expressions: %d with a value, %d refused by both", n, values, failed)
	if *update && !t.Failed() {
		if err := os.WriteFile("testdata/expressions.txt", []byte(strings.Join(lines[:600], "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPostgresRunsPrinted: psql's own queries, printed by us, give what they
// gave before.
func TestPostgresRunsPrinted(t *testing.T) {
	conn := postgres(t)
	for _, text := range corpus(t, "psql15.sql") {
		stmt, err := ParseOne(text)
		if err != nil {
			t.Fatal(err)
		}
		want, got := answer(conn, text), answer(conn, stmt.String())
		if q := stmt.(*ast.Select); q.OrderBy != nil && got != want {
			t.Errorf("%s\nprinted %s\n%s\nwant %s", text, stmt, got, want)
		}
	}
}

var (
	randomOperands = []string{
		"1", "2", "3", "7", "0", "2.5", "true", "false", "NULL", "'a'", "'1'", "'%'", "5::text", "'3'::int",
		"ARRAY[1,2]", "ARRAY[1,2][1]", "abs(-3)", "CASE WHEN true THEN 1 ELSE 2 END", "TIMESTAMP '2026-01-01'",
		"(SELECT 4)", "DATE '2026-01-02'", "INTERVAL '1' DAY", "length('abc')", "row(1, 2)", "(1, 3)",
	}
	randomInts  = []string{"1", "2", "3", "4", "5", "6", "7"}
	randomInfix = []string{
		"+", "-", "*", "/", "%", "^", "||", "&", "|", "#", "<<", ">>", "=", "<>", "!=", "<", ">", "<=", ">=",
		"AND", "OR", "LIKE", "NOT LIKE", "ILIKE", "SIMILAR TO", "IS DISTINCT FROM", "IS NOT DISTINCT FROM",
		"BETWEEN 1 AND", "NOT BETWEEN 2 + 1 AND", "~", "!~", "OPERATOR(pg_catalog.+)", "OPERATOR(pg_catalog.=)",
		"AT TIME ZONE", "ESCAPE", "BETWEEN SYMMETRIC 5 AND",
	}
	intInfix      = []string{"+", "-", "*", "&", "|", "#", "<<", ">>", "OPERATOR(pg_catalog.-)", "%"}
	boolInfix     = []string{"AND", "OR", "=", "<>", "<", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"}
	randomPostfix = []string{
		"IS NULL", "IS NOT NULL", "IS TRUE", "IS NOT UNKNOWN", "ISNULL", "NOTNULL", "IN (1, 2)", "NOT IN (3)",
		"= ANY (ARRAY[1,2])", "<> ALL (SELECT 1)", "::int", "::text", "::boolean", `COLLATE "C"`, "LIKE ANY (ARRAY['a'])",
	}
	randomPrefix = []string{"-", "+", "NOT", "~", "@", "- -", "OPERATOR(pg_catalog.-)"}
)

// randomExpr writes an expression of a few operators, mostly without
// parentheses: of integers, of booleans, or of anything.
func randomExpr(rng *rand.Rand) string {
	pick := func(list []string) string { return list[rng.IntN(len(list))] }
	operands, infix, prefix, postfix := randomOperands, randomInfix, randomPrefix, randomPostfix
	switch rng.IntN(4) {
	case 0:
		operands, infix, prefix, postfix = randomInts, intInfix, []string{"-", "~", "@", "+"}, []string{"::int", "::text::int"}
	case 1:
		operands, infix = []string{"true", "false", "NULL", "1 < 2", "3 IN (3)", "'a' LIKE 'b'"}, boolInfix
		prefix, postfix = []string{"NOT"}, []string{"IS NULL", "IS TRUE", "IS NOT FALSE", "ISNULL", "IN (true)", "= ANY (ARRAY[true])"}
	case 2:
		operands, infix = randomInts, append([]string{"=", "<", "AND", "LIKE", "||"}, intInfix...)
	}
	var b strings.Builder
	for i, n := 0, 2+rng.IntN(5); i < n; i++ {
		if i > 0 {
			b.WriteString(" " + pick(infix) + " ")
		}
		if rng.IntN(4) == 0 {
			b.WriteString(pick(prefix) + " ")
		}
		if rng.IntN(10) == 0 {
			b.WriteString("(" + pick(operands) + " " + pick(infix) + " " + pick(operands) + ")")
		} else {
			b.WriteString(pick(operands))
		}
		if rng.IntN(5) == 0 {
			b.WriteString(" " + pick(postfix))
		}
	}
	return b.String()
}
