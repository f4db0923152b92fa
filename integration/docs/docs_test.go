// Package docs holds the documentation to the tree: links resolve, SQL parses
// and runs, and every name that a page gives to a flag, a metric, a file or a
// function is there.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the top of the tree, seen from here.
const root = "../.."

// page is one document; lines are counted from 1.
type page struct {
	path  string // from root, with slashes
	lines []string
}

// pages returns all documents: those at the top, and all below docs.
func pages(t *testing.T) []page {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 8 {
		t.Fatalf("%d documents found: %v", len(paths), paths)
	}
	var out []page
	for _, p := range paths {
		out = append(out, read(t, p))
	}
	return out
}

func read(t *testing.T, path string) page {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	return page{filepath.ToSlash(rel), strings.Split(string(text), "\n")}
}

// block is a fenced block of a page.
type block struct {
	page string
	line int // of its first line
	kind string
	text string
}

// blocks returns the fenced blocks of a page.
func (p page) blocks() []block {
	var out []block
	var b *block
	for i, line := range p.lines {
		fence, kind, _ := strings.Cut(line, "```")
		switch is := strings.TrimSpace(fence) == "" && strings.Contains(line, "```"); {
		case is && b == nil:
			b = &block{page: p.path, line: i + 2, kind: strings.TrimSpace(kind)}
		case is:
			out = append(out, *b)
			b = nil
		case b != nil:
			b.text += line + "\n"
		}
	}
	return out
}

// prose returns the page's lines, those within fences left empty.
func (p page) prose() []string {
	out := make([]string, len(p.lines))
	fenced := false
	for i, line := range p.lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			out[i] = line
		}
	}
	return out
}
