package rules

import "github.com/dirigo-stream/dirigo/planner/logical"

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
