package parse

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus returns the texts of a file in testdata, one for each top-level ";".
func corpus(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	toks, lexErr := lex(string(text))
	if lexErr != nil {
		t.Fatalf("%s: %v", name, lexErr)
	}
	var out []string
	from := 0
	for i, tok := range toks {
		if tok.kind == tEnd || tok.punct(";") {
			if i > from {
				out = append(out, string(text[toks[from].pos:toks[i-1].end]))
			}
			from = i + 1
		}
	}
	return out
}

// TestCorpus: what psql's backslash commands send, what drivers send, and the
// dialect's own statements parse, and print as text that parses to the same.
func TestCorpus(t *testing.T) {
	for _, f := range []struct {
		name  string
		least int
	}{{"psql15.sql", 88}, {"pgx.sql", 25}, {"dialect.sql", 150}} {
		texts := corpus(t, f.name)
		if len(texts) < f.least {
			t.Errorf("%s: only %d statements", f.name, len(texts))
		}
		for _, text := range texts {
			stmt, err := ParseOne(text)
			if err != nil {
				t.Errorf("%s: %s\n%v at %q", f.name, text, err, clip(text[err.(*Error).Pos:]))
				continue
			}
			if d := roundTrip(stmt); d != "" {
				t.Errorf("%s: %s\n%s", f.name, text, d)
			}
		}
		t.Logf("%s: %d statements", f.name, len(texts))
	}
}

func clip(s string) string { return strings.TrimSpace(s[:min(len(s), 30)]) }
