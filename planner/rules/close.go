package rules

import (
	"fmt"
	"slices"

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
		if g, ok := n.(*logical.Group); ok && !g.OnClose && failed == nil {
			failed = notClosable(g)
		}
	})
	if failed != nil {
		return failed
	}
	return nil
}

func notClosable(g *logical.Group) *NotClosable {
	if w := unmarked(g.Input); w != nil {
		name := w.Input.Schema()[w.Span.Time].Name
		return &NotClosable{
			Pos:     g.Pos,
			Message: fmt.Sprintf("EMIT ON WINDOW CLOSE needs a watermark on column %q, which tells when a window is over", name),
			Hint: fmt.Sprintf("Declare it where the stream is created: WATERMARK FOR %s AS %s - INTERVAL '...'; "+
				"it is lost behind aggregates. Or use EMIT CHANGES.", name, name),
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
		if !slices.Contains(n.Input.Props().Times, n.Span.Time) && !n.Props().Updating {
			return n
		}
	case *logical.Project, *logical.Filter:
		return unmarked(n.Inputs()[0])
	}
	return nil
}
