// Package queries compares random SELECTs with PostgreSQL: each is bound,
// rewritten, planned and run over small constant relations, and must give the
// rows that PostgreSQL gives for the same text.
package queries

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/integration/pg"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/plantest"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

var (
	count = flag.Int("queries", 300, "how many random queries")
	first = flag.Uint64("seed", 1, "the first query's seed")
)

// TestRandomQueries: a query gives PostgreSQL's rows, through the operators and
// through the reference of joins. What is refused as not supported is counted;
// what PostgreSQL refuses must be refused.
func TestRandomQueries(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), pg.Start(t).ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var refused, failed, eager, rows int
	reasons := map[string]int{}
	for i := range *count {
		seed := *first + uint64(i)
		sql := generate(seed)
		want, wantErr := ask(t, conn, sql)
		got, err := run(sql)
		var e *bind.Error
		switch {
		case errors.As(err, &e) && e.Code == "0A000":
			refused++
			reasons[e.Message]++
		case (err != nil) != (wantErr != nil) && strings.Contains(fmt.Sprint(err, wantErr), "more than one row returned"):
			eager++ // which rows ask for a scalar subquery depends on the order of conditions
		case (err != nil) != (wantErr != nil):
			t.Errorf("seed %d\n%s\nfails with %v, PostgreSQL's with %v", seed, sql, err, wantErr)
		case err != nil:
			failed++
		case !slices.Equal(got, want):
			t.Errorf("seed %d\n%s\ngives\n%s\nPostgreSQL gives\n%s", seed, sql, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		rows += len(want)
		if t.Failed() && i > 20 && !testing.Verbose() {
			break
		}
	}
	t.Logf("%d queries from seed %d: %d rows, %d fail in both, %d in one alone, %d refused %v", *count, *first, rows, failed, eager, refused, reasons)
	if (refused+eager)*20 > *count {
		t.Errorf("%d of %d are refused: %v", refused, *count, reasons)
	}
}

// ask returns PostgreSQL's rows as text, sorted.
func ask(t *testing.T, conn *pgconn.PgConn, sql string) ([]string, error) {
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows []string
	for _, row := range results[0].Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = string(c)
			if c == nil {
				cells[i] = "NULL"
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	slices.Sort(rows)
	return rows, nil
}

// nothing is a catalog without relations: queries have their own, in WITH.
type nothing struct{}

func (nothing) Relation(name ...string) (*logical.Relation, error) {
	return nil, &catalog.Error{Code: "42P01", Message: "relation " + strings.Join(name, ".") + " does not exist"}
}

// run returns the query's rows as text, sorted; it runs twice.
func run(sql string) ([]string, error) {
	stmt, err := parse.ParseOne(sql)
	if err != nil {
		return nil, err
	}
	q, err := bind.Select(stmt.(*ast.Select), bind.Env{Relations: nothing{}, Settings: catalog.Settings{TimeZone: "UTC"}})
	if err != nil {
		return nil, err
	}
	g, err := planner.Bounded(q.Plan)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	want, err := played(plantest.RunReference, g, q.Columns)
	if err != nil {
		return nil, err
	}
	got, err := played(plantest.Run, g, q.Columns)
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("operators give\n%s\nthe reference gives\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return got, err
}

type runner func(*job.Graph, map[uint64]plantest.Table) ([]*batch.Batch, error)

func played(run runner, g *job.Graph, s batch.Schema) ([]string, error) {
	out, err := run(g, nil)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	plantest.Each(out, s, "|", "NULL", func(row string, n int64) { counts[row] += n })
	var rows []string
	for row, n := range counts {
		if n < 0 {
			return nil, fmt.Errorf("%d times %s", n, row)
		}
		for range n {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	return rows, nil
}

// TestWrongAnswersAreSeen is the negative control: a query that is not the one
// that PostgreSQL is asked differs in its rows.
func TestWrongAnswersAreSeen(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), pg.Start(t).ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	const with = "WITH t(a) AS (VALUES (1), (2), (NULL)), u(b) AS (VALUES (2), (NULL)) "
	for ours, theirs := range map[string]string{
		"SELECT a FROM t WHERE a NOT IN (SELECT b FROM u)":       "SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE b = a)",
		"SELECT a, b FROM t LEFT JOIN u ON a = b":                "SELECT a, b FROM t JOIN u ON a = b",
		"SELECT a FROM t INTERSECT SELECT b FROM u":              "SELECT a FROM t JOIN u ON a = b",
		"SELECT a, (SELECT count(*) FROM u WHERE b = a)\nFROM t": "SELECT a, (SELECT nullif(count(*), 0) FROM u WHERE b = a) FROM t",
	} {
		got, err := run(with + ours)
		if err != nil {
			t.Fatal(err)
		}
		same, err := ask(t, conn, with+ours)
		if err != nil || !slices.Equal(got, same) {
			t.Errorf("%s gives %v, PostgreSQL gives %v, %v", ours, got, same, err)
		}
		other, err := ask(t, conn, with+theirs)
		if err != nil || slices.Equal(got, other) {
			t.Errorf("%s and %s both give %v, %v", ours, theirs, got, err)
		}
	}
}

// generate writes a query from a seed.
func generate(seed uint64) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
	return g.statement()
}
