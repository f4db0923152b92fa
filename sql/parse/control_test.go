package parse

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// TestDifferenceSees: the comparison that the other tests lean on tells trees
// apart.
func TestDifferenceSees(t *testing.T) {
	for _, pair := range [][2]string{
		{"a + b * c", "(a + b) * c"},
		{"a", `"A"`},
		{"1.50", "1.5"},
		{"f(a)", "f(DISTINCT a)"},
		{"a IS NULL", "a IS NOT NULL"},
		{"a", "b.a"},
		{"ROW(a)", "a"},
		{"f(x => 1)", "f(1)"},
		{"CAST(a AS numeric(3,1))", "CAST(a AS numeric(3,2))"},
	} {
		if difference(exprOf(t, pair[0]), exprOf(t, pair[1])) == "" {
			t.Errorf("%s and %s look the same", pair[0], pair[1])
		}
	}
	if d := difference(exprOf(t, "a  +\nb"), exprOf(t, `"a" + b`)); d != "" {
		t.Error(d)
	}
}

// TestRanksMatter: with a wrong table of precedence the expressions that
// PostgreSQL has confirmed no longer come out right.
func TestRanksMatter(t *testing.T) {
	text, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	opRanks["#"] = rankLike
	defer delete(opRanks, "#")
	wrong := 0
	for i := 0; i+1 < len(lines); i += 2 {
		stmt, err := ParseOne("SELECT " + lines[i])
		if err != nil || stmt.String() != "SELECT "+strings.TrimPrefix(lines[i+1], "\t") {
			wrong++
		}
	}
	if wrong < 20 {
		t.Errorf("only %d expressions noticed", wrong)
	}
}

// TestWrongSpellingIsOurs: what tidb refuses, or reads as something that no
// spelling should hold, is known as a fault of this package.
func TestWrongSpellingIsOurs(t *testing.T) {
	for _, spelled := range []string{
		"select m0 m0 m0", "select m0 from m0 for update", "select straight_join m0", "select /*+ hash_join(m0) */ m0",
		"select m0 as m0", "select m0, *", "select 1", "select m0 limit 1", "with m0 as (select m0) select m0",
		"select m0 from m0 partition (m0)", "select m0 from m0 straight_join m0", "select m0 from m0 natural join m0",
		"select m9", "select x", "select m0 union select m0", "select m0 into outfile 'x'", "select m0 from m0 use index (m0)",
		"select m0 window m0 as ()", "select ! m0", "select m0 div m0", "delete from m0", "select m0 xor m0", "select m0 + m0",
	} {
		r := &reader{src: "a", toks: []token{{kind: tWord, text: "a", end: 1, match: -1}, {kind: tEnd, pos: 1, end: 1, match: -1}}, end: 1}
		s := &spelling{reader: r, buf: []byte(spelled)}
		s.marks = []mark{{
			build: func([]ast.Expr) ast.Expr { return &ast.Star{} },
			table: &ast.TableName{},
			join:  &ast.Join{},
		}}
		s.queryTree(&ast.Select{}, []ast.Body{&ast.SelectCore{Fields: make([]ast.Field, 1)}})
		if s.err == nil || !s.err.ours {
			t.Errorf("%s: %v", spelled, s.err)
		}
	}
}

// TestConcurrent: many goroutines parse at once, each with a parser of its own.
func TestConcurrent(t *testing.T) {
	texts := corpus(t, "dialect.sql")
	want := make([]string, len(texts))
	for i, text := range texts {
		stmt, err := ParseOne(text)
		if err != nil {
			t.Fatal(err)
		}
		want[i] = stmt.String()
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range texts {
				k := (i + g*17) % len(texts)
				if stmt, err := ParseOne(texts[k]); err != nil || stmt.String() != want[k] {
					t.Errorf("%s: %v, %v", texts[k], stmt, err)
				}
			}
		})
	}
	wg.Wait()
}
