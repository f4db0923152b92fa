// Package join joins changing relations: hash joins that update on every side,
// joins bounded in event time, lookups in a table as of now, semi and anti
// joins. It knows nothing of SQL, actors or where rows come from.
package join

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// Kind says which rows a join gives.
type Kind string

// The kinds. Semi and Anti give left columns only, each left row once (with its
// own count) if at least one (no) right row matches.
//
// NullAnti is x NOT IN (SELECT y …) of one column each, without correlation: a
// NULL on either side makes the comparison unknown, and an unknown row does not
// pass; over no right rows at all every left row does. That depends on all right
// rows, whatever their key, so both inputs lie on one instance. NOT IN of several
// columns, or with correlation, is an Anti join on the correlated columns with
// the condition (x = y) IS NOT FALSE. Its state is never cleaned: Bound, which its
// key must imply, and TTL are not heeded.
const (
	Inner    Kind = "inner"
	Left     Kind = "left"
	Right    Kind = "right"
	Full     Kind = "full"
	Semi     Kind = "semi"
	Anti     Kind = "anti"
	NullAnti Kind = "null anti"
)

// Join is a join of two inputs on equal keys, updating on both sides; stored
// with plans. Input 0 is left, input 1 right. Output columns: those of Output,
// which index left ++ right (left alone for semi and anti joins).
//
// NULL keys match nothing, but for those with NullEqual. Without keys every
// left row meets every right row (a cross join: both inputs then lie on one
// instance, or the right one whole on each and the left one spread, but for right
// and full joins).
//
// Rows are placed by the hash of their keys in the order of LeftKey and RightKey,
// which is therefore what the inputs are exchanged by, whole.
//
// Pairs leave as rows come. Padded rows, and all rows of semi and anti joins,
// leave when their tick is complete, by the sum of the counts that match: above
// zero is a match. The output is updating unless both inputs are append-only and
// the join is inner, semi, or padded on close.
type Join struct {
	Kind      Kind         `json:"kind"`
	Left      []batch.Type `json:"l"` // columns of input 0
	Right     []batch.Type `json:"r"`
	LeftKey   []int        `json:"lk"` // as many as RightKey, of the same types
	RightKey  []int        `json:"rk"`
	NullEqual []bool       `json:"ne,omitempty"` // IS NOT DISTINCT FROM; nil: none
	// On is a further condition over left ++ right columns; nil: none. It is
	// part of the match: an outer row without a match that it holds for is
	// padded with NULLs.
	On     *expr.Node `json:"on,omitempty"`
	Output []int      `json:"out"`
	// LeftUpdating and RightUpdating say that an input has retractions.
	LeftUpdating  bool `json:"lu,omitempty"`
	RightUpdating bool `json:"ru,omitempty"`
	// LeftUnique and RightUnique say that at most one row of that input has a
	// key: state is then one row a key.
	LeftUnique  bool `json:"l1,omitempty"`
	RightUnique bool `json:"r1,omitempty"`
	// Bound cleans state by watermark; nil: state is kept until its rows are
	// retracted.
	Bound *Bound `json:"bound,omitempty"`
	// TTL drops rows that nothing has touched for so long, in microseconds of
	// the clock that ticks carry (Frontier.Born); 0: never. A row is touched when
	// it comes, is taken back or is matched. It goes without a word, up to an
	// eighth of the time late.
	TTL int64 `json:"ttl,omitempty"`
}

// Bound says Low ≤ right time − left time ≤ High, in microseconds, where both
// columns have a watermark: a left row may go when the right watermark has
// passed its time + High, a right row when the left one has passed its time −
// Low. It is part of the match: On need not say it again. A row whose time is
// NULL matches nothing. Rows go in groups, up to High − Low (and at least a
// second) later than they might.
type Bound struct {
	LeftTime  int   `json:"lt"` // column of the left input
	RightTime int   `json:"rt"` // column of the right input
	Low       int64 `json:"low"`
	High      int64 `json:"high"`
	// OnClose pads unmatched outer rows when they are dropped (append-only
	// output) instead of at once and taking it back (updating output).
	OnClose bool `json:"close,omitempty"`
}

// Temporal looks each left row up in the right input as of the tick in which
// the left row came (FOR SYSTEM_TIME AS OF): later changes of the table do not
// change what was given. The left input is append-only, the right one a table
// by key. Inner or Left. Within a tick the table's changes come first.
type Temporal struct {
	Kind     Kind         `json:"kind"`
	Left     []batch.Type `json:"l"`
	Right    []batch.Type `json:"r"`
	LeftKey  []int        `json:"lk"`
	RightKey []int        `json:"rk"` // the table's key
	On       *expr.Node   `json:"on,omitempty"`
	Output   []int        `json:"out"`
}

// Outputs returns the types of the columns that a join of left and right gives.
func outputs(left, right []batch.Type, out []int) []batch.Type {
	types := make([]batch.Type, len(out))
	for i, c := range out {
		if c < len(left) {
			types[i] = left[c]
		} else {
			types[i] = right[c-len(left)]
		}
	}
	return types
}

// Types returns the types of the output columns.
func (j *Join) Types() []batch.Type { return outputs(j.Left, j.Right, j.Output) }

// Types returns the types of the output columns.
func (t *Temporal) Types() []batch.Type { return outputs(t.Left, t.Right, t.Output) }

// Updating tells whether the output may take rows back.
func (j *Join) Updating() bool {
	if j.LeftUpdating || j.RightUpdating {
		return true
	}
	switch j.Kind {
	case Inner, Semi:
		return false
	}
	return j.Bound == nil || !j.Bound.OnClose
}

// LendReason says why a join's work is not lent to other workers, for EXPLAIN.
func (j *Join) LendReason() string {
	return "a join compares each row with all that came before it"
}

// LendReason says why a temporal join's work is not lent to other workers, for
// EXPLAIN.
func (t *Temporal) LendReason() string {
	return "a lookup needs the table as it is when the tick is complete"
}
