package session

import (
	"context"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// handler makes a statement ready to run: what it gives is known then.
func (s *Session) handler(st *statement, params []result.Param) (handler, error) {
	switch n := st.node.(type) {
	case *ast.Select:
		return s.query(st, n, params)
	case *ast.Insert, *ast.Update, *ast.Delete:
		return s.change(st, params)
	case *ast.Truncate:
		return s.truncate(n), nil
	case *ast.CreateStream, *ast.CreateView, *ast.CreateTable:
		return s.create(st), nil
	case *ast.Drop:
		return s.drop(n), nil
	case *ast.Alter:
		return s.alter(n), nil
	case *ast.Show:
		return s.show(n)
	case *ast.Describe:
		return s.describe(n)
	case *ast.Explain:
		return s.explain(st, n)
	case *ast.Copy:
		if n.From {
			return s.copyIn(n)
		}
		return s.copyOut(st, n, params)
	case *ast.Subscribe:
		return s.subscribe(n)
	case *ast.Flush:
		return command(func(ctx context.Context, _ result.Sink) (string, error) {
			if err := s.settle(ctx); err != nil {
				return "", err
			}
			return "FLUSH", s.db.cfg.Engine.Flush(ctx)
		}), nil
	}
	return s.own(st, params)
}

// own handles the statements that concern the session alone.
func (s *Session) own(st *statement, params []result.Param) (handler, error) {
	switch n := st.node.(type) {
	case *ast.Set:
		return s.setSetting(n), nil
	case *ast.Reset:
		return s.resetSetting(n), nil
	case *ast.Begin:
		return s.begin(n), nil
	case *ast.Commit:
		return s.finish(true), nil
	case *ast.Rollback:
		if n.To.Text != "" {
			return handler{}, refuse(n)
		}
		return s.finish(false), nil
	case *ast.Prepare:
		return s.prepareNamed(st, n), nil
	case *ast.Execute:
		return s.execute(st, n)
	case *ast.Deallocate:
		return s.deallocate(n), nil
	case *ast.Declare:
		return s.declare(st, n, params)
	case *ast.Fetch:
		return s.fetch(n)
	case *ast.Close:
		return s.closeNamed(n), nil
	case *ast.Discard:
		return s.discard(n), nil
	}
	return handler{}, refuse(st.node)
}

// refuse says what to do instead of a statement that is not there yet.
func refuse(n ast.Statement) error {
	const savepoints = "A transaction is undone as a whole: ROLLBACK."
	switch n := n.(type) {
	case *ast.Savepoint:
		return notSupported(n.Pos, "SAVEPOINT", savepoints)
	case *ast.Rollback:
		return notSupported(n.Pos, "ROLLBACK TO SAVEPOINT", savepoints)
	}
	return notSupported(n.At(), "this statement", "")
}
