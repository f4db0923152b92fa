package bind_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// TestSize: a statement that stands for too many SELECTs is refused before its
// plan is built; long chains that stay small are not.
func TestSize(t *testing.T) {
	// chain is WITH queries, each over the last, which it names so many times.
	chain := func(length, uses int) string {
		var w strings.Builder
		w.WriteString("WITH a0 AS (SELECT price FROM bids)")
		for i := range length {
			part := fmt.Sprintf("SELECT * FROM a%d", i)
			fmt.Fprintf(&w, ", a%d AS (%s%s)", i+1, part, strings.Repeat(" UNION ALL "+part, uses-1))
		}
		return fmt.Sprintf("%s SELECT * FROM a%d", w.String(), length)
	}
	tests := []struct {
		name, sql string
		fits      bool
	}{
		{"doubling", chain(40, 2), false},
		{"doubling a little", chain(6, 2), true},
		{"long", chain(100, 1), true},
		{"union", "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 1000), false},
		{"smaller union", "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 900), true},
	}
	for _, test := range tests {
		stmt, err := parse.ParseOne(test.sql)
		if err != nil {
			t.Fatal(err)
		}
		_, err = bind.Select(stmt.(*ast.Select), fuzzSession(t).env())
		var e *bind.Error
		if fits := !errors.As(err, &e) || e.Code != "54001"; fits != test.fits || fits && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestLongName: names of what is created have PostgreSQL's bound.
func TestLongName(t *testing.T) {
	for length, code := range map[int]string{63: "", 64: "42622"} {
		stmt, err := parse.ParseOne("CREATE MATERIALIZED VIEW " + strings.Repeat("v", length) + " AS SELECT price FROM bids")
		if err != nil {
			t.Fatal(err)
		}
		_, err = bind.CreateView(stmt.(*ast.CreateView), fuzzSession(t).env())
		var e *bind.Error
		if got := ""; errors.As(err, &e) && e.Code != code || err == nil && got != code {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}
