package system

import (
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// ownRelations are the views of what runs. They stand in pg_catalog, so that no
// schema need be written and \d does not list them.
var ownRelations = map[string]struct {
	columns string
	fill    func(e *Env, r *relation) [][]any
}{
	"dirigo_queries": {"id:int8 name:name kind:text state:text reason:text sqlstate:text slo:interval rows_in:int8 rows_out:int8 " +
		"rejected:int8 attained:float8 watermark:timestamp epoch:int8 lends:int8 merges:int8 rounds:int8 state_bytes:int8 memory_bytes:int8", queryRows},
	"dirigo_streams": {"id:int8 name:name kind:text connector:text state:text error:text decoded:int8 decoded_bytes:int8 " +
		"malformed:int8 watermark:timestamp partitions:int4", streamRows},
	"dirigo_partitions": {"stream:name partition:int4 next:int8 high:int8 lag:int8 idle:bool", partitionRows},
	"dirigo_rejected": {"query:name source:name operator:text partition:int4 offset:int8 reason:text detail:text " +
		"row:text at:timestamptz", rejectedRows},
	"dirigo_slo": {"query:name target:interval attained:float8 attained_1m:float8 attained_10m:float8 results:int8 misses:int8 " +
		"p50:interval p95:interval p99:interval max:interval waiting:interval running:interval blocked:interval " +
		"lends:int8 refused:int8 late:int8 lessees:int8", sloRows},
	"dirigo_vertices": {"query:name vertex:int4 busy:interval waited:interval messages:int8 rows:int8 lends:int8 merges:int8 " +
		"rounds:int8 cost:interval path:interval state_bytes:int8", vertexRows},
}

func span(d time.Duration) any { return batch.Span{Micros: d.Microseconds()} }

// some returns nil instead of a watermark that has not been reached yet.
func some(watermark int64) any {
	if watermark == batch.MinTime || watermark == batch.MaxTime {
		return nil
	}
	return watermark
}

func orNone(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (e *Env) queries() []job.QueryStatus {
	if e.Engine == nil {
		return nil
	}
	return e.Engine.Queries()
}

func (e *Env) sources() []job.SourceStatus {
	if e.Engine == nil {
		return nil
	}
	return e.Engine.Sources()
}

// name returns the name of an object; NULL once it is dropped.
func (e *Env) name(id uint64) any {
	if e.Catalog != nil {
		if o, ok := e.Catalog.ByID(id); ok {
			return o.Name
		}
	}
	if o := e.kept(id); o != nil {
		return o.Name
	}
	return nil
}

// kept returns the table whose rows a hidden query keeps, or nil.
func (e *Env) kept(id uint64) *catalog.Object {
	for _, o := range e.objects() {
		if o.Table != nil && o.Table.View.ID == id {
			return o
		}
	}
	return nil
}

func (e *Env) kind(id uint64) any {
	if e.Catalog != nil {
		if o, ok := e.Catalog.ByID(id); ok {
			return string(o.Kind)
		}
	}
	if o := e.kept(id); o != nil {
		return string(o.Kind)
	}
	return nil
}

func queryRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, q := range e.queries() {
		rejected := int64(0)
		for _, n := range q.Rejected {
			rejected += n
		}
		var slo any
		if q.SLO > 0 {
			slo = span(q.SLO)
		}
		rows = append(rows, r.row("id", int64(q.ID), "name", q.Name, "kind", e.kind(q.ID), "state", q.State,
			"reason", orNull(q.Reason), "sqlstate", orNull(q.Code), "slo", slo, "rows_in", q.In, "rows_out", q.Out, "rejected", rejected,
			"attained", q.Attained, "watermark", some(q.Watermark), "epoch", int64(q.Epoch), "lends", q.Lends,
			"merges", q.Merges, "rounds", q.Rounds, "state_bytes", q.StateBytes, "memory_bytes", orNone(q.Memory)))
	}
	return rows
}

// streamRows lists the declared streams; those that nobody reads have no status
// of their own.
func streamRows(e *Env, r *relation) [][]any {
	status := map[uint64]job.SourceStatus{}
	for _, s := range e.sources() {
		status[s.ID] = s
	}
	var rows [][]any
	for _, o := range e.objects() {
		if o.Kind != catalog.Stream && o.Kind != catalog.Derived {
			continue
		}
		row := []any{"id", int64(o.ID), "name", o.Name, "kind", string(o.Kind), "connector", orNull(o.Options["connector"])}
		if s, ok := status[o.ID]; ok {
			row = append(row, "state", s.State, "error", orNull(s.Error), "decoded", s.Decoded,
				"decoded_bytes", s.DecodedBytes, "malformed", s.Malformed, "watermark", some(s.Watermark),
				"partitions", int64(len(s.Partitions)))
		}
		rows = append(rows, r.row(row...))
	}
	return rows
}

func partitionRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, s := range e.sources() {
		for _, p := range s.Partitions {
			rows = append(rows, r.row("stream", s.Name, "partition", int64(p.Partition), "next", p.Next,
				"high", p.High, "lag", max(0, p.High-p.Next), "idle", p.Idle))
		}
	}
	return rows
}

func rejectedRows(e *Env, r *relation) [][]any {
	var rows [][]any
	if e.Engine == nil {
		return nil
	}
	err := e.Engine.Rejected(0, func(x job.RejectedRow) error {
		rows = append(rows, r.row("query", e.name(x.Query), "source", e.name(x.Source), "operator", orNull(x.Operator),
			"partition", int64(x.Partition), "offset", x.Offset, "reason", x.Reason, "detail", orNull(x.Detail),
			"row", orNull(x.Row), "at", x.At.UnixMicro()))
		return nil
	})
	if err != nil {
		e.failed = fmt.Errorf("read dirigo_rejected: %w", err)
	}
	return rows
}

func sloRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, q := range e.queries() {
		results := uint64(0)
		for _, n := range q.Latency.Counts {
			results += n
		}
		row := []any{
			"query", q.Name, "attained", q.Attained, "attained_1m", q.Attained1m, "attained_10m", q.Attained10m,
			"results", int64(results), "misses", q.Misses, "waiting", span(q.Waited), "running", span(q.Busy),
			"blocked", span(q.Blocked), "lends", q.Lends, "refused", q.Refused, "late", q.Late, "lessees", int64(q.Lessees),
		}
		if q.SLO > 0 {
			row = append(row, "target", span(q.SLO))
		}
		if results > 0 {
			row = append(row, "p50", span(q.Latency.P50), "p95", span(q.Latency.P95),
				"p99", span(q.Latency.P99), "max", span(q.Latency.Max))
		}
		rows = append(rows, r.row(row...))
	}
	return rows
}

func vertexRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, q := range e.queries() {
		for _, v := range q.Vertices {
			rows = append(rows, r.row("query", q.Name, "vertex", int64(v.ID), "busy", span(v.Busy), "waited", span(v.Waited),
				"messages", v.Messages, "rows", v.Rows, "lends", v.Lends, "merges", v.Merges, "rounds", v.Rounds,
				"cost", span(v.Cost), "path", span(v.Path), "state_bytes", v.StateBytes))
		}
	}
	return rows
}
