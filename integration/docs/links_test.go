package docs

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks: every relative link leads to a file, and its fragment to a heading.
func TestLinks(t *testing.T) {
	n := 0
	for _, p := range pages(t) {
		bad, seen := badLinks(p)
		n += seen
		for _, b := range bad {
			t.Error(b)
		}
	}
	t.Logf("%d links", n)
	if n < 20 {
		t.Errorf("only %d links were found", n)
	}
}

// TestLinksControl: links that lead nowhere are found.
func TestLinksControl(t *testing.T) {
	p := page{"docs/x.md", []string{"[a](nowhere.md) [b](SQL.md#no-such-heading) [c](SQL.md#streams) [d](https://example.org)"}}
	if bad, seen := badLinks(p); len(bad) != 2 || seen != 3 {
		t.Errorf("%d of %d links are bad: %v", len(bad), seen, bad)
	}
}

// badLinks returns what is wrong with a page's relative links, and how many it has.
func badLinks(p page) (bad []string, seen int) {
	for i, line := range p.prose() {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			if err := resolves(p, m[1]); err != nil {
				bad = append(bad, fmt.Sprintf("%s:%d: link %s: %v", p.path, i+1, m[1], err))
			}
		}
	}
	return bad, seen
}

func resolves(p page, target string) error {
	file, fragment, _ := strings.Cut(target, "#")
	at := p.path
	if file != "" {
		at = path.Join(path.Dir(p.path), file)
	}
	full := filepath.Join(root, filepath.FromSlash(at))
	if _, err := os.Stat(full); err != nil {
		return err
	}
	if fragment == "" {
		return nil
	}
	text, err := os.ReadFile(full)
	if err != nil {
		return err
	}
	for _, line := range (page{at, strings.Split(string(text), "\n")}).prose() {
		if strings.HasPrefix(line, "#") && anchor(line) == fragment {
			return nil
		}
	}
	return fmt.Errorf("%s has no heading #%s", at, fragment)
}

// anchor is the fragment under which a heading is found.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(strings.TrimLeft(heading, "#")))
}
