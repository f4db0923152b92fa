// Package agg groups rows and keeps aggregate functions over them.
package agg

import "github.com/dirigo-stream/dirigo/exec/batch"

// Call is one aggregate function over columns of the input; stored with plans.
type Call struct {
	Func     string     `json:"f"` // count, sum, min, max, avg
	Arg      int        `json:"a"` // input column; -1: count(*)
	Filter   int        `json:"w"` // boolean input column of FILTER (WHERE …); -1: none
	Distinct bool       `json:"d,omitempty"`
	ArgType  batch.Type `json:"at"`
	Type     batch.Type `json:"t"` // of the result, see Resolve
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
