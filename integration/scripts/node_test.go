package scripts

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	processes "github.com/dirigo-stream/dirigo/integration/node"
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
	passivated    int64
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
	n.tally.passivated += n.Engine.Stats().Runtime.Passivated
	n.tally.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return n.Close(ctx)
}

func (n *inProcess) kill() error { return n.stop() }

// process is dirigo serve.
type process struct{ *processes.Process }

func startProcess(data, brokers string) (node, error) {
	p, err := processes.Start(data, "--kafka", brokers)
	if err != nil {
		return nil, err
	}
	return process{p}, nil
}

func (p process) addr() string { return p.Addr }
func (p process) stop() error  { return p.Stop() }
func (p process) kill() error  { return p.Kill() }

// TestMain removes the built program.
func TestMain(m *testing.M) {
	code := m.Run()
	processes.Clean()
	os.Exit(code)
}
