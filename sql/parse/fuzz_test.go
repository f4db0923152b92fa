package parse

import (
	"strings"
	"testing"
)

// FuzzParse: any text either parses, and then prints as text that parses to the
// same tree, or is refused as a fault of the text, at a place within it. What
// the carrier spells, tidb's parser must take.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"psql15.sql", "pgx.sql", "dialect.sql"} {
		for _, text := range corpus(f, name) {
			f.Add(text)
		}
	}
	for _, text := range []string{
		"", ";", "SELECT", "select 'a", `"`, "$1", "$$", "e'\\x", "u&'\\", "/*", "--", "SELECT (((", "SELECT a[", "1..2",
		"SELECT a NOT", "SELECT - - - 1", "SELECT NOT NOT a", "VALUES (DEFAULT)", "SELECT a.*.b", "SELECT \x00", "SELECT \xff",
		"SELECT * FROM TUMBLE(", "SELECT a FROM b JOIN c", "SELECT f(a ORDER BY b) OVER w FROM t WINDOW w AS (ORDER BY",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			e := err.(*Error)
			if e.ours {
				t.Fatalf("%q: spelled wrongly: %v at %d", text, e, e.Pos)
			}
			if e.Pos < 0 || int(e.Pos) > len(text) || len(e.Code) != 5 || e.Message == "" {
				t.Fatalf("%q: %+v", text, e)
			}
			return
		}
		for _, p := range list {
			if p.Start < 0 || p.Start >= p.End || p.End > len(text) || strings.TrimSpace(text[p.Start:p.End]) == "" {
				t.Fatalf("%q: statement at %d to %d", text, p.Start, p.End)
			}
			if d := roundTrip(p.Stmt); d != "" && !strings.Contains(d, "levels deep") {
				t.Fatalf("%q: %s", text, d)
			}
		}
	})
}
