// Package op holds the operators that a plan may name: the stateless ones, one
// a file, and the small stateful ones that a query may end in (materialize,
// sort, limit). New makes an operator of its spec. It knows nothing of actors
// or where rows come from.
package op

import (
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
)

// Spec is one operator of a stored plan: exactly one field is set.
type Spec struct {
	Filter      *expr.Node   `json:"filter,omitempty"`
	Project     []*expr.Node `json:"project,omitempty"`
	Window      *Window      `json:"window,omitempty"` // adds window_start, window_end
	Group       *agg.Group   `json:"group,omitempty"`
	Late        *Late        `json:"late,omitempty"`
	Union       bool         `json:"union,omitempty"`    // n inputs, one output
	Distinct    bool         `json:"distinct,omitempty"` // SELECT DISTINCT, UNION: whole-row groups
	Materialize *Materialize `json:"materialize,omitempty"`
	Sort        *Sort        `json:"sort,omitempty"`   // bounded queries only: emits at the end
	Values      *Values      `json:"values,omitempty"` // bounded queries only: constant rows, no input

	Join     *join.Join     `json:"join,omitempty"`     // two inputs: left, right
	Temporal *join.Temporal `json:"temporal,omitempty"` // two inputs: rows, table
	SetOp    *SetOp         `json:"setop,omitempty"`    // two inputs of equal columns
	Upsert   *Upsert        `json:"upsert,omitempty"`   // records by key to changes
	Unnest   *Unnest        `json:"unnest,omitempty"`   // rows × elements of an array
}

// SetOp is INTERSECT or EXCEPT over whole rows: a row's count in the output is a
// function of its counts in both inputs (max(0, l − r) for EXCEPT ALL, and so on).
type SetOp struct {
	Types  []batch.Type `json:"types"`
	Except bool         `json:"except,omitempty"` // else INTERSECT
	All    bool         `json:"all,omitempty"`
}

// Upsert turns records that carry the newest row of their key (count +1), or the
// key alone (count −1: a tombstone), into changes: −old +new. It keeps the
// newest row by key.
type Upsert struct {
	Types []batch.Type `json:"types"`
	Key   []int        `json:"key"`
}

// Unnest gives each row once per element of an array-valued expression, the
// element in a further column (and its ordinal, from 1, in another one). An
// empty or NULL array gives no row, with Outer one with NULLs.
type Unnest struct {
	Func string     `json:"f"` // unnest, jsonb_array_elements, jsonb_array_elements_text, generate_series
	Arg  *expr.Node `json:"arg"`
	// More are the further arguments of generate_series, whose first is Arg: stop
	// and, for integers optional, step. It has integers of one kind, or two times
	// of one kind and an interval.
	More       []*expr.Node `json:"more,omitempty"`
	Type       batch.Type   `json:"t"` // of the element
	Ordinality bool         `json:"ord,omitempty"`
	Outer      bool         `json:"outer,omitempty"`
}

// Window assigns rows to windows without grouping: two columns more, a row once
// per window that holds it.
type Window struct {
	agg.Window
}

// Late rejects rows at the entrance of a query that closes state by event time:
// those whose mark exceeds Allowed (µs), and rows whose time is NULL.
type Late struct {
	Time    int   `json:"time"`
	Allowed int64 `json:"allowed"`
}

// Materialize keeps a relation: rows by key (stream key; all columns where nil)
// with counts, applied a tick at a time, and passes the consolidated changes on.
type Materialize struct {
	Types []batch.Type `json:"types"`
	Key   []int        `json:"key"`
}

// Sort orders rows and cuts them; without Keys it only cuts.
type Sort struct {
	Types  []batch.Type `json:"types"`
	Keys   []SortKey    `json:"keys,omitempty"`
	Limit  int64        `json:"limit"` // -1: all
	Offset int64        `json:"offset,omitempty"`
}

// SortKey is one column of an order.
type SortKey struct {
	Col        int  `json:"c"`
	Desc       bool `json:"d,omitempty"`
	NullsFirst bool `json:"nf,omitempty"`
}

// Values is a constant relation; rows are expressions without columns.
type Values struct {
	Types []batch.Type   `json:"types"`
	Rows  [][]*expr.Node `json:"rows"`
}
