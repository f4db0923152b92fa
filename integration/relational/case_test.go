package relational

import (
	"fmt"
	"slices"
	"strings"
)

// step is one thing done to both engines.
type step struct {
	do  verb
	sql string // of a view: its query
}

// verb says what a step does.
type verb string

// The verbs; a script of a failing case has them, one a line.
const (
	statement verb = "do"      // to both, with the same tag or SQLSTATE
	view      verb = "view"    // CREATE [MATERIALIZED] VIEW
	check     verb = "check"   // FLUSH, and all views hold the same rows
	query     verb = "select"  // the same rows at once
	restart   verb = "restart" // of Dirigo
)

func (s step) String() string { return strings.TrimSpace(string(s.do) + " " + s.sql) }

// parseSteps reads a script back.
func parseSteps(text string) []step {
	var out []step
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		do, sql, _ := strings.Cut(line, " ")
		out = append(out, step{verb(do), sql})
	}
	return out
}

// bench is both engines with the objects of one case.
type bench struct {
	pg      *client
	dirigo  *dirigo
	views   []string
	objects []string // DROP statements, in the order of creation
	refused map[string]int
	checked int // views compared
	rows    int // rows compared
}

// failure is a difference between the engines.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func differ(format string, args ...any) error { return &failure{fmt.Sprintf(format, args...)} }

// take does one step. ok is false where the step cannot be part of a case:
// PostgreSQL refuses it, or it is outside of Dirigo's SQL.
func (b *bench) take(s step) (ok bool, err error) {
	switch s.do {
	case statement:
		return b.statement(s.sql)
	case view:
		return b.view(s.sql)
	case query:
		return b.query(s.sql)
	case check:
		return true, b.check()
	case restart:
		return true, b.dirigo.restart()
	}
	return false, fmt.Errorf("no such step: %s", s)
}

func (b *bench) statement(sql string) (bool, error) {
	want, got := b.pg.run(sql), b.dirigo.run(sql)
	if got.lost() || want.lost() {
		return false, differ("%s: connection lost: %v, %v", sql, got.err, want.err)
	}
	if got.code == "0A000" {
		return false, differ("%s: refused: %v", sql, got.err)
	}
	if got.code != want.code {
		return false, differ("%s: %v, PostgreSQL: %v", sql, got.err, want.err)
	}
	if got.tag != want.tag {
		return false, differ("%s: %s, PostgreSQL: %s", sql, got.tag, want.tag)
	}
	if name, ok := strings.CutPrefix(sql, "CREATE TABLE "); ok && want.code == "" {
		b.objects = append(b.objects, "DROP TABLE "+strings.Fields(name)[0])
	}
	return true, nil
}

// view creates "name AS query" in both.
func (b *bench) view(sql string) (bool, error) {
	name := strings.Fields(sql)[0]
	want := b.pg.run("CREATE VIEW " + sql)
	if want.code != "" {
		return false, nil
	}
	got := b.dirigo.run("CREATE MATERIALIZED VIEW " + sql)
	switch {
	case got.code == "0A000":
		b.refused[got.err.Error()]++
		b.pg.run("DROP VIEW " + name)
		return false, nil
	case got.err != nil:
		return false, differ("view %s: %v", sql, got.err)
	}
	b.views = append(b.views, name)
	b.objects = append(b.objects, "DROP VIEW "+name)
	return true, nil
}

func (b *bench) query(sql string) (bool, error) {
	want := b.pg.run(sql)
	if want.code != "" {
		return false, nil
	}
	got := b.dirigo.run(sql)
	if got.code == "0A000" {
		b.refused[got.err.Error()]++
		return false, nil
	}
	if got.err != nil {
		return false, differ("%s: %v", sql, got.err)
	}
	b.rows += len(want.rows)
	if diff := difference(got.rows, want.rows); diff != "" {
		return false, differ("%s:\n%s", sql, diff)
	}
	return true, nil
}

func (b *bench) check() error {
	if got := b.dirigo.run("FLUSH"); got.err != nil {
		return differ("FLUSH: %v", got.err)
	}
	for _, name := range b.views {
		want, got := b.pg.run("SELECT * FROM "+name), b.dirigo.run("SELECT * FROM "+name)
		if want.err != nil {
			continue // a run-time error of its query; Dirigo's view says so in its own way
		}
		if got.err != nil {
			return differ("SELECT * FROM %s: %v", name, got.err)
		}
		b.checked++
		b.rows += len(want.rows)
		if diff := difference(got.rows, want.rows); diff != "" {
			return differ("view %s:\n%s", name, diff)
		}
	}
	return nil
}

// clear drops what the case made.
func (b *bench) clear() error {
	for _, drop := range slices.Backward(b.objects) {
		b.pg.run(drop)
		mine := strings.Replace(drop, "DROP VIEW", "DROP MATERIALIZED VIEW", 1)
		if got := b.dirigo.run(mine); got.err != nil {
			return differ("%s: %v", mine, got.err)
		}
	}
	b.objects, b.views = nil, nil
	return nil
}

// forget drops what the case made in PostgreSQL, whatever state it was left in.
func (b *bench) forget() {
	b.pg.run("ROLLBACK")
	for _, drop := range slices.Backward(b.objects) {
		b.pg.run(drop + " CASCADE")
	}
	b.objects, b.views = nil, nil
}

// difference compares multisets of rows; "" where they are the same.
func difference(got, want []string) string {
	counts := map[string]int{}
	for _, r := range got {
		counts[r]++
	}
	for _, r := range want {
		counts[r]--
	}
	var out []string
	for r, n := range counts {
		if n != 0 {
			out = append(out, fmt.Sprintf("  %+d × %s", n, r))
		}
	}
	slices.Sort(out)
	if len(out) > 12 {
		out = append(out[:12], fmt.Sprintf("  … %d lines more", len(out)-12))
	}
	return strings.Join(out, "\n")
}
