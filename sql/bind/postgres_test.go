package bind_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/plantest"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// psql is the command of a PostgreSQL client that rewrites the expectations:
//
//	go test ./sql/bind -run Postgres -psql 'psql -h localhost postgres'
var psql = flag.String("psql", "", "ask PostgreSQL for the expectations with this command")

// The table of the queries, in both engines.
var (
	tableColumns = "a INT, b BIGINT, n NUMERIC, f DOUBLE PRECISION, s TEXT, d DATE, ts TIMESTAMP, z BOOLEAN"
	tableRows    = []string{
		"1|10|1.50|0.5|x|2026-01-01|2026-01-01 10:00:00|t",
		"1|20|2.25|1.5|y|2026-01-02|2026-01-01 10:05:00|f",
		"2|30|NULL|2.5|x|2026-01-03|2026-01-01 11:00:00|NULL",
		"2|NULL|-3|NULL|NULL|NULL|2026-01-02 00:00:00|t",
		"3|10|0.10|-1|z|2026-02-01|2026-02-01 12:30:00|f",
		"NULL|50|7|1e10|yy|2026-01-01|NULL|t",
	}
)

// TestPostgres: names, types, grouping, ordering and errors are PostgreSQL's:
// the same queries give the same rows, or the same error at the same place.
func TestPostgres(t *testing.T) {
	const file = "testdata/postgres/select.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	table := readTable(t)
	var out []string
	for block := range strings.SplitSeq(string(text), "====\n") {
		sql, want, _ := strings.Cut(block, "----\n")
		if *psql != "" {
			want = askPostgres(t, sql)
		}
		if got := answer(sql, table); got != want {
			t.Errorf("%s\ngives\n%s\nPostgreSQL gives\n%s", sql, got, want)
		}
		out = append(out, sql+"----\n"+want)
	}
	if *psql != "" {
		if err := os.WriteFile(file, []byte(strings.Join(out, "====\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// oneTable is a catalog of the table t.
type oneTable struct{ table plantest.Table }

func (o oneTable) Relation(name ...string) (*logical.Relation, error) {
	if base, err := catalog.Base(name...); err != nil || base != "t" {
		return nil, &catalog.Error{Code: "42P01", Message: fmt.Sprintf("relation %q does not exist", strings.Join(name, "."))}
	}
	return &logical.Relation{ID: 1, Name: "t", Kind: logical.View, Columns: o.table.Schema, Watermark: -1}, nil
}

func readTable(t *testing.T) plantest.Table {
	kinds := map[string]batch.Kind{
		"INT": batch.Int32, "BIGINT": batch.Int64, "NUMERIC": batch.Numeric, "DOUBLE PRECISION": batch.Float64,
		"TEXT": batch.Text, "DATE": batch.Date, "TIMESTAMP": batch.Timestamp, "BOOLEAN": batch.Bool,
	}
	table := plantest.Table{Rows: &batch.Batch{N: len(tableRows), Time: batch.MaxTime}}
	for column := range strings.SplitSeq(tableColumns, ", ") {
		name, kind, _ := strings.Cut(column, " ")
		table.Schema = append(table.Schema, batch.Field{Name: name, Type: batch.T(kinds[kind])})
		table.Rows.Cols = append(table.Rows.Cols, batch.New(kinds[kind], len(tableRows)))
	}
	for _, row := range tableRows {
		for i, cell := range strings.Split(row, "|") {
			if cell == "NULL" {
				batch.AppendNull(table.Rows.Cols[i])
			} else if err := batch.AppendParsed(table.Rows.Cols[i], table.Schema[i].Type, []byte(cell), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return table
}

// answer runs a query and returns its rows, in order where it asks for one, or
// its error.
func answer(sql string, table plantest.Table) string {
	stmt, err := parse.ParseOne(sql)
	if err != nil {
		return fmt.Sprintf("PARSE ERROR: %v\n", err)
	}
	env := bind.Env{Relations: oneTable{table}, Settings: catalog.Settings{TimeZone: "UTC"}}
	q, err := bind.Select(stmt.(*ast.Select), env)
	if err != nil {
		var e *bind.Error
		if !errors.As(err, &e) {
			return err.Error()
		}
		line, col := ast.Position(sql, e.Pos)
		return fmt.Sprintf("ERROR %s at %d:%d: %s\n", e.Code, line, col, e.Message)
	}
	g, err := planner.Bounded(q.Plan)
	if err != nil {
		return err.Error()
	}
	out, err := plantest.Run(g, map[uint64]plantest.Table{1: table})
	if err != nil {
		return "ERROR while running\n"
	}
	var rows []string
	counts := map[string]int64{}
	plantest.Each(out, q.Columns, "|", "NULL", func(row string, count int64) {
		counts[row] += count
		if count > 0 {
			rows = append(rows, row)
		}
	})
	rows = slices.DeleteFunc(rows, func(row string) bool { counts[row]--; return counts[row] < 0 })
	return lines(sql, rows)
}

func lines(sql string, rows []string) string {
	if !strings.Contains(sql, "ORDER BY") {
		slices.Sort(rows)
	}
	if len(rows) == 0 {
		return ""
	}
	return strings.Join(rows, "\n") + "\n"
}

var (
	errorLine = regexp.MustCompile(`(?m)^(?:psql:.*: )?ERROR:  (\w{5}): (.*)$`)
	caretLine = regexp.MustCompile(`(?m)^(LINE (\d+): )(.*)\n( *)\^$`)
)

// askPostgres runs a query in PostgreSQL.
func askPostgres(t *testing.T, sql string) string {
	t.Helper()
	script := "\\set QUIET 1\n\\set VERBOSITY verbose\nSET TimeZone = 'UTC'; SET client_min_messages = error;\n" +
		"CREATE TEMP TABLE t (" + tableColumns + ");\n"
	for _, row := range tableRows {
		cells := strings.Split(row, "|")
		for i, c := range cells {
			if c != "NULL" {
				cells[i] = "'" + c + "'"
			}
		}
		script += "INSERT INTO t VALUES (" + strings.Join(cells, ", ") + ");\n"
	}
	words := strings.Fields(*psql)
	cmd := exec.Command(words[0], append(words[1:], "-XAt", "-P", "null=NULL", "-f", "-")...)
	// One line, so that psql shows all of it in an error.
	cmd.Stdin = strings.NewReader(script + "\n" + strings.TrimSpace(sql) + "\n;\n")
	text, _ := cmd.CombinedOutput()
	if m := errorLine.FindSubmatch(text); m != nil {
		if c := caretLine.FindSubmatch(text); c != nil {
			return fmt.Sprintf("ERROR %s at %s:%d: %s\n", m[1], c[2], len(c[4])-len(c[1])+1, m[2])
		}
		return "ERROR while running\n"
	}
	rows := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(text) == 0 {
		rows = nil
	}
	return lines(sql, rows)
}
