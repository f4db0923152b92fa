package session

import (
	"context"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// halt handles ALTER … PAUSE and RESUME: of a query that was paused, or has
// failed.
func (s *Session) halt(ctx context.Context, n *ast.Alter, o *catalog.Object, out result.Sink) error {
	if o.Query == nil {
		e := result.Errorf(result.CodeWrongObject, "%q is a %s without a query: there is nothing to pause or to resume", o.Name, o.Kind).
			WithHint("Pause or resume the views and derived streams that read it.")
		return located(e, n.Name.At())
	}
	if n.Action == ast.AlterResume {
		return s.db.cfg.Engine.ResumeQuery(ctx, o.ID)
	}
	others, err := s.db.cfg.Engine.PauseQuery(ctx, o.ID)
	if err == nil && len(others) > 0 {
		out.Notice(result.Noticef("what reads %q is paused with it: %s", o.Name, strings.Join(others, ", ")))
	}
	return err
}
