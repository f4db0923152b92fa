package session

import (
	"context"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// transaction is where a session stands between BEGIN and COMMIT. Reads are of
// one moment each and definitions change outside, so all there is to keep are
// the changes of tables, and the settings to go back to.
type transaction struct {
	state    byte              // 0, T or E
	before   map[string]string // the settings at BEGIN
	local    map[string]bool   // settings that SET LOCAL changed
	readOnly bool
	txn      Txn // nil: no table was changed yet
}

func (t *transaction) status() byte {
	if t.state == 0 {
		return 'I'
	}
	return t.state
}

// fail undoes what was changed: others need not wait for the ROLLBACK.
func (t *transaction) fail() {
	t.undo()
	if t.state == 'T' {
		t.state = 'E'
	}
}

func (t *transaction) undo() {
	if t.txn != nil {
		t.txn.Rollback()
		t.txn = nil
	}
}

// allows refuses what cannot run now.
func (t *transaction) allows(st ast.Statement) error {
	switch st.(type) {
	case *ast.Commit, *ast.Rollback:
		return nil
	}
	if t.state == 'E' {
		return result.Errorf("25P02", "current transaction is aborted, commands ignored until end of transaction block")
	}
	if what := definition(st); what != "" && t.state != 0 {
		return result.Errorf("25001", "%s cannot run inside a transaction block", what).
			WithHint("Definitions take effect at once: run them outside BEGIN ... COMMIT, with autocommit on.")
	}
	return nil
}

// definition names statements that change the catalog.
func definition(st ast.Statement) string {
	switch st := st.(type) {
	case *ast.CreateStream:
		return "CREATE STREAM"
	case *ast.CreateView:
		return "CREATE MATERIALIZED VIEW"
	case *ast.CreateTable:
		return "CREATE TABLE"
	case *ast.Drop:
		return "DROP " + strings.ToUpper(kindName(st.Kind))
	case *ast.Alter:
		return "ALTER " + strings.ToUpper(kindName(st.Kind))
	}
	return ""
}

// command is a handler without rows.
func command(run func(ctx context.Context, out result.Sink) (string, error)) handler {
	return handler{run: func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
		return run(ctx, out)
	}}
}

func (s *Session) begin(st *ast.Begin) handler {
	return command(func(_ context.Context, out result.Sink) (string, error) {
		if s.tx.state != 0 {
			out.Notice(result.Warningf("25001", "there is already a transaction in progress"))
			return "BEGIN", nil
		}
		s.tx = transaction{state: 'T', before: s.settings.copy(), local: map[string]bool{}, txn: s.tx.txn}
		s.tx.readOnly = slices.Contains(st.Modes, "read only")
		return "BEGIN", nil
	})
}

func (s *Session) finish(commit bool) handler {
	return command(func(ctx context.Context, out result.Sink) (string, error) {
		tag := "ROLLBACK"
		if s.tx.state == 0 {
			out.Notice(result.Warningf("25P01", "there is no transaction in progress"))
		}
		var failed error
		if commit && s.tx.state != 'E' {
			if failed = s.commit(ctx); failed == nil {
				tag = "COMMIT"
			}
		}
		s.tx.undo()
		for name, c := range s.cursors {
			if !c.hold || tag == "ROLLBACK" && c.inside {
				s.closeCursor(name)
			}
			c.inside = false
		}
		if s.tx.state != 0 {
			s.settings.back(s.tx, tag == "COMMIT", out)
		}
		s.tx = transaction{}
		return tag, failed
	})
}
