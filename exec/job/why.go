package job

import (
	"fmt"
	"slices"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

func timesOf(of []*instance) (t actors.Times) {
	for _, i := range of {
		i.ref.AddTimes(&t)
	}
	return t
}

// why says what keeps a query from giving rows, the nearest cause first.
func (e *Engine) why(q *query, a *Analysis) []string {
	switch st := a.Status; st.State {
	case statePaused:
		if st.Reason != "" {
			return []string{"it is paused, as " + st.Reason}
		}
		return []string{"it is paused: ALTER ... RESUME lets it go on"}
	case stateFailed:
		return []string{"it has failed: " + st.Reason + "; ALTER ... RESUME lets it go on"}
	case stateWaiting:
		return []string{"it waits: " + st.Reason}
	}
	var out []string
	if a.Status.State == stateCatching {
		out = append(out, "it catches up with what its inputs have: nothing of it is shown before it is there")
	}
	if why := q.trouble(); why != "" {
		out = append(out, why)
	}
	for _, end := range q.ends {
		if end.sink != nil && end.sink.sink.Status() != "" {
			out = append(out, "the sink: "+end.sink.sink.Status())
			break
		}
	}
	if a.Status.Out == 0 {
		out = append(out, e.dryVertices(q, a)...)
		if n := total(a.Status.Rejected); n > 0 {
			out = append(out, fmt.Sprintf("%s rejected: SELECT reason, detail FROM dirigo_rejected WHERE query = '%s'", rows(n, "was", "were"), q.def.Name))
		}
	}
	return append(out, e.heldTime(q)...)
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func rows(n int64, one, many string) string {
	if n == 1 {
		return "1 row " + one
	}
	return fmt.Sprintf("%d rows %s", n, many)
}

// dryVertices says of each vertex that was given rows, or should read some, and
// gave none on, what became of them.
func (e *Engine) dryVertices(q *query, a *Analysis) (out []string) {
	for i := range q.def.Graph.Vertices {
		v := &q.def.Graph.Vertices[i]
		m := a.Vertices[v.ID]
		switch {
		case m.RowsIn == 0 && v.Read != nil:
			out = append(out, fmt.Sprintf("vertex %d: %s", v.ID, e.nothingRead(v.Read.Relation)))
		case m.RowsIn > 0 && m.RowsOut == 0:
			out = append(out, fmt.Sprintf("vertex %d: %s", v.ID, q.swallowed(v, m, a)))
		}
	}
	return out
}

// nothingRead says why no row comes from a relation.
func (e *Engine) nothingRead(relation uint64) string {
	s := e.source(relation)
	if s == nil {
		if up := e.query(relation); up != nil {
			return fmt.Sprintf("view %s has given no rows: EXPLAIN ANALYZE %s says why", up.def.Name, up.def.Name)
		}
		return "what it reads is not there"
	}
	st := s.status()
	lag := int64(0)
	for _, p := range st.Partitions {
		lag += max(0, p.High-p.Next)
	}
	switch {
	case st.Malformed > 0 && st.Decoded <= st.Malformed:
		return fmt.Sprintf("none of the %d records of stream %s could be decoded: see dirigo_rejected", st.Malformed, s.def.Name)
	case lag > 0:
		return fmt.Sprintf("stream %s has %d records that have not been read yet", s.def.Name, lag)
	case s.def.Latest:
		return fmt.Sprintf("no record has come to stream %s since the query began to read at its end (start = 'latest')", s.def.Name)
	case s.table != nil:
		return fmt.Sprintf("table %s has no rows", s.def.Name)
	}
	return fmt.Sprintf("no record has come to stream %s", s.def.Name)
}

// swallowed says what became of the rows that came to a vertex which gave none.
func (q *query) swallowed(v *Vertex, m Measured, a *Analysis) string {
	in := m.RowsIn
	for n := range v.Ops {
		if n >= len(m.ops) || m.ops[n] > 0 {
			in = m.ops[min(n, len(m.ops)-1)]
			continue
		}
		switch o := v.Ops[n]; {
		case o.Filter != nil:
			return fmt.Sprintf("its filter keeps none of %d rows", in)
		case o.Late != nil:
			return fmt.Sprintf("all of %d rows were rejected as late", in)
		case o.Group != nil && o.Group.Window != nil && o.Group.OnClose:
			return q.openWindows(o.Group.Window, in)
		case o.Join != nil || o.Temporal != nil:
			for i, input := range v.Inputs {
				if a.Vertices[input.From].RowsOut == 0 {
					return fmt.Sprintf("its %s has nothing to join with: no row has come on its %s input", o.Kind(), [...]string{"left", "right"}[min(i, 1)])
				}
			}
			return fmt.Sprintf("no two of %d rows join", in)
		default:
			return fmt.Sprintf("its %s has given nothing for %d rows yet", o.Kind(), in)
		}
	}
	return fmt.Sprintf("it has given nothing for %d rows yet", in)
}

// openWindows says when rows that wait in windows come out.
func (q *query) openWindows(w *agg.Window, in int64) string {
	wm := q.watermark()
	if wm == batch.MinTime {
		return fmt.Sprintf("%s in windows that have not closed: there is no watermark yet", rows(in, "waits", "wait"))
	}
	if wm == batch.MaxTime || w.Slide <= 0 {
		return fmt.Sprintf("%s in windows that have not closed", rows(in, "waits", "wait"))
	}
	end := wm - ((wm-w.Offset)%w.Slide+w.Slide)%w.Slide + w.Slide
	return fmt.Sprintf("%s in windows that have not closed: the watermark stands at %s, the next one ends at %s",
		rows(in, "waits", "wait"), instant(wm), instant(end))
}

func instant(micros int64) string { return string(batch.AppendTimestamp(nil, micros)) }

// heldTime says, for each stream whose event time closes a window of the query,
// which partition holds its watermark.
func (e *Engine) heldTime(q *query) (out []string) {
	if !slices.ContainsFunc(q.def.Graph.Vertices, func(v Vertex) bool { return windowOf(&v) > 0 }) {
		return nil
	}
	for _, rel := range q.relations() {
		if s := e.source(rel); s != nil && s.def.Watermark >= 0 {
			if held := s.heldBy(); held != "" {
				out = append(out, held)
			}
		}
	}
	return out
}

// heldBy says what holds the source's watermark; "": nobody reads it.
func (s *source) heldBy() string {
	p := s.livePump()
	if p == nil {
		return ""
	}
	p.feed.mu.Lock()
	parts := p.positions()
	p.feed.mu.Unlock()
	parts = slices.DeleteFunc(parts, func(p position) bool { return p.Idle })
	if len(parts) == 0 {
		return fmt.Sprintf("all partitions of stream %s are idle: its watermark stands still until a row comes", s.def.Name)
	}
	least := slices.MinFunc(parts, func(a, b position) int {
		switch {
		case a.Max < b.Max:
			return -1
		case a.Max > b.Max:
			return 1
		}
		return 0
	})
	if least.Max != batch.MinTime {
		return fmt.Sprintf("the watermark of stream %s is held by partition %d: its largest event time is %s, less %s",
			s.def.Name, least.Partition, instant(least.Max), batch.Span{Micros: s.def.Delay}.String())
	}
	remedy := "idle_timeout would leave it out"
	if s.def.IdleTimeout > 0 {
		remedy = "it is left out after idle_timeout"
	}
	return fmt.Sprintf("partition %d of stream %s has had no row, and holds its watermark back: %s", least.Partition, s.def.Name, remedy)
}
