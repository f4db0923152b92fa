// Package kafka takes the engine's whole way from topic to topic, on the
// embedded broker and, where DIRIGO_TEST_KAFKA names one, on a real one.
package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/kafka"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// patience bounds what should come soon.
const patience = 90 * time.Second

// brokers runs f on every broker there is.
func brokers(t *testing.T, f func(t *testing.T, addr string)) {
	t.Run("embedded", func(t *testing.T) {
		b, err := embedded.Start(t.TempDir(), 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		f(t, b.Addr())
	})
	t.Run("real", func(t *testing.T) {
		addr := os.Getenv("DIRIGO_TEST_KAFKA")
		if addr == "" {
			t.Skip("left out: set DIRIGO_TEST_KAFKA=host:port to run against an Apache Kafka broker")
		}
		f(t, addr)
	})
}

// world is one broker with a server on it.
type world struct {
	t     *testing.T
	ctx   context.Context
	kafka connectors.Connector
	addr  string
	disk  *mem.Disk
	srv   *server.Server
	conn  *pgx.Conn
	name  string // unique: the broker is shared
}

func newWorld(t *testing.T, addr string) *world {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	w := &world{
		t: t, ctx: ctx, addr: addr, disk: mem.NewDisk(),
		kafka: kafka.New(kafka.Defaults{Brokers: []string{addr}}),
		name:  fmt.Sprintf("t%d", time.Now().UnixNano()),
	}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	var err error
	w.srv, err = server.Start(w.ctx, server.Config{
		Store: w.disk.Open(), Listen: "127.0.0.1:0", Kafka: w.addr, Workers: 2,
		Epoch: 50 * time.Millisecond, Lending: actors.SeededLending(1, 0.5),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if w.conn, err = pgx.Connect(w.ctx, "postgres://test@"+w.srv.Addr()+"/dirigo"); err != nil {
		w.t.Fatal(err)
	}
}

// stop ends the server; crashed, nothing more of it becomes durable.
func (w *world) stop() {
	if w.srv == nil {
		return
	}
	w.conn.Close(w.ctx)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.srv.Close(ctx)
	w.srv = nil
}

func (w *world) crash() {
	w.disk.Open() // the server's store is dead from here
	w.stop()
	w.start()
}

// exec runs a statement; $ in it stands for the unique name.
func (w *world) exec(sql string) {
	w.t.Helper()
	if _, err := w.conn.Exec(w.ctx, strings.ReplaceAll(sql, "$", w.name)); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) rows(sql string) []string {
	w.t.Helper()
	rows, err := w.conn.Query(w.ctx, sql)
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, fmt.Sprint(values...))
	}
	if err := rows.Err(); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	slices.Sort(out)
	return out
}

// produce writes rows (id, k, v) to a topic of three partitions.
func (w *world) produce(topic string, rows [][3]int64) {
	w.t.Helper()
	var cols []connectors.Column
	b := &batch.Batch{N: len(rows), Time: batch.MaxTime}
	for c, name := range []string{"id", "k", "v"} {
		cols = append(cols, connectors.Column{Name: name, Type: batch.T(batch.Int64)})
		v := &batch.Vec[int64]{}
		for _, r := range rows {
			v.Append(r[c])
		}
		b.Cols = append(b.Cols, v)
	}
	sink, err := w.kafka.Sink(connectors.Spec{Name: topic, Columns: cols, Options: map[string]string{
		"topic": w.name + topic, "format": "json", "partitions": "3", "batch_bytes": "4096",
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer sink.Close()
	for at := 0; at < b.N; at += 100 { // several batches, so that all partitions get some
		sel := make([]int32, 0, 100)
		for i := at; i < min(at+100, b.N); i++ {
			sel = append(sel, int32(i))
		}
		c, err := sink.Encode(b.Gather(sel))
		if err != nil {
			w.t.Fatal(err)
		}
		acked := make(chan error, 1)
		sink.Send(c, func(err error) { acked <- err })
		select {
		case err := <-acked:
			if err != nil {
				w.t.Fatal(err)
			}
		case <-w.ctx.Done():
			w.t.Fatal(w.ctx.Err())
		}
	}
}

// TestTopicToTopic: rows go from a topic through a filter to a topic, through
// an aggregate to a topic by key and to a view; a crash in between loses
// nothing, the view is exact, the last value by key is right.
func TestTopicToTopic(t *testing.T) {
	brokers(t, func(t *testing.T, addr string) {
		w := newWorld(t, addr)
		rng := rand.New(rand.NewPCG(7, 7))
		var all [][3]int64
		more := func(n int) {
			var rows [][3]int64
			for range n {
				rows = append(rows, [3]int64{int64(len(all) + len(rows)), rng.Int64N(20), rng.Int64N(1000)})
			}
			w.produce("in", rows)
			all = append(all, rows...)
		}
		more(1000)
		w.exec(`CREATE STREAM src (id BIGINT, k BIGINT, v BIGINT) WITH (connector = 'kafka', topic = '$in', format = 'json')`)
		w.exec(`CREATE STREAM passed WITH (connector = 'kafka', topic = '$out', format = 'json') AS SELECT id, v FROM src WHERE v < 500`)
		w.exec(`CREATE STREAM latest WITH (connector = 'kafka', topic = '$latest', format = 'upsert_json', key = 'k') AS
			SELECT k, count(*) AS n, sum(v) AS total FROM src GROUP BY k`)
		w.exec(`CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) AS n, sum(v) AS total FROM src GROUP BY k`)
		for range 3 {
			more(700)
			time.Sleep(time.Duration(rng.IntN(80)) * time.Millisecond)
			w.crash()
			more(300)
			w.exec("FLUSH")
		}
		w.checkView(all)
		w.checkPassed(all)
		w.checkLatest()
	})
}

func (w *world) checkView(all [][3]int64) {
	w.t.Helper()
	n, sum := map[int64]int64{}, map[int64]int64{}
	for _, r := range all {
		n[r[1]]++
		sum[r[1]] += r[2]
	}
	var want []string
	for k := range n {
		want = append(want, fmt.Sprint(k, n[k], sum[k]))
	}
	slices.Sort(want)
	got := w.rows("SELECT k, n, total::bigint FROM sums")
	if !slices.Equal(got, want) {
		w.t.Fatalf("view\n got %v\nwant %v", got, want)
	}
}

// checkPassed reads the append topic back: at least once, so as a set.
func (w *world) checkPassed(all [][3]int64) {
	w.t.Helper()
	w.exec(`CREATE STREAM back (id BIGINT, v BIGINT) WITH (connector = 'kafka', topic = '$out', format = 'json')`)
	w.exec(`CREATE MATERIALIZED VIEW seen AS SELECT DISTINCT id, v FROM back`)
	w.exec("FLUSH")
	var want []string
	for _, r := range all {
		if r[2] < 500 {
			want = append(want, fmt.Sprint(r[0], r[2]))
		}
	}
	slices.Sort(want)
	if got := w.rows("SELECT id, v FROM seen"); !slices.Equal(got, want) {
		w.t.Fatalf("append topic: %d rows, want %d", len(got), len(want))
	}
}

// checkLatest compares the last value by key in the upsert topic with the view.
func (w *world) checkLatest() {
	w.t.Helper()
	w.exec(`CREATE STREAM upserts (k BIGINT, n BIGINT, total NUMERIC, at BIGINT METADATA FROM 'offset', part INT METADATA FROM 'partition')
		WITH (connector = 'kafka', topic = '$latest', format = 'json')`)
	w.exec(`CREATE MATERIALIZED VIEW ends AS SELECT k, part, max(at) AS at FROM upserts GROUP BY k, part`)
	w.exec(`CREATE MATERIALIZED VIEW every AS SELECT DISTINCT k, n, total, at, part FROM upserts`)
	w.exec("FLUSH")
	ends := map[string]bool{}
	for _, r := range w.rows("SELECT k, part, at FROM ends") {
		ends[r] = true
	}
	last := map[string]string{}
	rows, err := w.conn.Query(w.ctx, "SELECT k::text, part::text, at::text, n::text || ' ' || total::text FROM every")
	if err != nil {
		w.t.Fatal(err)
	}
	for rows.Next() {
		var k, part, at, value string
		if err := rows.Scan(&k, &part, &at, &value); err != nil {
			w.t.Fatal(err)
		}
		if ends[fmt.Sprint(k+" "+part+" "+at)] {
			last[k] = value
		}
	}
	if rows.Err() != nil {
		w.t.Fatal(rows.Err())
	}
	for _, r := range w.rows("SELECT k::text || '=' || n::text || ' ' || total::text FROM sums") {
		k, want, _ := strings.Cut(r, "=")
		if last[k] != want {
			w.t.Fatalf("key %s: the topic ends with %q, want %q (of %d keys, %d ends)", k, last[k], want, len(last), len(ends))
		}
	}
}
