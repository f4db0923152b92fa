package rules

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/planner/logical"
)

// NotClosable says why a query cannot emit on window close, and what to do.
type NotClosable struct {
	Pos           int // of the aggregate in the user's text, in bytes
	Message, Hint string
}

func (e *NotClosable) Error() string { return e.Message }

// Closes checks that every aggregate of a plan emits when its window closes.
// The error is a *NotClosable.
func Closes(n logical.Node) error {
	var failed *NotClosable
	logical.Walk(n, func(n logical.Node) {
		if failed != nil {
			return
		}
		switch n := n.(type) {
		case *logical.Group:
			if !n.OnClose {
				failed = notClosable(n)
			}
		case *logical.Join:
			if n.Props().Updating && !n.Left.Props().Updating && !n.Right.Props().Updating {
				failed = unbounded(n)
			}
		}
	})
	if failed != nil {
		return failed
	}
	return nil
}

// unbounded is the error of a join that takes rows back and has no bound in
// time by which it could wait for them.
func unbounded(j *logical.Join) *NotClosable {
	return &NotClosable{
		Pos:     j.Pos,
		Message: "EMIT ON WINDOW CLOSE needs a join that closes: rows without a match would be taken back when one comes",
		Hint: "Bound the join in time, between columns with a watermark (a.ts BETWEEN b.ts - INTERVAL '...' AND b.ts + INTERVAL '...'), " +
			"or by equal windows; or use EMIT CHANGES.",
	}
}

func notClosable(g *logical.Group) *NotClosable {
	if w := unmarked(g.Input); w != nil {
		name := w.Input.Schema()[w.Span.Time].Name
		return &NotClosable{
			Pos:     g.Pos,
			Message: fmt.Sprintf("EMIT ON WINDOW CLOSE needs a watermark on column %q, which tells when a window is over", name),
			Hint: fmt.Sprintf("Declare it where the stream is created: WATERMARK FOR %s AS %s - INTERVAL '...'; "+
				"it is lost behind aggregates and joins without a bound in time. Or use EMIT CHANGES.", name, name),
		}
	}
	if g.Window == nil {
		return &NotClosable{
			Pos:     g.Pos,
			Message: "EMIT ON WINDOW CLOSE needs a window that closes: this aggregate has none",
			Hint: "Group by window_start of TUMBLE or HOP over a column with a watermark " +
				"(WATERMARK FOR column AS column - INTERVAL '...' in CREATE STREAM), or use EMIT CHANGES.",
		}
	}
	return &NotClosable{
		Pos:     g.Pos,
		Message: "EMIT ON WINDOW CLOSE is not possible over a relation whose rows change",
		Hint:    "Use EMIT CHANGES, or read from the stream itself.",
	}
}

// unmarked returns the window that an aggregate's rows come from, if its time
// has no watermark.
func unmarked(n logical.Node) *logical.Window {
	switch n := n.(type) {
	case *logical.Window:
		if _, closes := n.Closes(); !closes && !n.Props().Updating {
			return n
		}
	case *logical.Project, *logical.Filter:
		return unmarked(n.Inputs()[0])
	}
	return nil
}
