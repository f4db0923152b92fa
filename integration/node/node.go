// Package node runs the built program as a process, for tests that kill it.
package node

import (
	"bufio"
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
	"time"
)

// patience is how long a node may take to stop.
const patience = time.Minute

var program struct {
	once sync.Once
	path string
	err  error
}

// Program builds dirigo once and returns its path; Clean removes it.
func Program() (string, error) {
	program.once.Do(func() {
		dir, err := os.MkdirTemp("", "dirigo-node")
		if err != nil {
			program.err = err
			return
		}
		program.path = filepath.Join(dir, "dirigo")
		out, err := exec.Command("go", "build", "-o", program.path, "github.com/dirigo-stream/dirigo/cmd/dirigo").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("build dirigo: %w\n%s", err, out)
		}
	})
	return program.path, program.err
}

// Clean removes the built program; it belongs at the end of TestMain.
func Clean() {
	if program.path != "" {
		os.RemoveAll(filepath.Dir(program.path))
	}
}

// Process is dirigo serve.
type Process struct {
	// Addr is where psql connects.
	Addr   string
	cmd    *exec.Cmd
	stderr *strings.Builder
	done   chan error
}

var ready = regexp.MustCompile(`psql on ([^,]+),`)

// Start runs dirigo serve over a data directory and returns when it is ready.
func Start(data string, flags ...string) (*Process, error) {
	path, err := Program()
	if err != nil {
		return nil, err
	}
	p := &Process{stderr: &strings.Builder{}, done: make(chan error, 1)}
	args := append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--http", ""}, flags...)
	p.cmd = exec.Command(path, args...)
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
			p.Addr = m[1]
			break
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.done <- p.cmd.Wait()
	}()
	if p.Addr == "" {
		return nil, fmt.Errorf("dirigo serve: %w: %s", <-p.done, p.stderr)
	}
	return p, nil
}

// Stop ends the process by SIGTERM; an exit code but 0 is an error.
func (p *Process) Stop() error {
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
		return errors.Join(errors.New("dirigo serve does not stop"), p.Kill())
	}
}

// Kill is SIGKILL; it returns when the process is gone.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		<-p.done
		return fmt.Errorf("%w: it ended by itself, and said:\n%s", err, p.Said())
	}
	<-p.done
	return nil
}

// Said is what the process wrote to its standard error. It is whole once the
// process has ended.
func (p *Process) Said() string { return p.stderr.String() }
