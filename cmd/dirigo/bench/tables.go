package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Tables says what to measure of tables: one server, clients on loopback.
type Tables struct {
	Rows    int           // loaded by COPY, and in the view that is read by key
	Inserts int           // single INSERTs whose way to a subscriber is timed
	Clients int           // connections that insert at once
	For     time.Duration // how long they do
	Dir     string
	Say     func(format string, args ...any)
}

// TablesResult is what was measured. Latencies are in milliseconds.
type TablesResult struct {
	Fsync      Times   `json:"fsync_ms"` // of a small append, before
	FsyncIdle  Times   `json:"fsync_idle_ms"`
	FsyncBusy  Times   `json:"fsync_busy_ms"` // each between two INSERTs
	CopyPerSec float64 `json:"copy_rows_per_s"`
	CopyPerCPU float64 `json:"copy_rows_per_cpu_s"` // of the server's CPU time
	Seen       Times   `json:"insert_to_subscribe_ms"`
	SeenBusy   Times   `json:"insert_to_subscribe_busy_ms"` // beside a query that saturates all cores
	Point      Times   `json:"point_select_ms"`
	PointBusy  Times   `json:"point_select_busy_ms"`
	Singles    float64 `json:"single_inserts_per_s"`
	SinglesCPU float64 `json:"single_inserts_per_cpu_s"` // of the server's CPU time
	Clients    int     `json:"clients"`
	Load       float64 `json:"load_average"`
}

// Times are percentiles in milliseconds.
type Times struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	N   int     `json:"n"`
}

func times(of []time.Duration) Times {
	if len(of) == 0 {
		return Times{}
	}
	of = slices.Clone(of)
	slices.Sort(of)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	return Times{ms(of[len(of)/2]), ms(of[len(of)*99/100]), len(of)}
}

// Run measures.
func (x Tables) Run(ctx context.Context) (r TablesResult, err error) {
	dir, err := os.MkdirTemp(x.Dir, "dirigo-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	r.Load, r.Clients = LoadAverage(), x.Clients
	disk, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return r, err
	}
	defer disk.Close()
	if r.Fsync, err = fsyncs(disk, 300); err != nil {
		return r, err
	}
	p, err := launch(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return r, err
	}
	defer p.kill()
	c, err := p.connect(ctx)
	if err != nil {
		return r, err
	}
	defer c.Close()
	for _, sql := range []string{
		`CREATE TABLE big (id BIGINT PRIMARY KEY, v BIGINT NOT NULL, note TEXT)`,
		`CREATE TABLE small (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)`,
		`CREATE TABLE singles (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)`,
		`CREATE MATERIALIZED VIEW by_id AS SELECT id, v, note FROM big`,
		`CREATE MATERIALIZED VIEW seen AS SELECT id, v FROM small WHERE v >= 0`,
	} {
		if err := query(c, sql); err != nil {
			return r, fmt.Errorf("%s: %w", sql, err)
		}
	}
	if err := x.load(c, p, &r); err != nil {
		return r, err
	}
	if err := x.singles(ctx, p, &r); err != nil {
		return r, err
	}
	if r.Seen, r.FsyncIdle, err = x.seen(ctx, p, c, disk, 0); err != nil {
		return r, err
	}
	if r.Point, err = x.points(c); err != nil {
		return r, err
	}
	for _, sql := range []string{
		`CREATE STREAM bid WITH (connector = 'nexmark', "table" = 'bid')`,
		`CREATE STREAM hog WITH (connector = 'blackhole') AS SELECT auction, count(*) AS n, max(price) AS top FROM TUMBLE(bid, date_time, INTERVAL '10 seconds') GROUP BY auction, window_start`,
	} {
		if err := query(c, sql); err != nil {
			return r, fmt.Errorf("%s: %w", sql, err)
		}
	}
	if err := sleep(ctx, 2*time.Second); err != nil {
		return r, err
	}
	if r.SeenBusy, r.FsyncBusy, err = x.seen(ctx, p, c, disk, 1<<40); err != nil {
		return r, err
	}
	if r.PointBusy, err = x.points(c); err != nil {
		return r, err
	}
	return r, p.stop()
}

// fsyncs times small appends that are made durable.
func fsyncs(f *os.File, n int) (Times, error) {
	var took []time.Duration
	for range n {
		d, err := fsync(f)
		if err != nil {
			return Times{}, err
		}
		took = append(took, d)
	}
	return times(took), nil
}

