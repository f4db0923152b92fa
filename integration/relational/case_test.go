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
	statement verb = "do"       // to both, with the same rows and tag, or the same SQLSTATE
	load      verb = "copy"     // COPY of a table, with quoted data
	stream    verb = "stream"   // CREATE STREAM over a topic of some partitions
	records   verb = "append"   // to a partition of a stream, a JSON array of rows
	view      verb = "view"     // CREATE [MATERIALIZED] VIEW
	drop      verb = "drop"     // of a view
	check     verb = "check"    // FLUSH, and all views hold the same rows
	query     verb = "select"   // the same rows at once
	ordered   verb = "ordered"  // the same rows at once, in the same order
	chase     verb = "chase"    // a change, and at once a query that sees it: a JSON array of two steps
	together  verb = "together" // lists of other steps at once, a JSON array of arrays
	restart   verb = "restart"  // of Dirigo
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
	pg         *client
	dirigo     *dirigo
	broker     *broker
	topics     map[string]string // of streams
	watermarks map[string]string // of streams, as PostgreSQL computes them
	inside     bool              // of a transaction
	views      []string
	objects    []string // DROP statements, in the order of creation
	tally
}

// tally counts what was done.
type tally struct {
	refused map[string]int
	checked int // views compared
	empty   int // of them without rows
	asked   int // queries compared
	rows    int // rows compared
	large   int // cases that ended before a view that is too large to be compared
}

func newTally() tally { return tally{refused: map[string]int{}} }

func (t *tally) add(o tally) {
	for text, n := range o.refused {
		t.refused[text] += n
	}
	t.checked, t.empty, t.asked, t.rows = t.checked+o.checked, t.empty+o.empty, t.asked+o.asked, t.rows+o.rows
	t.large += o.large
}

func newBench(pg *client, d *dirigo, k *broker) *bench {
	return &bench{pg: pg, dirigo: d, broker: k, topics: map[string]string{}, watermarks: map[string]string{}, tally: newTally()}
}

// failure is a difference between the engines.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func differ(format string, args ...any) error { return &failure{fmt.Sprintf(format, args...)} }

// take does one step. ok is false where the step cannot be part of a case:
// PostgreSQL refuses it, or it is outside of Dirigo's SQL.
func (b *bench) take(s step) (ok bool, err error) {
	if b.large > 0 {
		return false, nil
	}
	switch s.do {
	case statement:
		return b.statement(s.sql)
	case load:
		return b.load(s.sql)
	case stream:
		return b.stream(s.sql)
	case records:
		return b.append(s.sql)
	case view:
		return b.view(s.sql)
	case drop:
		return b.drop(s.sql)
	case query, ordered:
		return b.query(s.sql, s.do == ordered)
	case chase:
		return b.chase(s.sql)
	case together:
		return b.together(s.sql)
	case check:
		return true, b.check()
	case restart:
		b.pg.run("ROLLBACK")
		b.inside = false
		return true, b.dirigo.restart()
	}
	return false, fmt.Errorf("no such step: %s", s)
}

func (b *bench) statement(sql string) (bool, error) {
	if err := same(sql, b.dirigo.run(sql), b.pg.run(sql)); err != nil {
		return false, err
	}
	switch {
	case sql == "BEGIN":
		b.inside = true
	case sql == "COMMIT" || sql == "ROLLBACK":
		b.inside = false
	case strings.HasPrefix(sql, "CREATE TABLE "):
		b.objects = append(b.objects, "DROP TABLE "+strings.Fields(sql)[2])
	}
	return true, nil
}

// load is COPY FROM STDIN.
func (b *bench) load(sql string) (bool, error) {
	var table, data string
	if _, err := fmt.Sscanf(sql, "%s %q", &table, &data); err != nil {
		return false, fmt.Errorf("%s: %w", sql, err)
	}
	return true, same("COPY "+sql, b.dirigo.load(table, data), b.pg.load(table, data))
}

