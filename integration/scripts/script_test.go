// Package scripts plays text scripts (SQL, input records, expected rows)
// against a whole server over the wire protocol, each in every variant that
// must give the same rows: other parallelism, work lent, ticks cut elsewhere,
// restarts, a SIGKILL. It also asks PostgreSQL the same questions. It is made
// of tests alone and knows nothing of the engine's inside.
//
// A script is blocks between blank lines; # begins a comment line. The first
// line says what a block does, what follows ---- is expected:
//
//	create topic NAME [partitions N]
//	statement                      SQL that must succeed; ----: tag and notices
//	statement error SQLSTATE       SQL that must fail; ----: message, position, detail, hint
//	input TOPIC [partition N]      one record a line (see record)
//	flush                          what was put in is visible everywhere
//	query [rowsort]                rows, cells between |
//	query binary                   the same from the binary format, with types
//	query simple                   several statements at once
//	topic NAME [upsert]            records of a sink's topic
//	rejected                       query|source|partition|offset|reason|detail, sorted
//	subscribe NAME                 COPY (SUBSCRIBE …) begins
//	received NAME                  the content that its changes add up to
//	psql                           what psql prints for the SQL
//	restart                        a graceful stop and a start
//	kill                           SIGKILL where there is a process of its own
package scripts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// block is one step of a script.
type block struct {
	line    int      // of its first line
	comment []string // lines before it
	words   []string // of its first line
	body    []string
	want    []string
	checked bool // it has a ----
}

func (b *block) name() string { return b.words[0] }
func (b *block) sql() string  { return strings.Join(b.body, "\n") }

// arg returns the word after another, or "".
func (b *block) arg(after string) string {
	if i := slices.Index(b.words, after); i >= 0 && i+1 < len(b.words) {
		return b.words[i+1]
	}
	return ""
}

func (b *block) has(word string) bool { return slices.Contains(b.words[1:], word) }

// expects says that a block of this kind compares what follows ----.
func (b *block) expects() bool {
	return slices.Contains([]string{"query", "topic", "rejected", "received", "psql"}, b.name())
}

// script is a file of testdata.
type script struct {
	path   string
	blocks []*block
	tail   []string // comments at the end
}

func (s *script) name() string { return strings.TrimSuffix(filepath.Base(s.path), ".test") }

// not is why the script does not play in a variant: its head says "# not VARIANT: why".
func (s *script) not(variant string) string {
	for _, line := range s.blocks[0].comment {
		if why, ok := strings.CutPrefix(line, "# not "+variant+": "); ok {
			return why
		}
	}
	return ""
}

// uses says whether a block of this name is in the script.
func (s *script) uses(name string) bool {
	return slices.ContainsFunc(s.blocks, func(b *block) bool { return b.name() == name })
}

func readScript(path string) (*script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := parseScript(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	s.path = path
	return s, nil
}

func parseScript(text string) (*script, error) {
	s := &script{}
	var b *block
	var comment []string
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			b = nil
		case b == nil && strings.HasPrefix(line, "#"):
			comment = append(comment, line)
		case b == nil:
			b = &block{line: i + 1, comment: comment, words: strings.Fields(line)}
			comment = nil
			s.blocks = append(s.blocks, b)
		case !b.checked && line == "----":
			b.checked = true
		case b.checked:
			b.want = append(b.want, line)
		default:
			b.body = append(b.body, line)
		}
	}
	s.tail = comment
	for _, b := range s.blocks {
		if err := b.check(); err != nil {
			return nil, fmt.Errorf("%d: %w", b.line, err)
		}
	}
	return s, nil
}

// check refuses blocks that would check nothing.
func (b *block) check() error {
	switch name := b.name(); {
	case !slices.Contains([]string{
		"create", "statement", "input", "flush", "query", "topic", "rejected", "subscribe", "received", "psql", "restart", "kill",
	}, name):
		return fmt.Errorf("unknown block %q", name)
	case b.expects() && !b.checked:
		return fmt.Errorf("%s without ----", name)
	case b.has("error") && b.arg("error") == "" && !*update:
		return fmt.Errorf("%s error without SQLSTATE", name)
	case b.checked && !b.expects() && name != "statement":
		return fmt.Errorf("%s expects nothing", name)
	}
	return nil
}

// String writes a script as it is read.
func (s *script) String() string {
	var out []string
	for _, b := range s.blocks {
		lines := slices.Concat(b.comment, []string{strings.Join(b.words, " ")}, b.body)
		if b.checked {
			lines = slices.Concat(lines, []string{"----"}, b.want)
		}
		out = append(out, strings.Join(lines, "\n")+"\n")
	}
	if len(s.tail) > 0 {
		out = append(out, strings.Join(s.tail, "\n")+"\n")
	}
	return strings.Join(out, "\n")
}

// scripts returns all scripts.
func scripts(t *testing.T) []*script {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.test")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var all []*script
	for _, path := range paths {
		s, err := readScript(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestScriptFormat: what is read is what is written, and a block that would
// check nothing is no script.
func TestScriptFormat(t *testing.T) {
	const text = "# about\nquery rowsort\nSELECT 1\n----\n1\n\ninput t partition 2\n{}\n\nflush\n"
	s, err := parseScript(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.String(); got != text {
		t.Errorf("written back:\n%s", got)
	}
	if q := s.blocks[0]; !q.has("rowsort") || q.sql() != "SELECT 1" || q.want[0] != "1" || s.blocks[1].arg("partition") != "2" {
		t.Errorf("read %+v, %+v", q, s.blocks[1])
	}
	for _, bad := range []string{"query\nSELECT 1\n", "quary\nSELECT 1\n----\n", "flush\n----\n1\n"} {
		if _, err := parseScript(bad); err == nil {
			t.Errorf("a script of %q", bad)
		}
	}
}
