package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadPasswords: a file of passwords is read as written, and what is wrong
// with it is said with its line.
func TestReadPasswords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "who")
	for _, c := range []struct{ text, problem string }{
		{"alice:one\n# a comment\n\nbob:two:three\n", ""},
		{"alice:one\nbob\n", "line 2"},
		{"alice:\n", "line 1"},
		{"# nobody\n", "names nobody"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := readPasswords(path)
		switch {
		case c.problem == "" && (err != nil || known["alice"] != "one" || known["bob"] != "two:three" || len(known) != 2):
			t.Errorf("%q: %v, %v", c.text, known, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%q: %v, want %q", c.text, err, c.problem)
		}
	}
	if _, _, err := (&accessFlags{cert: "x"}).load(); err == nil {
		t.Error("a certificate without its key is taken")
	}
}
