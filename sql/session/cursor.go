package session

import (
	"context"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// cursor is a statement that DECLARE named, perhaps half way through.
type cursor struct {
	*result.Cursor
	d      result.Description
	hold   bool
	inside bool // declared in the transaction that is open
}

// maxCursors bounds what one session keeps open.
const maxCursors = 1000

// declare handles DECLARE … CURSOR FOR a query or a SUBSCRIBE.
func (s *Session) declare(st *statement, n *ast.Declare, params []result.Param) (handler, error) {
	inner := &statement{s: s, node: n.Query, text: st.text, sql: st.sql, params: st.params}
	h, err := inner.prepare(params)
	if err != nil {
		return handler{}, err
	}
	out := handler{d: result.Description{Params: h.d.Params}}
	out.run = func(_ context.Context, params []result.Param, _ result.Sink) (string, error) {
		switch {
		case s.tx.state == 0 && !n.Hold:
			return "", result.Errorf("25P01", "DECLARE CURSOR can only be used in transaction blocks").
				WithHint("BEGIN first, or declare it WITH HOLD.")
		case s.cursors[n.Name.Text] != nil:
			return "", result.Errorf("42P03", "cursor %q already exists", n.Name.Text)
		case len(s.cursors) >= maxCursors:
			return "", result.Errorf("54000", "more than %d cursors", maxCursors)
		}
		if s.cursors == nil {
			s.cursors = map[string]*cursor{}
		}
		s.cursors[n.Name.Text] = &cursor{
			Cursor: result.NewCursor(s.ctx, func(ctx context.Context, out result.Sink) (string, error) {
				return h.run(ctx, params, out)
			}),
			d: h.d, hold: n.Hold, inside: s.tx.state != 0,
		}
		return "DECLARE CURSOR", nil
	}
	return out, nil
}

// Cursor returns what the cursor of a name gives.
func (s *Session) Cursor(name string) (result.Description, bool) {
	c := s.cursors[name]
	if c == nil {
		return result.Description{}, false
	}
	return c.d, true
}

// fetch handles FETCH and MOVE, forward only.
func (s *Session) fetch(n *ast.Fetch) (handler, error) {
	c := s.cursors[n.Cursor.Text]
	if c == nil {
		return handler{}, located(result.Errorf("34000", "cursor %q does not exist", n.Cursor.Text), n.Cursor.Pos)
	}
	if n.Dir != ast.FetchForward && !(n.Dir == ast.FetchRelative && n.Count >= 0) {
		return handler{}, located(result.Errorf("55000", "cursor can only scan forward"), n.Pos)
	}
	word := "FETCH"
	var h handler
	if n.Move {
		word = "MOVE"
	} else {
		h.d.Columns = c.d.Columns
		h.d.Endless = c.d.Endless
	}
	h.run = func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
		stop := context.AfterFunc(ctx, func() { c.Cancel(context.Cause(ctx)) })
		defer stop()
		if n.Move {
			out = silent{out}
		}
		// A subscription has no end to wait for: what there is, is given.
		rows, _, err := c.Fetch(n.Count, c.d.Endless, out)
		if err != nil {
			s.closeCursor(n.Cursor.Text)
			return "", err
		}
		return fmt.Sprintf("%s %d", word, rows), nil
	}
	return h, nil
}

// silent drops rows.
type silent struct{ result.Sink }

// Rows implements result.Sink.
func (silent) Rows(*batch.Batch) error { return nil }

func (s *Session) closeCursor(name string) {
	if c := s.cursors[name]; c != nil {
		c.Close()
		delete(s.cursors, name)
	}
}

// closeNamed handles CLOSE.
func (s *Session) closeNamed(n *ast.Close) handler {
	return command(func(_ context.Context, _ result.Sink) (string, error) {
		if n.Name.Empty() {
			for name := range s.cursors {
				s.closeCursor(name)
			}
			return "CLOSE CURSOR ALL", nil
		}
		if s.cursors[n.Name.Text] == nil {
			return "", located(result.Errorf("34000", "cursor %q does not exist", n.Name.Text), n.Name.Pos)
		}
		s.closeCursor(n.Name.Text)
		return "CLOSE CURSOR", nil
	})
}
