package session

import (
	"context"
	"fmt"

	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// write runs f in the transaction that is open, or in one of its own, which it
// commits. Statements of one message that are not the last leave that to the
// last, or to EndGroup: as in PostgreSQL they count together or not at all.
func (s *Session) write(ctx context.Context, what string, f func(x Txn) error) error {
	if s.tx.readOnly {
		return result.Errorf("25006", "cannot execute %s in a read-only transaction", what)
	}
	if s.tx.txn == nil {
		if s.db.cfg.Begin == nil {
			return result.Errorf(result.CodeUnsupported, "this server has no tables")
		}
		wait, _ := s.settings.Setting("lock_timeout")
		limit, _ := milliseconds(wait)
		s.tx.txn = s.db.cfg.Begin(limit)
	}
	if err := f(s.tx.txn); err != nil {
		s.tx.undo()
		return err
	}
	if s.tx.state == 0 && !s.more {
		return s.commit(ctx)
	}
	return nil
}

// commit makes the open changes durable.
func (s *Session) commit(ctx context.Context) error {
	x := s.tx.txn
	if x == nil {
		return nil
	}
	s.tx.txn = nil
	tick, err := x.Commit(ctx)
	s.tick = max(s.tick, tick)
	return err
}

// settle commits what earlier statements of the same message have changed.
func (s *Session) settle(ctx context.Context) error {
	if s.tx.state != 0 {
		return nil
	}
	return s.commit(ctx)
}

// Group tells before a statement runs whether it is the last of its message.
func (s *Session) Group(last bool) { s.more = !last }

// EndGroup ends a message's statements: what they have changed outside of a
// transaction becomes durable.
func (s *Session) EndGroup(ctx context.Context) error {
	s.more = false
	if err := s.settle(ctx); err != nil {
		return told(ctx, err, "")
	}
	return nil
}

// table finds a table that a statement changes.
func (s *Session) table(name ast.QName, verb string) (*catalog.Object, error) {
	o, err := s.object(name, ast.AnyObject)
	if err != nil {
		return nil, err
	}
	if o.Table != nil {
		return o, nil
	}
	e := result.Errorf(result.CodeWrongObject, "cannot %s %s %q", verb, o.Kind, o.Name)
	switch o.Kind {
	case catalog.Stream:
		e = e.WithHint("A stream gets its rows from its connector: write to the topic or file that it reads.")
	default:
		e = e.WithHint("Its rows are those of its query: change the tables that it reads.")
	}
	return nil, located(e, name.At())
}

func insertTag(n int64) string { return fmt.Sprintf("INSERT 0 %d", n) }
