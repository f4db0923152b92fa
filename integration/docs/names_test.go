package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors/kafka"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// found returns the first group of every match in the files of a pattern.
func found(t *testing.T, pattern string, re *regexp.Regexp) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	out := map[string]bool{}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range re.FindAllStringSubmatch(string(text), -1) {
			out[m[1]] = true
		}
	}
	return out
}

// same compares what a page names with what there is.
func same(t *testing.T, what string, named, there map[string]bool) {
	t.Helper()
	for n := range named {
		if !there[n] {
			t.Errorf("%s %s is named and does not exist", what, n)
		}
	}
	for n := range there {
		if !named[n] {
			t.Errorf("%s %s is not named", what, n)
		}
	}
	t.Logf("%s: %d named, %d there", what, len(named), len(there))
	if len(there) == 0 {
		t.Errorf("no %s was found", what)
	}
}

// TestMetrics: OPERATIONS.md lists the metrics that there are, and no others.
func TestMetrics(t *testing.T) {
	there := map[string]bool{}
	for name := range found(t, "cmd/dirigo/server/metrics.go", regexp.MustCompile(`desc\("(\w+)"`)) {
		there["dirigo_"+name] = true
	}
	same(t, "metric", found(t, "docs/OPERATIONS.md", regexp.MustCompile("(?m)^\\| `(dirigo_\\w+)`")), there)
}

// TestFlags: every flag that a page names exists, and OPERATIONS.md names all of
// the server's.
func TestFlags(t *testing.T) {
	declared := regexp.MustCompile(`f\.(?:\w+)\((?:&\w+\.\w+, )?"([a-z-]+)"`)
	named := regexp.MustCompile(`--([a-z]+(?:-[a-z]+)*)\b`)
	all := found(t, "cmd/dirigo/*.go", declared)
	for _, p := range []string{"README.md", "docs/*.md"} {
		for n := range found(t, p, named) {
			if !all[n] && !outside[n] {
				t.Errorf("%s: flag --%s does not exist", p, n)
			}
		}
	}
	operations := found(t, "docs/OPERATIONS.md", named)
	for n := range found(t, "cmd/dirigo/serve.go", declared) {
		if !operations[n] {
			t.Errorf("OPERATIONS.md does not name --%s", n)
		}
	}
	if len(all) < 8 {
		t.Errorf("only the flags %v were found", all)
	}
}

// outside are flags of other programs.
var outside = map[string]bool{"help": true, "locale": true}

// TestSystemRelations: SQL.md lists the relations dirigo_*, and their columns.
func TestSystemRelations(t *testing.T) {
	there := found(t, "sql/system/dirigo.go", regexp.MustCompile(`"(dirigo_\w+)":`))
	same(t, "relation", found(t, "docs/SQL.md", regexp.MustCompile("(?m)^\\| `(dirigo_\\w+)`")), there)
	columns := found(t, "sql/system/dirigo.go", regexp.MustCompile(`\b(\w+):(?:int8|int4|name|text|interval|float8|timestamp|timestamptz|bool)\b`))
	text := strings.Join(read(t, filepath.Join(root, "docs", "SQL.md")).lines, "\n")
	for c := range columns {
		if !strings.Contains(text, "`"+c+"`") {
			t.Errorf("column %s is not named", c)
		}
	}
}

// TestSettings: SQL.md names the engine's own settings.
func TestSettings(t *testing.T) {
	there := found(t, "sql/session/settings.go", regexp.MustCompile(`name: "(dirigo\.\w+)"`))
	same(t, "setting", found(t, "docs/SQL.md", regexp.MustCompile("(?m)^\\| `(dirigo\\.\\w+)`")), there)
}

// TestFunctions: every function that SQL.md names resolves for some arguments.
func TestFunctions(t *testing.T) {
	_, list, _ := strings.Cut(strings.Join(read(t, filepath.Join(root, "docs", "SQL.md")).lines, "\n"), "<!-- functions -->")
	list, _, _ = strings.Cut(list, "<!-- end -->")
	names := regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(list, -1)
	if len(names) < 80 {
		t.Fatalf("%d functions are named", len(names))
	}
	byBinder := []string{"current_date", "localtimestamp", "current_timestamp", "transaction_timestamp", "statement_timestamp"}
	for _, m := range names {
		if !slices.Contains(byBinder, m[1]) && !resolvable(m[1]) {
			t.Errorf("function %s does not exist", m[1])
		}
	}
	if resolvable("no_such_function") {
		t.Error("any name resolves")
	}
}

