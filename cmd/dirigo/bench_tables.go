package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
)

func benchTables(ctx context.Context, args []string) error {
	f := flags("bench tables", "bench tables [flags]", `Starts a server and measures what its clients wait for: COPY, single INSERTs from
many connections, the way of an INSERT to a subscriber of a view, and SELECTs by
key, alone and beside a query that saturates all cores.`)
	rows := f.Int("rows", 1_000_000, "`number` of rows to load, and of the view that is read by key")
	inserts := f.Int("inserts", 1000, "`number` of INSERTs and SELECTs that are timed one by one")
	clients := f.Int("clients", 32, "`number` of connections that insert at once")
	during := f.Duration("for", 5*time.Second, "how long they do")
	asJSON := f.Bool("json", false, "print one JSON object")
	dir := f.String("dir", "", "`directory` for temporary data; default: the system's")
	if err := parse(f, args); err != nil {
		return err
	}
	r, err := bench.Tables{Rows: *rows, Inserts: *inserts, Clients: *clients, For: *during, Dir: *dir, Say: sayOnError}.Run(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	_, err = fmt.Printf(`COPY FROM STDIN            %8.0f rows/s, %.0f per core
single INSERTs             %8.0f /s from %d connections, %.0f per core
                                  alone            beside a saturating query
fsync between INSERTs      p50 %6.2f p99 %6.2f ms  p50 %6.2f p99 %6.2f ms
INSERT to SUBSCRIBE        p50 %6.2f p99 %6.2f ms  p50 %6.2f p99 %6.2f ms
SELECT by key              p50 %6.2f p99 %6.2f ms  p50 %6.2f p99 %6.2f ms
`, r.CopyPerSec, r.CopyPerCPU, r.Singles, r.Clients, r.SinglesCPU,
		r.FsyncIdle.P50, r.FsyncIdle.P99, r.FsyncBusy.P50, r.FsyncBusy.P99,
		r.Seen.P50, r.Seen.P99, r.SeenBusy.P50, r.SeenBusy.P99, r.Point.P50, r.Point.P99, r.PointBusy.P50, r.PointBusy.P99)
	return err
}
