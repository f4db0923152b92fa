package scripts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// node is a running server.
type node interface {
	addr() string
	stop() error // gracefully: all is sealed
	kill() error // at once, where it is a process; else gracefully
}

// inProcess is a server among the test's goroutines, over a disk in memory.
type inProcess struct {
	*server.Server
	tally *tally
}

// tally counts what was lent over a whole suite.
type tally struct {
	mu            sync.Mutex
	lends, merges int64
}

func startInProcess(ctx context.Context, disk *mem.Disk, brokers string, cfg server.Config, sum *tally) (node, error) {
	cfg.Store, cfg.Kafka, cfg.Listen, cfg.Workers = disk.Open(), brokers, "127.0.0.1:0", 2
	if cfg.Epoch == 0 {
		cfg.Epoch = 20 * time.Millisecond
	}
	s, err := server.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &inProcess{s, sum}, nil
}

func (n *inProcess) addr() string { return n.Addr() }

func (n *inProcess) stop() error {
	n.tally.mu.Lock()
	for _, q := range n.Engine.Queries() {
		n.tally.lends += q.Lends
		n.tally.merges += q.Merges
	}
	n.tally.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return n.Close(ctx)
}

func (n *inProcess) kill() error { return n.stop() }

// program is the built dirigo, made once.
var program struct {
	once sync.Once
	path string
	err  error
}

// dirigo builds the program and returns its path.
func dirigo(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		dir, err := os.MkdirTemp("", "dirigo-scripts")
		if err != nil {
			program.err = err
			return
		}
		program.path = filepath.Join(dir, "dirigo")
		out, err := exec.Command("go", "build", "-o", program.path, "../../cmd/dirigo").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("build dirigo: %w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// process is dirigo serve.
type process struct {
	cmd    *exec.Cmd
	listen string
	stderr *strings.Builder
	done   chan error
}

var ready = regexp.MustCompile(`psql on ([^,]+),`)

func startProcess(path, data, brokers string) (node, error) {
	p := &process{stderr: &strings.Builder{}, done: make(chan error, 1)}
	p.cmd = exec.Command(path, "serve", "--data", data, "--listen", "127.0.0.1:0", "--http", "", "--kafka", brokers)
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			p.listen = m[1]
			break
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.done <- p.cmd.Wait()
	}()
	if p.listen == "" {
		return nil, fmt.Errorf("dirigo serve: %w: %s", <-p.done, p.stderr)
	}
	return p, nil
}

func (p *process) addr() string { return p.listen }

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("dirigo serve: %w: %s", err, p.stderr)
		}
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("dirigo serve does not stop"), p.kill())
	}
}

func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.done
	return nil
}

// TestMain removes the built program.
func TestMain(m *testing.M) {
	code := m.Run()
	if program.path != "" {
		os.RemoveAll(filepath.Dir(program.path))
	}
	os.Exit(code)
}