// resolvable tries a function with up to seven arguments of many kinds.
func resolvable(name string) bool {
	kinds := []batch.Kind{
		batch.Unknown, batch.Int32, batch.Float64, batch.Numeric, batch.Text, batch.Date,
		batch.Timestamp, batch.TimestampTZ, batch.Interval,
	}
	for n := range 8 {
		for _, first := range kinds {
			for _, rest := range kinds {
				args := make([]*expr.Node, n)
				for i := range args {
					args[i] = expr.Col(i, "c", batch.T(rest))
				}
				if n > 0 {
					args[0] = expr.Col(0, "c", batch.T(first))
				}
				if _, err := expr.Resolve(name, args); err == nil {
					return true
				}
			}
		}
	}
	return false
}

var named = regexp.MustCompile("`([a-z][a-z0-9_/.]*)`")

// TestTree: every file and folder that ARCHITECTURE.md names exists, and it
// names every folder with code.
func TestTree(t *testing.T) {
	p := read(t, filepath.Join(root, "docs", "ARCHITECTURE.md"))
	folders := map[string]bool{}
	n := 0
	for i, line := range p.prose() {
		for _, m := range named.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(m[1], "/") && !strings.HasSuffix(m[1], ".go") {
				continue
			}
			n++
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s:%d: %s does not exist", p.path, i+1, m[1])
			}
			folders[strings.TrimSuffix(m[1], "/")] = true
		}
	}
	t.Logf("%d files and folders", n)
	for _, f := range packages(t) {
		if !folders[f] {
			t.Errorf("%s does not name the folder %s", p.path, f)
		}
	}
}

// packages returns the folders with Go files, two levels deep.
func packages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*/*.go", "*/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			rel, _ := filepath.Rel(root, filepath.Dir(f))
			if rel = filepath.ToSlash(rel); strings.Contains(rel, "/") && !slices.Contains(out, rel) {
				out = append(out, rel)
			}
		}
	}
	return out
}

// TestOptions: SQL.md names every option of streams, queries and connectors.
func TestOptions(t *testing.T) {
	text := strings.Join(read(t, filepath.Join(root, "docs", "SQL.md")).lines, "\n")
	options := kafka.OptionNames()
	for o := range found(t, "connectors/nexmark/nexmark.go", regexp.MustCompile(`case "(\w+)":`)) {
		options = append(options, o)
	}
	for o := range found(t, "connectors/file/file.go", regexp.MustCompile(`case name == "(\w+)"`)) {
		options = append(options, o)
	}
	lists := found(t, "sql/bind/options.go", regexp.MustCompile(`(?m)^\s(?:source|query|sink)Options\s+= (.*)$`))
	for list := range lists {
		for _, m := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(list, -1) {
			options = append(options, m[1])
		}
	}
	for _, o := range options {
		if !strings.Contains(text, "`"+o+"`") && !strings.Contains(text, "`"+o+" = ") {
			t.Errorf("option %s is not named", o)
		}
	}
	if len(lists) != 3 || len(options) < 30 {
		t.Errorf("%d lists, the options %v", len(lists), options)
	}
}

// TestCodes: every SQLSTATE that SQL.md names is one that the code gives.
func TestCodes(t *testing.T) {
	code := regexp.MustCompile(`"([0-9A-Z]{5})"`)
	there := map[string]bool{}
	for _, pattern := range []string{"sql/*/*.go", "exec/expr/*.go", "exec/batch/*.go", "exec/agg/*.go", "exec/job/*.go"} {
		for c := range found(t, pattern, code) {
			there[c] = true
		}
	}
	_, table, _ := strings.Cut(strings.Join(read(t, filepath.Join(root, "docs", "SQL.md")).lines, "\n"), "## Errors")
	table, _, _ = strings.Cut(table, "## ")
	named := regexp.MustCompile("`([0-9A-Z]{5})`").FindAllStringSubmatch(table, -1)
	if len(named) < 15 {
		t.Fatalf("%d codes are named", len(named))
	}
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("SQLSTATE %s is given nowhere", m[1])
		}
	}
}
