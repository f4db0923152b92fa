package bind_test

import (
	"testing"

	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// BenchmarkPointSelect is what a SELECT of one row costs before it runs.
func BenchmarkPointSelect(b *testing.B) {
	s := fuzzSession(b)
	const sql = "SELECT n FROM per_auction WHERE auction = 4711"
	env := s.env()
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parse.ParseOne(sql); err != nil {
				b.Fatal(err)
			}
		}
	})
	stmt, err := parse.ParseOne(sql)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("bind", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := bind.Select(stmt.(*ast.Select), env); err != nil {
				b.Fatal(err)
			}
		}
	})
	q, err := bind.Select(stmt.(*ast.Select), env)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g, err := planner.Bounded(q.Plan)
			if err != nil || g.Vertices[0].Read.Point == nil {
				b.Fatal("no point look-up", err)
			}
		}
	})
}
