package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// node is a dirigo process over one data directory, which outlives it.
type node struct {
	t     testing.TB
	data  string
	flags []string
	debug string // the process's DIRIGO_DEBUG
	cmd   *exec.Cmd
	sql   string // address of the wire protocol
	http  string // URL of the metrics
	ended chan struct{}
	code  int
	pid   atomic.Int64
	aim   atomic.Pointer[aim] // kill at the next seal; nil: no

	mu  sync.Mutex
	log strings.Builder
}

// newNode starts a dirigo on an empty directory.
func newNode(t testing.TB, flags ...string) *node { return newNodeWith(t, "", flags...) }

// newNodeWith is newNode with bounds of its own.
func newNodeWith(t testing.TB, debug string, flags ...string) *node {
	t.Helper()
	n := &node{t: t, data: filepath.Join(t.TempDir(), "data"), flags: flags, debug: debug}
	n.start()
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("what dirigo said:\n%s", tail(n.said(), 6000))
		}
	})
	return n
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

var readyLine = regexp.MustCompile(`psql on (\S+), metrics on (\S+),`)

// start runs the binary and waits until it says that it is ready.
func (n *node) start() {
	n.t.Helper()
	if !n.tryStart() {
		n.t.Fatalf("dirigo ended before it was ready:\n%s", n.said())
	}
}

// tryStart is start, but false where the process ends by itself.
func (n *node) tryStart() bool {
	n.t.Helper()
	select {
	case at := <-n.spawn():
		n.sql, n.http = at[1], at[2]
	case <-n.ended:
		return false
	case <-time.After(patience):
		n.t.Fatalf("dirigo is not ready:\n%s", n.said())
	}
	return true
}

// loopback is an address of this test process alone: while a node is down another
// process's must not be reached at its port.
func loopback() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&127, pid>>8&255, pid&255)
}

// spawn runs the binary and returns where its addresses will come.
func (n *node) spawn() <-chan []string {
	n.t.Helper()
	args := append([]string{"serve", "--verbose", "--data", n.data, "--listen", loopback() + ":0", "--http", "127.0.0.1:0"}, n.flags...)
	n.cmd = exec.Command(binary, args...)
	n.cmd.Env = append(os.Environ(), "DIRIGO_DEBUG="+n.debug)
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	n.cmd.Stderr = writer(n.heard)
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.pid.Store(int64(n.cmd.Process.Pid))
	n.ended = make(chan struct{})
	ready := make(chan []string, 1)
	go n.follow(out, ready, n.ended)
	return ready
}

// follow reads what the process prints until it ends.
func (n *node) follow(out io.Reader, ready chan<- []string, ended chan<- struct{}) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n.note(lines.Bytes())
		n.note([]byte("\n"))
		if at := readyLine.FindStringSubmatch(lines.Text()); at != nil {
			ready <- at
		}
	}
	err := n.cmd.Wait()
	var exit *exec.ExitError
	n.code = 0
	if errors.As(err, &exit) {
		n.code = exit.ExitCode()
	}
	close(ended)
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func (n *node) note(p []byte) {
	n.mu.Lock()
	n.log.Write(p)
	n.mu.Unlock()
}

func (n *node) said() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.String()
}

// heard takes what the process logs.
func (n *node) heard(p []byte) {
	if a := n.aim.Load(); a != nil {
		a.look(p)
	}
	n.note(p)
}

// kill is SIGKILL, and waits until the process is gone.
func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	<-n.ended
}

// stop is SIGTERM; it returns the exit code.
func (n *node) stop() int {
	n.t.Helper()
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-n.ended:
	case <-time.After(patience):
		_ = n.cmd.Process.Signal(syscall.SIGQUIT)
		<-n.ended
		n.t.Fatalf("dirigo does not stop:\n%s", tail(n.said(), 20000))
	}
	return n.code
}

func (n *node) running() bool {
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// connect opens a session that ends with the test.
func (n *node) connect() (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return pgx.Connect(ctx, "postgres://chaos@"+n.sql+"/dirigo?sslmode=disable")
}

// exec runs statements, which must succeed.
func (n *node) exec(statements ...string) {
	n.t.Helper()
	for _, s := range statements {
		if _, err := n.rows(s); err != nil {
			n.t.Fatalf("%s: %v", s, err)
		}
	}
}

// query returns a result as text, which must come.
func (n *node) query(sql string) [][]string {
	n.t.Helper()
	rows, err := n.rows(sql)
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", sql, err, tail(n.said(), 4000))
	}
	return rows
}

// rows returns a result as text; NULL is "\N".
func (n *node) rows(sql string) ([][]string, error) {
	c, err := n.connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer c.Close(ctx)
	results, err := c.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var out [][]string
	for _, r := range results {
		for _, row := range r.Rows {
			texts := make([]string, len(row))
			for i, v := range row {
				if texts[i] = string(v); v == nil {
					texts[i] = `\N`
				}
			}
			out = append(out, texts)
		}
	}
	return out, nil
}

// metric returns the sum of a metric's series whose labels contain all of has;
// -1 when the process does not answer.
func (n *node) metric(name string, has ...string) float64 {
	c := http.Client{Timeout: 5 * time.Second}
	res, err := c.Get(n.http)
	if err != nil {
		return -1
	}
	defer res.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		line := lines.Text()
		if series, value, ok := strings.Cut(line, " "); ok && nameOf(series) == name && containsAll(series, has) {
			v, _ := strconv.ParseFloat(value, 64)
			sum += v
		}
	}
	return sum
}

func nameOf(series string) string {
	name, _, _ := strings.Cut(series, "{")
	return name
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// rss returns the process's resident bytes, but for pages of its files, which
// the system takes back when it needs them.
func (n *node) rss() (bytes int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.pid.Load()))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if v, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			_, _ = fmt.Sscan(v, &bytes)
		}
	}
	return bytes << 10
}

// caughtUp waits until everything that is in the sources is in every view and
// topic, which must come about.
func (n *node) caughtUp() {
	n.t.Helper()
	if err := n.settled(); err != nil {
		n.t.Fatalf("%v\n%s", err, tail(n.said(), 4000))
	}
}

// settled waits for the same, and returns the reason of a query that failed.
func (n *node) settled() (failed error) {
	n.t.Helper()
	eventually(n.t, "every query running", func() (bool, string) {
		rows, err := n.rows("SELECT name, state, reason FROM dirigo_queries WHERE state <> 'running'")
		if err != nil {
			return false, err.Error()
		}
		for _, r := range rows {
			if r[1] == "failed" {
				failed = fmt.Errorf("query %s failed: %s", r[0], r[2])
				return true, ""
			}
		}
		return len(rows) == 0, fmt.Sprint(rows)
	})
	if failed != nil {
		return failed
	}
	_, failed = n.rows("FLUSH")
	return failed
}
