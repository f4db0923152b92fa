package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/blackhole"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
)

// world is a server of its own for one run, with state on disk and a session.
type world struct {
	dir     string
	server  *server.Server
	session *session.Session
	sinks   []*blackhole.Sink
}

// openWorld starts a server in a new directory below dir; cfg says the rest.
// Its blackhole can be asked for a checksum.
func openWorld(ctx context.Context, dir string, cfg server.Config) (*world, error) {
	data, err := os.MkdirTemp(dir, "dirigo-bench-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: data}
	known := map[string]connectors.Connector{"blackhole": {Sink: w.newSink}}
	for name, c := range cfg.Connectors {
		known[name] = c
	}
	cfg.Data, cfg.Connectors = data, known
	if w.server, err = server.Start(ctx, cfg); err == nil {
		w.session, err = w.server.DB.Open(result.Client{User: "bench", Database: "dirigo"})
	}
	if err != nil {
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

// run runs statements and forgets their rows.
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

// status returns the query under test, the only one.
func (w *world) status() job.QueryStatus { return w.server.Engine.Queries()[0] }

// decoded returns how many records of all streams were read.
func (w *world) decoded() (n int64) {
	for _, s := range w.server.Engine.Sources() {
		n += s.Decoded
	}
	return n
}

// whenDecoded waits until so many records of all streams were read, and what was
// made of them has been acked.
func (w *world) whenDecoded(ctx context.Context, records int64) error {
	for w.decoded() < records {
		if st := w.status(); st.State == "failed" {
			return fmt.Errorf("%s: %s", st.Name, st.Reason)
		}
		if err := sleep(ctx, 2*time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d records were read: %w", w.decoded(), records, err)
		}
	}
	return w.server.Engine.Flush(ctx)
}

// whenRead waits until the query has read so many rows, and what it made of
// them has been acked.
func (w *world) whenRead(ctx context.Context, rows int64) error {
	for {
		st := w.status()
		if st.State == "failed" {
			return fmt.Errorf("%s: %s", st.Name, st.Reason)
		}
		if st.In >= rows {
			return w.server.Engine.Flush(ctx)
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d rows were read: %w", st.In, rows, ctx.Err())
		}
	}
}

// checksum returns what the sinks have been sent, whatever the order.
func (w *world) checksum() string { return sumOf(w.sinks) }

func sumOf(sinks []*blackhole.Sink) string {
	var sum uint64
	for _, s := range sinks {
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
