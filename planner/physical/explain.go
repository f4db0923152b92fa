package physical

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// ExplainOptions say what EXPLAIN shows beside the graph itself.
type ExplainOptions struct {
	// Relation finds what a Read names; nil, or nil returned: shown by id.
	Relation func(id uint64) *logical.Relation
	Sink     string        // what the sink writes to, for people
	SLO      time.Duration // 0: best effort
	// Costs are measured costs per message by vertex id; where there is none
	// the model's stands.
	Costs map[int]time.Duration
	// Measured is what each vertex did, by id, for ANALYZE; nil: it is not told.
	Measured map[int]job.Measured
}

// Explained is one vertex of EXPLAIN (FORMAT json), with its inputs. One that
// several others read is told once; at the others' places it is only named.
type Explained struct {
	Vertex    int      `json:"vertex"`
	Shared    bool     `json:"shared,omitempty"` // told elsewhere: nothing else is set
	Operators []string `json:"operators,omitempty"`
	Exchange  []string `json:"exchange,omitempty"` // the columns by which rows came here
	Instances int      `json:"instances"`
	Updating  bool     `json:"updating"`
	Lends     bool     `json:"lends"`
	LendsNot  string   `json:"lends_not_because,omitempty"`
	State     string   `json:"state,omitempty"`
	// Microseconds: the expected cost of a message here and of what follows
	// it, the share of the SLO, and when the message must start at the latest,
	// from its append.
	Cost        int64        `json:"cost_us"`
	Path        int64        `json:"path_us"`
	Share       int64        `json:"slo_share_us,omitempty"`
	LatestStart int64        `json:"latest_start_us,omitempty"`
	Measured    *Measured    `json:"measured,omitempty"`
	Inputs      []*Explained `json:"inputs,omitempty"`
}

// Measured is what a vertex did, times in microseconds.
type Measured struct {
	RowsIn     int64 `json:"rows_in"`
	RowsOut    int64 `json:"rows_out"`
	Batches    int64 `json:"batches"`
	Busy       int64 `json:"busy_us"`
	Waited     int64 `json:"waited_us"`
	Blocked    int64 `json:"blocked_us"`
	P50        int64 `json:"p50_us,omitempty"`
	P99        int64 `json:"p99_us,omitempty"`
	Late       int64 `json:"late,omitempty"`
	Lends      int64 `json:"lends,omitempty"`
	Refused    int64 `json:"refused,omitempty"`
	Lessees    int   `json:"lessees,omitempty"`
	StateBytes int64 `json:"state_bytes,omitempty"`
}

func measured(m job.Measured) *Measured {
	return &Measured{
		RowsIn: m.RowsIn, RowsOut: m.RowsOut, Batches: m.Batches, Busy: m.Busy.Microseconds(), Waited: m.Waited.Microseconds(),
		Blocked: m.Blocked.Microseconds(), P50: m.P50.Microseconds(), P99: m.P99.Microseconds(), Late: m.Late,
		Lends: m.Lends, Refused: m.Refused, Lessees: m.Lessees, StateBytes: m.StateBytes,
	}
}

// lines are what a vertex did, for people; slo: a query that runs on has one.
func (m *Measured) lines(slo bool) []string {
	did := fmt.Sprintf("measured: %d rows in, %d out, %s, running %s", m.RowsIn, m.RowsOut, batches(m.Batches), micros(m.Busy))
	if m.Waited+m.Blocked > 0 {
		did += fmt.Sprintf(", waiting %s, blocked %s", micros(m.Waited), micros(m.Blocked))
	}
	out := []string{did}
	if m.P99 > 0 {
		took := fmt.Sprintf("measured: a message took p50 %s, p99 %s", micros(m.P50), micros(m.P99))
		if slo {
			took += fmt.Sprintf("; %d began late", m.Late)
		}
		out = append(out, took)
	}
	if m.Lends+m.Refused > 0 {
		out = append(out, fmt.Sprintf("measured: %d lent, %d refused, %d lessees now", m.Lends, m.Refused, m.Lessees))
	}
	return out
}

func batches(n int64) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

// Explain returns the lines of EXPLAIN: the output first, inputs indented.
func Explain(g *job.Graph, o ExplainOptions) []string {
	var lines []string
	write(&lines, tree(g, o), 0, o.SLO)
	return lines
}

// ExplainJSON returns the same as EXPLAIN (FORMAT json).
func ExplainJSON(g *job.Graph, o ExplainOptions) ([]byte, error) {
	return json.MarshalIndent(struct {
		KeyGroups int        `json:"key_groups"`
		SLO       int64      `json:"slo_us,omitempty"`
		Plan      *Explained `json:"plan"`
	}{g.KeyGroups, o.SLO.Microseconds(), tree(g, o)}, "", "  ")
}

func write(lines *[]string, v *Explained, depth int, slo time.Duration) {
	indent := strings.Repeat("   ", depth)
	if v.Shared {
		*lines = append(*lines, fmt.Sprintf("%s-> vertex %d, see above", indent, v.Vertex))
		return
	}
	for i, op := range v.Operators {
		lead := "   "
		if i == 0 {
			lead = "-> "
		}
		*lines = append(*lines, indent+lead+op)
	}
	detail := func(format string, args ...any) {
		*lines = append(*lines, indent+"     "+fmt.Sprintf(format, args...))
	}
	where := fmt.Sprintf("vertex %d, %s", v.Vertex, plural(v.Instances, "instance"))
	if len(v.Exchange) > 0 {
		where += ", by key groups of (" + strings.Join(v.Exchange, ", ") + ")"
	}
	detail("%s", where)
	if v.Lends {
		detail("lends: yes")
	} else {
		detail("lends: no, %s", v.LendsNot)
	}
	if v.State != "" {
		detail("state: %s", v.State)
	}
	if slo > 0 {
		detail("slo: %s of %s, starts at the latest %s after the append", micros(v.Share), slo, micros(v.LatestStart))
	}
	if v.Measured != nil {
		for _, line := range v.Measured.lines(slo > 0) {
			detail("%s", line)
		}
	}
	for _, in := range v.Inputs {
		write(lines, in, depth+1, slo)
	}
}

func micros(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
