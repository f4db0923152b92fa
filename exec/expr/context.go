package expr

import "time"

// Context is what an evaluation takes from its surroundings, and the rows that
// failed in it. The zero Context has UTC and no statement time. It belongs to
// one batch at a time: Reset it before the next.
type Context struct {
	// Loc is the session's time zone; nil: UTC.
	Loc *time.Location
	// Now is the statement's time in microseconds since the Unix epoch, for
	// now() and its kin.
	Now int64

	failed []Failure
	seen   map[int]struct{}
}

// Failure is a row that an expression could not be computed for.
type Failure struct {
	Row int // index into the batch's columns
	Err *Error
}

// Fail records that row failed; only the first failure of a row counts.
func (cx *Context) Fail(row int, err *Error) {
	if _, ok := cx.seen[row]; ok {
		return
	}
	if cx.seen == nil {
		cx.seen = make(map[int]struct{})
	}
	cx.seen[row] = struct{}{}
	cx.failed = append(cx.failed, Failure{Row: row, Err: err})
}

// Failed returns the failures since Reset, each row once.
func (cx *Context) Failed() []Failure { return cx.failed }

// Reset forgets the failures.
func (cx *Context) Reset() {
	if len(cx.failed) == 0 {
		return
	}
	cx.failed = nil
	clear(cx.seen)
}
