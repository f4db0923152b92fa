package expr

import (
	"errors"
	"os"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestLikePostgres compares each expression of testdata/pg.txt with the type
// and the result, or the SQLSTATE, that PostgreSQL gave.
func TestLikePostgres(t *testing.T) {
	data, err := os.ReadFile("testdata/pg.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if len(lines) < 300 {
		t.Fatalf("only %d cases", len(lines))
	}
	for _, line := range lines {
		parts := strings.SplitN(line, " ; ", 3)
		typ, got := evalText(parts[0])
		if parts[1] == "-" {
			typ = "-"
		}
		if typ != parts[1] || got != parts[2] {
			t.Errorf("%s\n\thave %s ; %s\n\twant %s ; %s", parts[0], typ, got, parts[1], parts[2])
		}
	}
}

// evalText returns the type and the result of an expression as pg.txt has them.
func evalText(s string) (typ, result string) {
	n, err := parseText(s)
	var e *Error
	switch {
	case errors.As(err, &e):
		return "-", "!" + e.Code
	case err != nil:
		return "-", err.Error()
	}
	if n.Type.Kind == batch.Unknown {
		if n, err = Cast(n, batch.T(batch.Text), Implicit); err != nil {
			return "-", err.Error()
		}
	}
	p, err := Compile(n)
	if err != nil {
		return "-", err.Error()
	}
	cx := Context{Now: 1}
	c := p.Eval(&batch.Batch{N: 1}, &cx)
	if f := cx.Failed(); len(f) > 0 {
		return "-", "!" + f[0].Err.Code
	}
	typ = bare(n.Type).String()
	if n.Type.Precision > 0 && (n.Type.Kind == batch.Text || n.Type.Elem == batch.Text) {
		typ = strings.Replace(typ, "text", map[bool]string{true: "character", false: "character varying"}[n.Type.Scale < 0], 1)
	}
	if batch.IsNull(c, 0) {
		return typ, "NULL"
	}
	return typ, string(batch.AppendText(nil, c, 0, n.Type, nil))
}
