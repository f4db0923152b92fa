package session_test

import (
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files")

// psql runs psql with a script and returns all that it printed.
func psql(t *testing.T, addr, script string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed: transcripts of real sessions are not compared (Debian: apt-get install postgresql-client)")
	}
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, append([]string{"-X", "-h", host, "-p", port, "-U", "alice", "-d", "demo", "-a"}, args...)...)
	cmd.Env = append(os.Environ(), "PAGER=", "LC_ALL=C", "PGCLIENTENCODING=UTF8")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("psql: %v", err)
	}
	return string(out)
}

// TestPsql: what psql prints for each script in testdata is what stands beside
// it: lists and descriptions by backslash commands, results, errors with the
// caret at the right character.
func TestPsql(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".sql"), func(t *testing.T) {
			text, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			e := newFakeEngine()
			addr := serve(t, newDB(t, e, &memLog{records: map[string][]byte{}}))
			compare(t, strings.TrimSuffix(script, ".sql")+".out", psql(t, addr, string(text)))
		})
	}
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s\nwant\n%s", golden, got, want)
	}
}