func fsync(f *os.File) (time.Duration, error) {
	begin := time.Now()
	if _, err := f.Write(make([]byte, 200)); err != nil {
		return 0, err
	}
	err := f.Sync()
	return time.Since(begin), err
}

// load copies rows into a table, and flushes.
func (x Tables) load(c net.Conn, p *process, r *TablesResult) error {
	begin, cpu := time.Now(), processCPU(p.cmd.Process.Pid)
	if err := send(c, 'Q', []byte("COPY big FROM STDIN\x00")); err != nil {
		return err
	}
	if err := until(c, 'G', nil); err != nil {
		return fmt.Errorf("COPY: %w", err)
	}
	var rows strings.Builder
	for i := range x.Rows {
		fmt.Fprintf(&rows, "%d\t%d\tnote %d\n", i, i%1000, i)
		if rows.Len() > 60_000 || i == x.Rows-1 {
			if err := send(c, 'd', []byte(rows.String())); err != nil {
				return err
			}
			rows.Reset()
		}
	}
	if err := send(c, 'c', nil); err != nil {
		return err
	}
	if err := untilReady(c); err != nil {
		return fmt.Errorf("COPY: %w", err)
	}
	took, used := time.Since(begin), processCPU(p.cmd.Process.Pid)-cpu
	r.CopyPerSec, r.CopyPerCPU = float64(x.Rows)/took.Seconds(), float64(x.Rows)/used.Seconds()
	x.Say("copied %d rows in %.1f s, %.1f s of the server's CPU", x.Rows, took.Seconds(), used.Seconds())
	return query(c, "FLUSH")
}

// singles inserts rows one by one from many connections, and counts those that
// were acknowledged.
func (x Tables) singles(ctx context.Context, p *process, r *TablesResult) error {
	var done, id atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	begin, cpu := time.Now(), processCPU(p.cmd.Process.Pid)
	for range x.Clients {
		c, err := p.connect(ctx)
		if err != nil {
			return err
		}
		all.Go(func() {
			defer c.Close()
			for time.Since(begin) < x.For && ctx.Err() == nil {
				if err := query(c, fmt.Sprintf("INSERT INTO singles VALUES (%d, 1)", id.Add(1))); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	used := processCPU(p.cmd.Process.Pid) - cpu
	r.Singles, r.SinglesCPU = float64(done.Load())/time.Since(begin).Seconds(), float64(done.Load())/used.Seconds()
	x.Say("%d connections: %.0f INSERTs a second, %.0f a second of the server's CPU", x.Clients, r.Singles, r.SinglesCPU)
	return nil
}

// seen times INSERTs from their being sent to their row's arrival at a
// subscriber, one after the other, and between them what the disk takes.
func (x Tables) seen(ctx context.Context, p *process, c net.Conn, f *os.File, first int64) (seen, disk Times, err error) {
	sub, err := p.connect(ctx)
	if err != nil {
		return seen, disk, err
	}
	defer sub.Close()
	if err := send(sub, 'Q', []byte("COPY (SUBSCRIBE TO seen WITH (snapshot = false)) TO STDOUT\x00")); err != nil {
		return seen, disk, err
	}
	if err := until(sub, 'H', nil); err != nil {
		return seen, disk, err
	}
	var took, syncs []time.Duration
	for i := range x.Inserts {
		id := first + int64(i)
		want := fmt.Sprintf("\t%d\t", id)
		begin := time.Now()
		arrived := make(chan error, 1)
		go func() {
			arrived <- until(sub, 'd', func(row string) bool { return strings.Contains(row, want) })
		}()
		if err := query(c, fmt.Sprintf("INSERT INTO small VALUES (%d, 1)", id)); err != nil {
			return seen, disk, err
		}
		if err := <-arrived; err != nil {
			return seen, disk, err
		}
		took = append(took, time.Since(begin))
		if err := sleep(ctx, 4*time.Millisecond); err != nil {
			return seen, disk, err
		}
		d, err := fsync(f)
		if err != nil {
			return seen, disk, err
		}
		syncs = append(syncs, d)
	}
	return times(took), times(syncs), nil
}

// points times SELECTs of one row by its key.
func (x Tables) points(c net.Conn) (Times, error) {
	rng := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for range x.Inserts {
		begin := time.Now()
		if err := query(c, fmt.Sprintf("SELECT v, note FROM by_id WHERE id = %d", rng.IntN(x.Rows))); err != nil {
			return Times{}, err
		}
		took = append(took, time.Since(begin))
	}
	return times(took), nil
}
