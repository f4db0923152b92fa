package parse

import (
	"os"
	"strings"
	"testing"
)

// TestDialectGolden: what each statement of the dialect is understood as, as
// text: nothing of it is lost (-update writes the file).
func TestDialectGolden(t *testing.T) {
	var b strings.Builder
	for _, text := range corpus(t, "dialect.sql") {
		stmt, err := ParseOne(text)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(stmt.String() + "\n")
	}
	const file = "testdata/dialect.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(lines)) {
		if i >= len(got) || i >= len(lines) || got[i] != lines[i] {
			t.Fatalf("statement %d differs from %s:\n%s", i+1, file, got[min(i, len(got)-1)])
		}
	}
}
