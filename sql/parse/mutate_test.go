package parse

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// mutant returns a statement of the corpus with a few tokens dropped, doubled,
// swapped, or replaced by tokens of the others.
func mutant(rng *rand.Rand, texts []string, pool []string) string {
	text := texts[rng.IntN(len(texts))]
	toks, _ := lex(text)
	words := make([]string, 0, len(toks)+3)
	for _, t := range toks[:len(toks)-1] {
		words = append(words, text[t.pos:t.end])
	}
	for range 1 + rng.IntN(3) {
		i := rng.IntN(len(words))
		switch rng.IntN(5) {
		case 0:
			words = append(words[:i], words[i+1:]...)
		case 1:
			words = append(words[:i+1], words[i:]...)
		case 2:
			j := rng.IntN(len(words))
			words[i], words[j] = words[j], words[i]
		case 3:
			words[i] = pool[rng.IntN(len(pool))]
		default:
			words = append(words[:i+1], words[i:]...)
			words[i] = pool[rng.IntN(len(pool))]
		}
		if len(words) == 0 {
			return ""
		}
	}
	return strings.Join(words, " ")
}

// vocabulary returns the tokens of texts, each as often as it occurs.
func vocabulary(texts []string) []string {
	var pool []string
	for _, text := range texts {
		toks, _ := lex(text)
		for _, t := range toks[:len(toks)-1] {
			pool = append(pool, text[t.pos:t.end])
		}
	}
	return pool
}

func allTexts(t *testing.T) []string {
	texts := corpus(t, "dialect.sql")
	texts = append(texts, corpus(t, "pgx.sql")...)
	for _, text := range corpus(t, "psql15.sql") {
		if len(text) < 1000 {
			texts = append(texts, text)
		}
	}
	return texts
}

// TestMutants: statements that are nearly right are refused or read; those read
// print as themselves, and none is spelled in a way that tidb refuses.
func TestMutants(t *testing.T) {
	texts := allTexts(t)
	pool := vocabulary(texts)
	n, read := 20000, 0
	if testing.Short() {
		n = 2000
	}
	for seed := range uint64(n) {
		text := mutant(rand.New(rand.NewPCG(seed, 2)), texts, pool)
		list, err := Parse(text)
		if err != nil {
			if e := err.(*Error); e.ours || e.Pos < 0 || int(e.Pos) > len(text) {
				t.Errorf("seed %d: %s\n%v at %d", seed, text, e, e.Pos)
			}
			continue
		}
		for _, p := range list {
			if d := roundTrip(p.Stmt); d != "" {
				t.Errorf("seed %d: %s\n%s", seed, text, d)
			}
		}
		read++
	}
	t.Logf("%d mutants, %d read", n, read)
}

// ourWords are what PostgreSQL cannot read and we can.
var ourWords = []string{
	"emit", "tumble", "hop", "cumulate", "session", "subscribe", "system_time", "asof", "descriptor",
}

// TestPostgresRefusesTheSame: of queries that are nearly right we read none
// that PostgreSQL refuses, and nearly all that it reads (reserved words as bare
// labels, and func(1) 'literal' as a type, are left out), and where both refuse
// it is mostly at the same token.
func TestPostgresRefusesTheSame(t *testing.T) {
	conn := postgres(t)
	var texts []string
	for _, text := range allTexts(t) {
		stmt, err := ParseOne(text)
		if _, query := stmt.(*ast.Select); err == nil && query && !hasAny(text, ourWords) {
			texts = append(texts, text)
		}
	}
	pool := vocabulary(texts)
	var both, same, onlyWe int
	for seed := range uint64(20000) {
		text := mutant(rand.New(rand.NewPCG(seed, 3)), texts, pool)
		stmt, err := ParseOne(text)
		if _, query := stmt.(*ast.Select); err == nil && !query {
			continue
		}
		_, theirs := conn.PgConn().Prepare(context.Background(), "", text, nil)
		var pg *pgconn.PgError
		refused := errors.As(theirs, &pg) && pg.Code == CodeSyntax && strings.HasPrefix(pg.Message, "syntax error")
		e, _ := err.(*Error)
		switch {
		case err == nil && refused:
			t.Errorf("seed %d: %s\nread as %s\nPostgreSQL: %s at %q", seed, text, stmt, pg.Message, clip(text[pg.Position-1:]))
		case err == nil || e.Code != CodeSyntax:
		case !refused:
			onlyWe++
			t.Logf("seed %d: %s\n%v at %q; PostgreSQL: %v", seed, text, err, clip(text[e.Pos:]), theirs)
		default:
			both++
			if int(pg.Position)-1 == int(e.Pos) {
				same++
			}
		}
	}
	t.Logf("refused by both: %d, %d at the same token; refused by us alone: %d", both, same, onlyWe)
	if same*20 < both*19 || onlyWe > 40 {
		t.Fail()
	}
}

func hasAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(strings.ToLower(text), w) {
			return true
		}
	}
	return false
}
