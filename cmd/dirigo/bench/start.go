package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Start says how often to start a server.
type Start struct {
	Runs int
	Dir  string
	Idle time.Duration // how long a server is left alone before its memory is read
	Say  func(format string, args ...any)
}

// StartResult is what a start costs: medians.
type StartResult struct {
	Fresh     float64 `json:"ready_fresh_ms"`    // exec to the first answered handshake, new data directory
	Existing  float64 `json:"ready_existing_ms"` // the same with a stream and a view in it
	Idle      float64 `json:"idle_rss_mb"`
	IdleOwn   float64 `json:"idle_private_mb"` // without pages of files
	Connected float64 `json:"idle_1000_clients_rss_mb"`
	PerClient float64 `json:"per_client_kb"`
	Binary    float64 `json:"binary_mb"`
	Stripped  bool    `json:"binary_stripped"`
	Runs      int     `json:"runs"`
	Load      float64 `json:"load_average"`
}

// Run measures.
func (s Start) Run(ctx context.Context) (r StartResult, err error) {
	dir, err := os.MkdirTemp(s.Dir, "dirigo-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	r.Runs, r.Load = s.Runs, LoadAverage()
	used := filepath.Join(dir, "used")
	if err := prepare(ctx, used); err != nil {
		return r, err
	}
	var fresh, existing []float64
	for i := range s.Runs {
		f, err := once(ctx, filepath.Join(dir, fmt.Sprint("new-", i)))
		if err != nil {
			return r, err
		}
		e, err := once(ctx, used)
		if err != nil {
			return r, err
		}
		s.Say("start %d: %.1f ms in a new directory, %.1f ms in a used one", i+1, f, e)
		fresh, existing = append(fresh, f), append(existing, e)
	}
	r.Fresh, r.Existing = median(fresh), median(existing)
	if err := s.idle(ctx, used, &r); err != nil {
		return r, err
	}
	r.Binary, r.Stripped, err = binarySize(ctx, dir)
	return r, err
}

// prepare makes a data directory with a stream and a view.
func prepare(ctx context.Context, data string) error {
	p, err := launch(ctx, data)
	if err != nil {
		return err
	}
	defer p.kill()
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, sql := range []string{
		`CREATE STREAM bid WITH (connector = 'nexmark', "table" = 'bid', events = '5000')`,
		`CREATE MATERIALIZED VIEW bids AS SELECT auction, count(*) AS n FROM bid GROUP BY auction`,
		`FLUSH`,
	} {
		if err := query(c, sql); err != nil {
			return err
		}
	}
	return p.stop()
}

// once starts a server, waits until it is ready for psql, and stops it. It
// returns the time to ready in ms.
func once(ctx context.Context, data string) (float64, error) {
	begin := time.Now()
	p, err := launch(ctx, data)
	if err != nil {
		return 0, err
	}
	defer p.kill()
	c, err := p.connect(ctx)
	if err != nil {
		return 0, err
	}
	took := time.Since(begin)
	_ = c.Close()
	return took.Seconds() * 1e3, p.stop()
}

// idleClients is how many connections a server keeps that do nothing.
const idleClients = 1000

// idle reads the memory of a server that does nothing, alone and with clients.
func (s Start) idle(ctx context.Context, data string, r *StartResult) error {
	p, err := launch(ctx, data)
	if err != nil {
		return err
	}
	defer p.kill()
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	_ = c.Close()
	if err := sleep(ctx, s.Idle); err != nil {
		return err
	}
	pid := p.cmd.Process.Pid
	r.Idle, r.IdleOwn = residentMB(pid), anonymousMB(pid)
	var clients []net.Conn
	defer func() {
		for _, c := range clients {
			_ = c.Close()
		}
	}()
	for range idleClients {
		c, err := p.connect(ctx)
		if err != nil {
			return fmt.Errorf("client %d: %w", len(clients)+1, err)
		}
		clients = append(clients, c)
		if err := query(c, "SELECT 1"); err != nil {
			return err
		}
	}
	if err := sleep(ctx, s.Idle); err != nil {
		return err
	}
	r.Connected = residentMB(pid)
	r.PerClient = (r.Connected - r.Idle) * 1024 / idleClients
	return p.stop()
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// process is a dirigo serve.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func launch(ctx context.Context, data string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{addr: addr, cmd: exec.CommandContext(ctx, self, "serve", "--data", data, "--listen", addr, "--http", "127.0.0.1:0")}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	return p, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// stop ends the server as a user does, and waits.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("stop a server: %w", err)
	}
	return nil
}

func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// connect does what psql does first, again and again until it is answered.
func (p *process) connect(ctx context.Context) (net.Conn, error) {
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", p.addr)
		if err == nil {
			if err = startup(c); err == nil {
				return c, nil
			}
			_ = c.Close()
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, fmt.Errorf("no server answers on %s: %w", p.addr, err)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// startup sends the startup message of the PostgreSQL protocol, version 3.0,
// and reads until the server is ready for a query.
func startup(c net.Conn) error {
	body := []byte("\x00\x00\x00\x00\x00\x03\x00\x00user\x00bench\x00database\x00dirigo\x00\x00")
	binary.BigEndian.PutUint32(body, uint32(len(body)))
	if _, err := c.Write(body); err != nil {
		return err
	}
	return untilReady(c)
}

// query runs one statement by the simple protocol and drops its rows.
func query(c net.Conn, sql string) error {
	msg := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(sql)+5))
	if _, err := c.Write(append(append(msg, sql...), 0)); err != nil {
		return err
	}
	return untilReady(c)
}

// untilReady reads messages up to ReadyForQuery.
func untilReady(c net.Conn) error {
	var failed error
	for {
		var head [5]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(c, body); err != nil {
			return err
		}
		switch head[0] {
		case 'E':
			failed = errors.New(string(body))
		case 'Z':
			return failed
		}
	}
}

// binarySize returns the size of this program in MB: stripped where the source
// and a Go toolchain are at hand, else as it is.
func binarySize(ctx context.Context, dir string) (mb float64, stripped bool, err error) {
	path, err := os.Executable()
	if err != nil {
		return 0, false, err
	}
	out := filepath.Join(dir, "stripped")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "github.com/dirigo-stream/dirigo/cmd/dirigo")
	if build.Run() == nil {
		path, stripped = out, true
	}
	st, err := os.Stat(path)
	if err != nil {
		return 0, false, err
	}
	return float64(st.Size()) / 1e6, stripped, nil
}
