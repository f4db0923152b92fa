package system_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/parse"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/system"
)

var postgres = flag.String("postgres", "", "connection string of a PostgreSQL 15 that writes the expected rows anew")

const golden = "testdata/postgres.txt"

// TestLikePostgres: queries over no data of ours give the rows that PostgreSQL
// gave for them. Each stands in the file with what PostgreSQL printed, errors
// as their SQLSTATE.
func TestLikePostgres(t *testing.T) {
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n := 0
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		query, want, _ := strings.Cut(block, "\n----\n")
		if *postgres != "" {
			want = ask(t, query)
			out.WriteString(query + "\n----\n" + want + "\n\n")
		}
		n++
		if got := run(query); got != want {
			t.Errorf("%s\n%s\nwant\n%s", query, got, want)
		}
	}
	t.Logf("%d queries", n)
	if *postgres != "" {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// ask has PostgreSQL run a query.
func ask(t *testing.T, query string) string {
	cmd := exec.Command("psql", *postgres, "-XAtq", "-P", "null=NULL", "-v", "VERBOSITY=sqlstate", "-c", query)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return orNone(strings.TrimSpace(strings.ReplaceAll(string(out), ":  ", " ")))
}

var env = &system.Env{User: "alice", Database: "demo", Zone: time.UTC, Now: time.Unix(1e9, 0)}

// run answers a query as psql -At prints it.
func run(query string) string {
	b, cols, err := rows(query)
	if err != nil {
		var e *result.Error
		if errors.As(err, &e) {
			return "ERROR " + e.Code
		}
		return "ERROR " + err.Error()
	}
	var lines []string
	for row := range b.N {
		var line []byte
		for i, c := range b.Cols {
			if i > 0 {
				line = append(line, '|')
			}
			if batch.IsNull(c, row) {
				line = append(line, "NULL"...)
				continue
			}
			line = batch.AppendText(line, c, row, cols[i].Type, time.UTC)
		}
		lines = append(lines, string(line))
	}
	return orNone(strings.Join(lines, "\n"))
}

// orNone keeps an empty result from being an empty line, which ends a query.
func orNone(s string) string {
	if s == "" {
		return "(no rows)"
	}
	return s
}

func rows(query string) (*batch.Batch, []result.Column, error) {
	st, err := parse.ParseOne(query)
	if err != nil {
		return nil, nil, err
	}
	q, err := system.Compile(env, st.(*ast.Select), nil)
	if err != nil {
		return nil, nil, err
	}
	b, err := q.Run(context.Background(), env)
	return b, q.Columns, err
}

// TestComparisonNotices: the comparison above sees a wrong row.
func TestComparisonNotices(t *testing.T) {
	if run("SELECT 1") == "2" || run("SELECT 1/0") != "ERROR 22012" || run("SELECT NULL") != "NULL" {
		t.Fatal("the comparison does not tell results apart")
	}
}
