// Package agg groups rows and keeps aggregate functions over them.
package agg

import "github.com/dirigo-stream/dirigo/exec/batch"

// Call is one aggregate function over columns of the input; stored with plans.
type Call struct {
	Func     string     `json:"f"` // see Resolve
	Arg      int        `json:"a"` // input column; -1: count(*)
	Filter   int        `json:"w"` // boolean input column of FILTER (WHERE …); -1: none
	Distinct bool       `json:"d,omitempty"`
	ArgType  batch.Type `json:"at"`
	Type     batch.Type `json:"t"` // of the result, see Resolve
	// Order is ORDER BY inside array_agg and string_agg; with Distinct it names
	// the argument alone. Values that it leaves alike stand in their own order,
	// NULL last: the order in which rows came is nobody's promise.
	Order []Order `json:"o,omitempty"`
	// Separator stands between the values of string_agg.
	Separator string `json:"sep,omitempty"`
}

// Order is one column of ORDER BY. PostgreSQL's NULLs come last, and first where
// Desc is set, unless the query says so: NullsFirst is what holds.
type Order struct {
	Col        int        `json:"c"` // input column
	Type       batch.Type `json:"t"`
	Desc       bool       `json:"desc,omitempty"`
	NullsFirst bool       `json:"nf,omitempty"`
}

// Group is GROUP BY without a window, or with one (Window not nil); stored with
// plans. Output columns: the keys, then the calls; with a window, window_start
// and window_end stand first.
//
// Without Emit on close the output is updating: per touched group and tick at
// most one -old and one +new. With it each window leaves once, when the
// watermark has passed its end; then Append is true.
type Group struct {
	Keys     []int        `json:"keys"`
	KeyTypes []batch.Type `json:"kt"`
	Calls    []Call       `json:"calls"`
	Window   *Window      `json:"window,omitempty"`
	OnClose  bool         `json:"close,omitempty"`
	// Updating says that the input has retractions: min and max then keep
	// counted values.
	Updating bool `json:"upd,omitempty"`
	// TTL ends groups that nothing has touched for so long: their rows are taken
	// back and their state is dropped, as if none of their rows had come. In
	// microseconds of the clock that ticks carry (Frontier.Born); looked at every
	// quarter of it, when something flows; 0: never. Not with a window, nor
	// without keys, nor with DISTINCT calls that keep sets of values.
	TTL int64 `json:"ttl,omitempty"`
}

// Window is a tumbling (Slide = Size) or hopping window over an event-time
// column, in microseconds. Rows are kept in panes of Slide (or the greatest
// common divisor) shared by overlapping windows. Offset shifts the grid.
type Window struct {
	Time   int   `json:"time"` // input column, timestamp or timestamptz
	Size   int64 `json:"size"`
	Slide  int64 `json:"slide"`
	Offset int64 `json:"offset,omitempty"`
	// Lateness keeps a window's state for so long after the watermark passed
	// its end (updating output only).
	Lateness int64      `json:"late,omitempty"`
	TimeType batch.Type `json:"tt"`
}
