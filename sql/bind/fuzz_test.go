package bind_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/physical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// FuzzBind: whatever parses is either bound and planned, or refused with an
// *Error that has a code and a place within the text.
func FuzzBind(f *testing.F) {
	for _, sql := range statements(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		stmt, err := parse.ParseOne(sql)
		if err != nil {
			return
		}
		env := fuzzSession(t).env()
		if err = bindAny(stmt, env); err == nil {
			return
		}
		var e *bind.Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: not a user's error: %v", sql, err)
		}
		if len(e.Code) != 5 || e.Message == "" || int(e.Pos) > len(sql) {
			t.Fatalf("%q: error %+v", sql, e)
		}
	})
}

func bindAny(stmt ast.Statement, env bind.Env) error {
	var c *bind.Create
	var err error
	switch stmt := stmt.(type) {
	case *ast.Select:
		q, err := bind.Select(stmt, env)
		if err != nil {
			return err
		}
		_, err = planner.Bounded(q.Plan)
		return err
	case *ast.CreateStream:
		c, err = bind.CreateStream(stmt, env)
	case *ast.CreateView:
		c, err = bind.CreateView(stmt, env)
	}
	if err != nil || c == nil || c.Plan == nil {
		return err
	}
	_, err = planner.Continuous(c.Plan, physical.Options{Parallelism: 2})
	return err
}

// fuzzSession has the streams of the scripts.
func fuzzSession(t testing.TB) *session {
	s := newSession(t)
	for _, sql := range []string{
		"CREATE STREAM bids (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, date_time TIMESTAMP, at TIMESTAMPTZ, " +
			"WATERMARK FOR date_time AS date_time - INTERVAL '4 seconds') WITH (connector = 'kafka', topic = 'bids')",
		"CREATE MATERIALIZED VIEW per_auction AS SELECT auction, count(*) AS n FROM bids GROUP BY auction",
	} {
		s.play(sql)
	}
	return s
}

// statements are those of the scripts.
func statements(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "====\n") {
			sql, _, _ := strings.Cut(block, "----\n")
			out = append(out, sql)
		}
	}
	return out
}
