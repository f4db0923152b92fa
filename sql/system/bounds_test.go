package system_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/parse"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/system"
)

func compile(t *testing.T, sql string) *system.Query {
	t.Helper()
	st, err := parse.ParseOne(sql)
	if err != nil {
		t.Fatal(err)
	}
	q, err := system.Compile(env, st.(*ast.Select), nil)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestCancel: a query that would run for days ends when its context does.
func TestCancel(t *testing.T) {
	for _, sql := range []string{
		"SELECT 1 FROM generate_series(1, 900000) a, generate_series(1, 900000) b WHERE a + b < 0",
		"SELECT 1 FROM generate_series(1, 900000) a JOIN generate_series(1, 100000) b ON a + b < 0",
		"SELECT 1 FROM pg_attribute a, pg_attribute b, pg_attribute c WHERE a.attnum + b.attnum + c.attnum < 0",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := compile(t, sql).Run(ctx, env)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestMaxRows: a query does not hold more rows than it may.
func TestMaxRows(t *testing.T) {
	_, err := compile(t, "SELECT 1 FROM generate_series(1, 3000) a, generate_series(1, 3000) b").Run(t.Context(), env)
	var e *result.Error
	if !errors.As(err, &e) || e.Code != "54000" {
		t.Errorf("%v", err)
	}
}
