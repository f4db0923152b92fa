package relational

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mutation is a rule that is left out of a file of the engine.
type mutation struct {
	file, test  string
	is, becomes string
}

// parseMutation reads testdata/mutations/NAME.mutation.
func parseMutation(text string) (m mutation, err error) {
	head, rest, ok := strings.Cut(text, "--- is\n")
	is, becomes, ok2 := strings.Cut(rest, "--- becomes\n")
	if !ok || !ok2 {
		return m, fmt.Errorf("want --- is and --- becomes")
	}
	for line := range strings.SplitSeq(head, "\n") {
		switch key, value, _ := strings.Cut(line, " "); key {
		case "file":
			m.file = value
		case "test":
			m.test = value
		}
	}
	m.is, m.becomes = strings.TrimSuffix(is, "\n"), strings.TrimSuffix(becomes, "\n")
	return m, nil
}

// overlay writes the mutated file and what makes the go command take it in place
// of the real one.
func (m mutation) overlay(root, dir string) (path string, err error) {
	real := filepath.Join(root, m.file)
	text, err := os.ReadFile(real)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.is); n != 1 {
		return "", fmt.Errorf("%s has the text that is to be changed %d times", m.file, n)
	}
	mutated := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(mutated, []byte(strings.Replace(string(text), m.is, m.becomes, 1)), 0o644); err != nil {
		return "", err
	}
	spec, err := json.Marshal(map[string]map[string]string{"Replace": {real: mutated}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, spec, 0o644)
}

var caught = regexp.MustCompile(`seed \d+[^\n]*`)

// TestMutations is the negative control of the other tests here: an engine in
// which one rule is left out does not pass them.
func TestMutations(t *testing.T) {
	if os.Getenv("DIRIGO_CHECK") != "long" {
		t.Skip("builds the engine once a mutation: with DIRIGO_CHECK=long")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/mutations/*.mutation")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mutations: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".mutation"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m, err := parseMutation(string(text))
			if err != nil {
				t.Fatal(err)
			}
			overlay, err := m.overlay(root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			out, err := mutant(t, overlay, m.test)
			seen := caught.FindString(out)
			if err == nil || seen == "" {
				t.Fatalf("nothing is noticed: %v\n%s", err, out)
			}
			t.Logf("after %s: %s", time.Since(began).Round(time.Second), seen)
		})
	}
}

// mutant runs a test of this package on the mutated engine, from seed 1 on.
func mutant(t *testing.T, overlay, test string) (string, error) {
	env := append(os.Environ(), "GOFLAGS=-overlay="+overlay, "DIRIGO_CHECK=")
	program := filepath.Join(t.TempDir(), "mutant")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, ".")
	build.Env = env
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program, "-test.run", test, "-cases", "300", "-seed", "1", "-patience", "20s", "-shrink=0s")
	run.Env = env
	out, err := run.CombinedOutput()
	return string(out), err
}
