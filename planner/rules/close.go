package rules

import "github.com/dirigo-stream/dirigo/planner/logical"

// NotClosable says why a query cannot emit on window close, and what to do.
type NotClosable struct {
	Pos           int // of the aggregate in the user's text, in bytes
	Message, Hint string
}

func (e *NotClosable) Error() string { return e.Message }

// CloseWindows makes every window aggregate emit once, when the watermark has
// passed the window. strict refuses the plan when some other operator would
// still emit updates: the error is a *NotClosable.
func CloseWindows(n logical.Node, strict bool) (logical.Node, error) {
	var failed *NotClosable
	out := logical.Transform(n, func(n logical.Node) logical.Node {
		g, ok := n.(*logical.Group)
		if !ok {
			return n
		}
		if why := notClosable(g); why != nil {
			if failed == nil {
				failed = why
			}
			return n
		}
		c := *g
		c.OnClose = true
		return &c
	})
	if strict && failed != nil {
		return nil, failed
	}
	return out, nil
}

func notClosable(g *logical.Group) *NotClosable {
	switch {
	case g.Window == nil:
		return &NotClosable{
			Pos:     g.Pos,
			Message: "EMIT ON WINDOW CLOSE needs a window that closes: this aggregate has none",
			Hint: "Group by window_start of TUMBLE or HOP over a column with a watermark " +
				"(WATERMARK FOR column AS column - INTERVAL '...' in CREATE STREAM), or use EMIT CHANGES.",
		}
	case g.Input.Props().Updating:
		return &NotClosable{
			Pos:     g.Pos,
			Message: "EMIT ON WINDOW CLOSE is not possible over a relation whose rows change",
			Hint:    "Use EMIT CHANGES, or read from the stream itself.",
		}
	}
	return nil
}
