package scripts

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/demo/data"
)

// feed is one file of events: in a topic, and in a table of PostgreSQL with the
// partition and offset of each.
type feed struct {
	topic      string
	lines      func() ([][]byte, error)
	partitions int
	columns    []string // of the table, named as the JSON fields
	types      []string
	// derived are columns computed from the others; event is the event time,
	// delay how far its watermark is behind, "" where there is none.
	derived, event, delay string
}

var feeds = []feed{
	{
		topic: "flights", lines: data.Flights, partitions: 3,
		columns: []string{"id", "scheduled", "delay", "distance", "origin", "destination"},
		types:   []string{"bigint", "text", "int", "int", "text", "text"},
		derived: "scheduled::timestamp AS departure", event: "departure", delay: "1 minute",
	},
	{
		topic: "airports", lines: data.Airports, partitions: 1,
		columns: []string{"iata", "name", "city", "state", "latitude", "longitude"},
		types:   []string{"text", "text", "text", "text", "float8", "float8"},
	},
	{
		topic: "quakes", lines: data.Earthquakes, partitions: 2,
		columns: []string{"id", "time", "updated", "mag", "place", "depth"},
		types:   []string{"text", "bigint", "bigint", "float8", "text", "float8"},
		derived: "to_timestamp(time / 1000.0) AS at", event: "at", delay: "3 hours",
	},
}

// load puts the events into the topic and into PostgreSQL. The partition of an
// event is a function of its place: the same for both.
func (f feed) load(t *testing.T, b *broker, pg *wire) {
	t.Helper()
	lines, err := f.lines()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.createTopic(t.Context(), f.topic, int32(f.partitions)); err != nil {
		t.Fatal(err)
	}
	next := make([]int64, f.partitions)
	var records []*kgo.Record
	var rows [][]any
	for i, line := range lines {
		p := i / 7 % f.partitions
		records = append(records, &kgo.Record{Topic: f.topic, Partition: int32(p), Value: line})
		row, err := f.row(line)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, append([]any{int32(p), next[p]}, row...))
		next[p]++
	}
	if err := b.produce(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	if err := f.table(t.Context(), pg, rows); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d events in %d partitions", f.topic, len(lines), f.partitions)
}

// row returns the event's values in the order of the columns, by
// encoding/json, which the engine does not use.
func (f feed) row(line []byte) ([]any, error) {
	fields := map[string]any{}
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, err
	}
	var row []any
	for i, name := range f.columns {
		v := fields[name]
		if n, ok := v.(float64); ok && f.types[i] != "float8" {
			v = int64(n)
		}
		row = append(row, v)
	}
	return row, nil
}

// table fills TOPIC_log and makes the view TOPIC over it, which adds, by
// window functions over the offsets, whether each row is late and by how much:
// its event time is below the greatest before it in its partition, less the
// delay. TOPIC_watermark is the least of the partitions' at the end.
func (f feed) table(ctx context.Context, pg *wire, rows [][]any) error {
	ddl := fmt.Sprintf(`CREATE TABLE %s_log (partition int, "offset" bigint`, f.topic)
	for i, c := range f.columns {
		ddl += fmt.Sprintf(", %s %s", c, f.types[i])
	}
	if _, err := pg.conn.Exec(ctx, ddl+")"); err != nil {
		return err
	}
	if _, err := pg.conn.CopyFrom(ctx, pgx.Identifier{f.topic + "_log"},
		append([]string{"partition", "offset"}, f.columns...), pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	views := fmt.Sprintf("CREATE VIEW %[1]s AS SELECT * FROM %[1]s_log", f.topic)
	if f.event != "" {
		views = fmt.Sprintf(`
			CREATE MATERIALIZED VIEW %[1]s AS
			SELECT *, coalesce(max(%[3]s) OVER before - interval '%[4]s' - %[3]s, interval '0') AS behind
			FROM (SELECT *, %[2]s FROM %[1]s_log) AS log
			WINDOW before AS (PARTITION BY partition ORDER BY "offset" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
			CREATE VIEW %[1]s_watermark AS
			SELECT min(w) AS w FROM (SELECT max(%[3]s) - interval '%[4]s' AS w FROM %[1]s GROUP BY partition) AS each;
			ANALYZE %[1]s`, f.topic, f.derived, f.event, f.delay)
	}
	_, err := pg.conn.Exec(ctx, views, pgx.QueryExecModeSimpleProtocol)
	return err
}
