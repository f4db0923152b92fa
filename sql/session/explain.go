package session

import (
	"fmt"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/physical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// explained is a plan and what is said beside it.
type explained struct {
	graph   *job.Graph
	options physical.ExplainOptions
	found   *job.Analysis // of a query that runs, for ANALYZE
	bounded bool          // a SELECT, which ANALYZE runs
	took    time.Duration // that it took
	rows    int64
}

// explain handles EXPLAIN, of a statement or of what runs under a name. ANALYZE
// runs a SELECT, and adds to what runs on what has been measured since it started.
func (s *Session) explain(st *statement, n *ast.Explain) (handler, error) {
	var x explained
	var err error
	if n.Stmt == nil {
		x, err = s.explainNamed(n)
	} else {
		x, err = s.explainStatement(st, n)
	}
	if err != nil {
		return handler{}, err
	}
	x.options.Relation = s.relation
	if n.Analyze && x.bounded {
		return s.analyzeSelect(n, x), nil
	}
	return x.handler(n)
}

// handler gives the plan's lines.
func (x explained) handler(n *ast.Explain) (handler, error) {
	if strings.EqualFold(n.Format, "json") {
		text, err := physical.ExplainJSON(x.graph, x.options)
		return lines("EXPLAIN", []string{"QUERY PLAN"}, []any{string(text)}), err
	}
	plan := physical.Explain(x.graph, x.options)
	if n.Analyze && x.bounded {
		plan = append(plan, x.ran()...)
	} else if n.Analyze {
		plan = append(plan, x.measured()...)
	}
	rows := make([][]any, len(plan))
	for i, line := range plan {
		rows[i] = []any{line}
	}
	return lines("EXPLAIN", []string{"QUERY PLAN"}, rows...), nil
}

// relation finds what a Read of a plan names.
func (s *Session) relation(id uint64) *logical.Relation {
	o, ok := s.db.cfg.Catalog.ByID(id)
	if !ok {
		return nil
	}
	r, err := bind.RelationOf(o)
	if err != nil {
		return nil
	}
	return r
}

func (s *Session) explainNamed(n *ast.Explain) (explained, error) {
	o, err := s.object(n.Name, n.Kind)
	if err != nil {
		return explained{}, err
	}
	if o.Query == nil {
		e := result.Errorf(result.CodeWrongObject, "%q is a %s without a query: there is nothing to explain", o.Name, o.Kind)
		return explained{}, located(e, n.Name.At())
	}
	x := explained{graph: o.Query.Graph, options: physical.ExplainOptions{SLO: o.Query.SLO, Sink: sinkText(o)}}
	if found, ok := s.db.cfg.Engine.Analyze(o.ID); ok && n.Analyze {
		x.found, x.options.Measured = &found, found.Vertices
		x.options.Costs = map[int]time.Duration{}
		for _, v := range found.Status.Vertices {
			if v.Cost > 0 {
				x.options.Costs[v.ID] = v.Cost
			}
		}
	}
	return x, nil
}

func sinkText(o *catalog.Object) string {
	if o.Query.Sink == nil {
		return ""
	}
	if topic := o.Options["topic"]; topic != "" {
		return o.Query.Sink.Connector + " topic " + topic
	}
	return o.Query.Sink.Connector
}

func (s *Session) explainStatement(st *statement, n *ast.Explain) (explained, error) {
	switch stmt := n.Stmt.(type) {
	case *ast.Select:
		bound, err := bind.Select(stmt, s.bindEnv(st.params, nil))
		if err != nil {
			return explained{}, err
		}
		graph, err := planner.Bounded(bound.Plan)
		return explained{graph: graph, bounded: true}, err
	case *ast.CreateStream, *ast.CreateView:
		c, err := s.bindCreate(n.Stmt)
		if err != nil {
			return explained{}, err
		}
		o, err := s.planned(c)
		if err != nil {
			return explained{}, err
		}
		if o.Query == nil {
			return explained{}, located(result.Errorf(result.CodeWrongObject, "a stream without a query has no plan"), n.Stmt.At())
		}
		return explained{graph: o.Query.Graph, options: physical.ExplainOptions{SLO: o.Query.SLO, Sink: sinkText(o)}}, nil
	}
	return explained{}, notSupported(n.Stmt.At(), "EXPLAIN of this statement", "EXPLAIN a query, a CREATE, or the name of a view or stream.")
}

// measured are the lines that ANALYZE adds.
func (x explained) measured() []string {
	if x.found == nil {
		return []string{"Measured: the query does not run"}
	}
	q := x.found.Status
	out := []string{
		fmt.Sprintf("State: %s%s", q.State, reason(q.Reason)),
		fmt.Sprintf("Rows: in %d, out %d, rejected %d", q.In, q.Out, total(q.Rejected)),
		fmt.Sprintf("Latency: p50 %s, p95 %s, p99 %s, max %s; attained %.4g", q.Latency.P50, q.Latency.P95, q.Latency.P99, q.Latency.Max, q.Attained),
		fmt.Sprintf("Epoch %d, lends %d, merges %d, rounds %d, state %d bytes", q.Epoch, q.Lends, q.Merges, q.Rounds, q.StateBytes),
	}
	if q.Watermark != batch.MinTime && q.Watermark != batch.MaxTime {
		out = append(out, "Watermark: "+string(batch.AppendTimestamp(nil, q.Watermark)))
	}
	word := "Held: "
	if q.Out == 0 {
		word = "No rows yet: "
	}
	for _, why := range x.found.Why {
		out = append(out, word+why)
	}
	return out
}

func reason(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

func total(counts map[string]int64) int64 {
	n := int64(0)
	for _, c := range counts {
		n += c
	}
	return n
}
