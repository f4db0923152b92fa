// Package layers holds the house in order: imports go down only, and each
// third-party package has one home.
package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dirigo-stream/dirigo/"

// layers are the folders from the top down: a package may import its own layer
// where shared is set, and layers below, never one above.
var layers = []struct {
	prefix string
	rank   int
}{
	{"integration/", 100},
	{"cmd/", 90},
	{"sql/session", 80},
	{"sql/pgwire", 79},
	{"sql/system", 78},
	{"planner/plantest", 77},
	{"sql/bind", 75},
	{"sql/catalog", 74},
	{"sql/parse", 73},
	{"sql/result", 73},
	{"sql/ast", 72},
	{"planner/physical", 64},
	{"planner/rules", 63},
	{"planner/logical", 62},
	{"planner", 65},
	{"exec/job", 50},
	{"exec/exectest", 46},
	{"exec/op", 45},
	{"exec/join", 44},
	{"exec/over", 44},
	{"exec/agg", 44},
	{"exec/window", 43},
	{"exec/state", 42},
	{"exec/expr", 35},
	{"connectors", 34},
	{"actors", 34},
	{"storage", 34},
	{"exec/batch", 10},
	{"exec", 40},
}

// homes are the folders that may import a third-party package; tests may
// import anything.
var homes = map[string][]string{
	"github.com/pingcap/tidb":       {"sql/parse"},
	"github.com/jackc/pgx":          {"sql/pgwire", "integration/pg"},
	"github.com/segmentio/kafka-go": {"connectors/kafka"},
	"github.com/twmb/franz-go":      {"connectors/kafka/embedded"},
	"github.com/dgraph-io/badger":   {"storage/badger"},
	"github.com/prometheus":         {"cmd/dirigo/server"},
	"golang.org/x/term":             {"cmd/dirigo"},
}

// free import nothing of the project outside their own folder.
var free = []string{"actors", "storage"}

func rank(path string) int {
	best, at := 0, -1
	for _, l := range layers {
		p := strings.TrimSuffix(l.prefix, "/")
		if (path == p || strings.HasPrefix(path, p+"/")) && len(p) > best {
			best, at = len(p), l.rank
		}
	}
	return at
}

// top is the folder that a package belongs to as a whole: a connector's or a
// store's parts may import one another.
func top(path string) string {
	parts := strings.Split(path, "/")
	if parts[0] == "sql" || parts[0] == "exec" || parts[0] == "planner" {
		return strings.Join(parts[:min(2, len(parts))], "/")
	}
	return parts[0]
}

// wrong says what is wrong with an import; "" if nothing is.
func wrong(from, imported string, test bool) string {
	if own, ok := strings.CutPrefix(imported, module); ok {
		return wrongOwn(from, own, test)
	}
	if test {
		return ""
	}
	for prefix, folders := range homes {
		if !strings.HasPrefix(imported, prefix) {
			continue
		}
		for _, f := range folders {
			if from == f || strings.HasPrefix(from, f+"/") {
				return ""
			}
		}
		return imported + " may be imported by " + strings.Join(folders, ", ") + " only"
	}
	return ""
}

func wrongOwn(from, own string, test bool) string {
	for _, f := range free {
		if (from == f || strings.HasPrefix(from, f+"/")) && own != f && !strings.HasPrefix(own, f+"/") {
			return f + " imports nothing else of the project"
		}
	}
	a, b := rank(from), rank(own)
	switch {
	case a < 0 || b < 0:
		return "no layer is known for " + from + " or " + own
	case top(from) == top(own):
		return ""
	case test && b < 90:
		return "" // a test may look at what lies beside or above, but not at commands
	case b >= a:
		return from + " lies below " + own
	}
	return ""
}

func TestImportsGoDown(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := wrong(filepath.ToSlash(rel), imported, strings.HasSuffix(path, "_test.go")); why != "" {
				t.Errorf("%s: %s", path, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files were looked at", files)
	}
}

// TestBrokenImportsAreSeen is the control: what must not be is told.
func TestBrokenImportsAreSeen(t *testing.T) {
	for _, c := range []struct {
		from, imported string
		ok             bool
	}{
		{"exec/op", module + "exec/batch", true},
		{"exec/batch", module + "exec/op", false},
		{"exec/job", module + "sql/catalog", false},
		{"sql/session", module + "exec/job", true},
		{"actors", module + "exec/batch", false},
		{"actors/sim", module + "actors", true},
		{"storage/badger", module + "storage", true},
		{"storage", module + "exec", false},
		{"sql/bind", "github.com/pingcap/tidb/pkg/parser", false},
		{"sql/parse", "github.com/pingcap/tidb/pkg/parser", true},
		{"exec/job", "github.com/segmentio/kafka-go", false},
		{"cmd/dirigo/server", "github.com/prometheus/client_golang/prometheus", true},
		{"nowhere", module + "exec", false},
	} {
		if why := wrong(c.from, c.imported, false); (why == "") != c.ok {
			t.Errorf("%s imports %s: %q", c.from, c.imported, why)
		}
	}
}