// same compares what a statement gave: rows and tag, or SQLSTATE.
func same(sql string, got, want answer) error {
	switch {
	case got.lost() || want.lost():
		return differ("%s: connection lost: %v, %v", sql, got.err, want.err)
	case got.code == "0A000":
		return differ("%s: refused: %v", sql, got.err)
	case got.code != want.code:
		return differ("%s: %v, PostgreSQL: %v", sql, got.err, want.err)
	case got.tag != want.tag:
		return differ("%s: %s, PostgreSQL: %s", sql, got.tag, want.tag)
	}
	if diff := difference(got.rows, want.rows); diff != "" {
		return differ("%s:\n%s", sql, diff)
	}
	return nil
}

func (b *bench) query(sql string, inOrder bool) (bool, error) {
	theirs := postgresql(sql, b.watermarks)
	if !b.small(theirs) {
		return false, nil
	}
	got := b.dirigo.run(sql)
	return b.answered(sql, inOrder, got, b.pg.run(theirs))
}

// answered compares what a query gave.
func (b *bench) answered(sql string, inOrder bool, got, want answer) (bool, error) {
	if want.code != "" {
		b.abandon()
		return false, nil
	}
	if got.code == "0A000" {
		b.refused[got.err.Error()]++
		b.abandon()
		return false, nil
	}
	if got.err != nil {
		return false, differ("%s: %v", sql, got.err)
	}
	b.asked++
	b.rows += len(want.rows)
	if diff := difference(got.rows, want.rows); diff != "" {
		return false, differ("%s:\n%s", sql, diff)
	}
	if inOrder && !slices.Equal(got.rows, want.rows) {
		return false, differ("%s: in another order:\n%s\nPostgreSQL:\n%s", sql, strings.Join(got.rows, "\n"), strings.Join(want.rows, "\n"))
	}
	return true, nil
}

// small says that PostgreSQL computes a query, soon and of few rows: some joins of
// many are of more rows than is worth comparing.
func (b *bench) small(sql string) bool {
	if !b.inside { // there the time-out would end the transaction
		b.pg.run("SET statement_timeout = '10s'")
		defer b.pg.run("SET statement_timeout = 0")
	}
	a := b.pg.run("SELECT count(*) FROM (" + sql + ") AS q")
	if a.err != nil {
		if a.code != "25P02" { // of a transaction that has failed
			b.refused["PostgreSQL: "+a.err.Error()]++
		}
		b.abandon()
		return false
	}
	var n int
	_, err := fmt.Sscan(a.rows[0], &n)
	return err == nil && n <= 5000
}

// abandon ends a transaction in which one of the two engines has failed alone.
func (b *bench) abandon() {
	if b.inside {
		b.pg.run("ROLLBACK")
		b.dirigo.run("ROLLBACK")
		b.inside = false
	}
}

// mostCompared is how many rows of a view are compared. Views are small when they
// are made; joins over joins may have millions of rows a few inserts later.
const mostCompared = 50_000

func (b *bench) check() error {
	if got := b.dirigo.run("FLUSH"); got.err != nil {
		return differ("FLUSH: %v", got.err)
	}
	for _, name := range b.views {
		if a := b.pg.run(fmt.Sprintf("SELECT 1 FROM %s OFFSET %d LIMIT 1", name, mostCompared)); len(a.rows) > 0 {
			b.large++
			return nil
		}
		want, got := b.pg.run("SELECT * FROM "+name), b.dirigo.run("SELECT * FROM "+name)
		if want.err != nil {
			continue // a run-time error of its query; Dirigo's view says so in its own way
		}
		if got.err != nil {
			return differ("SELECT * FROM %s: %v", name, got.err)
		}
		b.checked++
		b.rows += len(want.rows)
		if len(want.rows) == 0 {
			b.empty++
		}
		if diff := difference(got.rows, want.rows); diff != "" {
			return differ("view %s:\n%s", name, diff)
		}
	}
	return nil
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
