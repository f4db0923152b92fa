package docs

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestExample: the example of SEMANTICS.md prints what the page says.
func TestExample(t *testing.T) {
	blocks := read(t, filepath.Join(root, "docs", "SEMANTICS.md")).blocks()
	at := slices.IndexFunc(blocks, func(b block) bool { return b.kind == "json" })
	if at < 0 || at+2 >= len(blocks) || blocks[at+1].kind != "sql" || blocks[at+2].kind != "" {
		t.Fatal("the page has no example: a block of JSON, one of SQL, and what is printed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "clicks.ndjson"), []byte(blocks[at].text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := examples(blocks[at+1])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn := start(t, ctx)
	var got []string
	for _, x := range list {
		rows, err := ask(ctx, conn, strings.ReplaceAll(x.sql, "'/data/", "'"+dir+"/"))
		if err != nil {
			t.Fatalf("%s: %v", x.sql, err)
		}
		got = append(got, rows...)
	}
	want := cells(blocks[at+2].text)
	if !slices.Equal(got, want) {
		t.Errorf("printed:\n%s\nthe page says:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(want) < 10 {
		t.Errorf("the page says only %q", want)
	}
}

// ask returns the header and the rows of a statement, cells parted by bars.
func ask(ctx context.Context, conn *pgconn.PgConn, sql string) (out []string, err error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	for _, r := range results {
		if len(r.FieldDescriptions) == 0 {
			continue
		}
		var header []string
		for _, f := range r.FieldDescriptions {
			header = append(header, f.Name)
		}
		out = append(out, strings.Join(header, "|"))
		for _, row := range r.Rows {
			var texts []string
			for _, v := range row {
				texts = append(texts, string(v))
			}
			out = append(out, strings.Join(texts, "|"))
		}
	}
	return out, err
}

// cells returns the lines of a table as psql prints it, without its layout.
func cells(text string) (out []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.Trim(line, "-+") == "" || strings.HasPrefix(line, "(") && strings.HasSuffix(line, ")") {
			continue
		}
		parts := strings.Split(line, "|")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return out
}
