// Package bench runs every benchmark of the binary once, on little data: what
// make bench measures must work, lose nothing and give the same rows each time.
// As Go benchmarks they report events per second of processor time.
package bench

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
)

// TestMain is the helper process too, as the binary is.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "bench" && os.Args[2] == "helper" {
		if err := bench.Helper(context.Background(), os.Args[3:]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// windows is as many events as make several windows close.
const windows = 46 * 10_000

// TestNexmark: each query reads every event and gives the same rows in all
// runs, with the generator in the run and before it.
func TestNexmark(t *testing.T) {
	for _, pregenerate := range []bool{false, true} {
		n := bench.Nexmark{
			Queries: bench.QueryNames(), Events: windows, Pregenerate: pregenerate, Runs: 2, Dir: t.TempDir(), Say: t.Logf,
		}
		sums := map[string]string{}
		err := n.Run(bounded(t), func(r bench.Result) error {
			if r.Rows == 0 || r.Events != windows || r.EventsPerCPU <= 0 {
				t.Errorf("%+v", r)
			}
			sums[r.Query] = r.Checksum
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if sums["q0"] == sums["q1"] || sums["tumble"] == sums["hop"] {
			t.Errorf("different queries gave the same rows: %v", sums)
		}
	}
}

// TestNexmarkJoins: the queries that join read every event of their streams and
// give the same rows in all runs.
func TestNexmarkJoins(t *testing.T) {
	for _, pregenerate := range []bool{false, true} {
		for _, name := range bench.RelationalNames() {
			events := int64(40_000)
			if strings.HasSuffix(name, "close") {
				events = windows
			}
			n := bench.Nexmark{
				Queries: []string{name}, Events: events, Pregenerate: pregenerate, Runs: 2, Dir: t.TempDir(), Say: t.Logf,
			}
			err := n.Run(bounded(t), func(r bench.Result) error {
				if r.Rows == 0 || r.Events < events*97/100 || r.EventsPerCPU <= 0 {
					t.Errorf("%+v", r)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestKafka: nothing is lost from topic to sink, nor from topic to topic.
func TestKafka(t *testing.T) {
	k := bench.Kafka{
		Topic: "bids", Events: 50_000, Runs: 2, Rate: 2000, For: 2 * time.Second, Dir: t.TempDir(), Say: t.Logf, Queries: bench.KafkaQueryNames(),
	}
	rows := map[string]int64{}
	var way bench.KafkaLatency
	err := k.Run(bounded(t), func(r bench.KafkaResult) error {
		rows[r.Query] = r.Rows
		return nil
	}, func(l bench.KafkaLatency) error {
		way = l
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if half := rows["filter"]; half < 24_000 || half > 26_000 || rows["narrow"] == 0 || rows["narrow"] > 1000 {
		t.Errorf("rows %v: the filter is to pass a half, the narrow one a part in 123", rows)
	}
	if way.Sent < 3000 || way.Engine.P50 <= 0 || way.Through.P50 <= 0 || way.Alone.P50 <= 0 {
		t.Errorf("%+v", way)
	}
}

// TestIdle: a query without traffic costs no timer, no fsync and no turn.
func TestIdle(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for actors to become idle")
	}
	i := bench.Idle{Queries: 10, For: 2 * time.Second, Settle: 3 * time.Second, Dir: t.TempDir(), Say: t.Logf}
	r, err := i.Run(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r.Many)
	if r.Many.Syncs > 0 || r.TimersPerQuery > 0.1 || r.Many.Turns > int64(r.Many.Queries) {
		t.Errorf("10 idle queries: %d fsyncs, %d timers, %d turns", r.Many.Syncs, r.Many.Timers, r.Many.Turns)
	}
}

// TestUnknownQuery: a name that is none is an error, not a figure.
func TestUnknownQuery(t *testing.T) {
	n := bench.Nexmark{Queries: []string{"q0", "q99"}, Events: 46, Dir: t.TempDir(), Say: t.Logf}
	err := n.Run(bounded(t), func(bench.Result) error { return errors.New("it ran") })
	if err == nil || err.Error() == "it ran" {
		t.Errorf("q99: %v", err)
	}
}

func benchNexmark(b *testing.B, query string, pregenerate bool) {
	const events = 46 * 20_000
	n := bench.Nexmark{Queries: []string{query}, Events: events, Pregenerate: pregenerate, Runs: 1, Dir: b.TempDir(), Say: func(string, ...any) {}}
	var cpu float64
	for b.Loop() {
		if err := n.Run(context.Background(), func(r bench.Result) error { cpu += r.CPU; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*events/cpu, "events/cpu-s")
}

func BenchmarkNexmark(b *testing.B) {
	for _, q := range bench.QueryNames() {
		b.Run(q, func(b *testing.B) { benchNexmark(b, q, false) })
		b.Run(q+"-pregenerated", func(b *testing.B) { benchNexmark(b, q, true) })
	}
}
