package system

import (
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// TestHandles: queries without relations are the system's only if they ask for
// what it alone knows.
func TestHandles(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT 1": false,
		"SELECT age(TIMESTAMP '2026-03-01', TIMESTAMP '2026-01-15')": false,
		"SELECT age(TIMESTAMPTZ '2026-03-01')":                       true,
		"SELECT (ARRAY[1, 2])[1], 1 = ANY ('{1}'::int[])":            false,
		"SELECT array_to_string(ARRAY[1, 2], ',')":                   false,
		"SELECT now()":                 false,
		"SELECT pg_backend_pid()":      true,
		"SELECT * FROM dirigo_queries": true,
	} {
		node, err := parse.ParseOne(sql)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Handles(node.(*ast.Select), nil); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", sql, got, err, want)
		}
	}
}
