package bench

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/blackhole"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
)

// world is a server of its own for one run, with state on disk.
type world struct {
	dir     string
	server  *server.Server
	session *session.Session
	sinks   []*blackhole.Sink
}

// open starts a server with the stream bid: n.Events of them, at rate a second
// (0: as fast as they are read).
func (n Nexmark) open(ctx context.Context, rate int64) (*world, error) {
	dir, err := os.MkdirTemp(n.Dir, "dirigo-bench-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir}
	source := allColumns()
	if n.Pregenerate {
		if source, err = pregenerate(n.Events); err != nil {
			return nil, err
		}
	}
	w.server, err = server.Start(ctx, server.Config{
		Data: dir, Workers: n.Workers, Connectors: map[string]connectors.Connector{
			"nexmark": source, "blackhole": {Sink: w.newSink},
		},
	})
	if err != nil {
		w.close()
		return nil, err
	}
	if w.session, err = w.server.DB.Open(result.Client{User: "bench", Database: "dirigo"}); err != nil {
		w.close()
		return nil, err
	}
	options := fmt.Sprintf("connector = 'nexmark', \"table\" = 'bid', events = '%d'", n.Events/46*50)
	if rate > 0 {
		options += fmt.Sprintf(", rate = '%d'", rate*50/46)
	}
	ddl := fmt.Sprintf(`CREATE STREAM bid (
		auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, date_time TIMESTAMP, extra TEXT,
		WATERMARK FOR date_time AS date_time - INTERVAL '4 seconds'
	) WITH (%s)`, options)
	if err := w.run(ctx, ddl); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) newSink(spec connectors.Spec) (connectors.Sink, error) {
	s, err := blackhole.New(spec)
	if err != nil {
		return nil, err
	}
	w.sinks = append(w.sinks, s)
	return s, nil
}

// create starts the query under test.
func (w *world) create(ctx context.Context, query string) error {
	return w.run(ctx, "CREATE STREAM out WITH (connector = 'blackhole', slo = '100 ms') AS "+query)
}

// run runs one statement and forgets its rows.
func (w *world) run(ctx context.Context, sql string) error {
	list, err := w.session.Split(sql)
	if err != nil {
		return err
	}
	for _, st := range list {
		if _, err := st.Run(ctx, nil, nothing{}); err != nil {
			return err
		}
	}
	return nil
}

// status returns the query under test.
func (w *world) status() job.QueryStatus { return w.server.Engine.Queries()[0] }

// checksum returns what the sinks have been sent, whatever the order.
func (w *world) checksum() string {
	var sum uint64
	for _, s := range w.sinks {
		sum += s.Stats().Sum
	}
	return fmt.Sprintf("%016x", sum)
}

func (w *world) close() {
	if w.session != nil {
		w.session.Close()
	}
	if w.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.server.Close(ctx)
	}
	os.RemoveAll(w.dir)
}

// nothing implements result.Sink for statements whose output nobody wants.
type nothing struct{}

func (nothing) Rows(*batch.Batch) error { return nil }
func (nothing) Flush() error            { return nil }
func (nothing) Notice(*result.Error)    {}
func (nothing) Setting(string, string)  {}

// cpuTime returns the processor time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentMB returns the memory that this process holds now.
func residentMB() float64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0
	}
	return float64(resident*int64(os.Getpagesize())) / (1 << 20)
}
