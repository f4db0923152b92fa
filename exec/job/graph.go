package job

import (
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// Graph is a physical plan: what the planner hands over, and what the catalog
// stores, so that a restart goes on with the same vertices and their state.
type Graph struct {
	Version   int      `json:"version"` // of this format
	KeyGroups int      `json:"key_groups"`
	Vertices  []Vertex `json:"vertices"` // inputs before consumers; the last one is the output
}

// Vertex is a chain of operators that runs as one actor per instance.
//
// Instance i of n owns the key groups ⌈i·K/n⌉ ≤ g < ⌈(i+1)·K/n⌉ of K. A vertex
// with a Read has no Inputs and begins with the rows of that relation.
type Vertex struct {
	ID         int          `json:"id"` // stable: state is kept under it
	Read       *Read        `json:"read,omitempty"`
	Inputs     []Input      `json:"inputs,omitempty"`
	Ops        []op.Spec    `json:"ops"`            // at most one stateful, which then stands first
	Sink       bool         `json:"sink,omitempty"` // the query's sink is fed from here
	Instances  int          `json:"instances"`
	Schema     batch.Schema `json:"schema"`        // of the output
	Updating   bool         `json:"upd,omitempty"` // the output has retractions
	Lend       bool         `json:"lend,omitempty"`
	LendReason string       `json:"lend_reason,omitempty"` // why not, for EXPLAIN
	State      int          `json:"state,omitempty"`       // version of the state's layout; 0: none
}

// Read begins a chain at a source (or at a view's changes).
//
// Instances of the vertex share out the partitions: instance i of n reads
// partition p where p mod n = i.
type Read struct {
	Relation uint64 `json:"rel"`  // id of a source or a view
	Columns  []int  `json:"cols"` // of the relation, in the order in which the chain sees them
	// Point names the rows by their key, in a bounded query; nil: all rows. What
	// a relation cannot look up is read whole, so the condition stays in the chain.
	Point *Point `json:"point,omitempty"`
}

// Point is a look-up by all key columns of a relation.
type Point struct {
	Key []int `json:"key"`
	// Values are constants of the columns' types: one for each column of Key, row
	// after row.
	Values []*expr.Node `json:"values"`
}

// Input is an edge from another vertex: Hash empty forwards instance to
// instance (counts must be equal, or everything goes to instance 0 of 1), else rows
// go by key group of these columns of the producer's output.
type Input struct {
	From int   `json:"from"`
	Hash []int `json:"hash,omitempty"`
}

// SourceDef is a declared stream: a connector and what the engine adds to it.
type SourceDef struct {
	ID        uint64          `json:"id"`
	Name      string          `json:"name"`
	Connector string          `json:"connector"`
	Spec      connectors.Spec `json:"spec"` // its physical columns
	// Columns are what queries see: OpCol nodes of physical columns, or
	// generated ones over them.
	Columns []SourceColumn `json:"columns"`
	// TimeZone is that of the session which declared the stream; "": UTC.
	TimeZone string `json:"tz,omitempty"`
	// Watermark: the event-time column (of Columns) and the delay in µs; -1: none.
	Watermark   int           `json:"wm"`
	Delay       int64         `json:"delay,omitempty"`
	IdleTimeout time.Duration `json:"idle,omitempty"`   // 0: never idle
	Latest      bool          `json:"latest,omitempty"` // new queries start at the end
}

// SourceColumn is one column that queries see.
type SourceColumn struct {
	Name string     `json:"name"`
	Expr *expr.Node `json:"expr"` // over the physical columns
}

// QueryDef is a running query: a graph and where its output goes.
type QueryDef struct {
	ID    uint64        `json:"id"`
	Name  string        `json:"name"`
	Graph *Graph        `json:"graph"`
	Sink  *SinkDef      `json:"sink,omitempty"` // nil: a view, whose last vertex is a Materialize
	SLO   time.Duration `json:"slo,omitempty"`  // 0: best effort
	// TimeZone is that of the session which created the query; "": UTC.
	TimeZone string `json:"tz,omitempty"`
	// Checkpoint is the interval between seals; 0: 1 s.
	Checkpoint time.Duration `json:"checkpoint,omitempty"`

	// Memory is what its state may take before pages leave memory, bytes; 0: the
	// node's budget.
	Memory int64 `json:"memory,omitempty"`

	sink connectors.Sink // of a query that lives only as long as somebody listens
}

// SinkDef says where output goes.
type SinkDef struct {
	Connector string          `json:"connector"`
	Spec      connectors.Spec `json:"spec"` // Key: the columns of an upsert
}

// zoneOf returns a stored time zone; "" is UTC.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	return batch.LoadZone(name)
}
