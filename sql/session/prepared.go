package session

import (
	"context"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/system"
)

// prepared is a statement that PREPARE named.
type prepared struct{ *statement }

// prepareNamed handles PREPARE.
func (s *Session) prepareNamed(st *statement, n *ast.Prepare) handler {
	return command(func(_ context.Context, _ result.Sink) (string, error) {
		if s.prepared[n.Name.Text] != nil {
			return "", result.Errorf("42P05", "prepared statement %q already exists", n.Name.Text)
		}
		inner := &statement{s: s, node: n.Stmt, text: st.text, sql: st.sql}
		for _, t := range n.Types {
			oid, err := system.TypeOID(t)
			if err != nil {
				return "", err
			}
			inner.params = append(inner.params, oid)
		}
		h, err := inner.prepare(nil)
		if err != nil {
			return "", err
		}
		inner.params = h.d.Params
		if s.prepared == nil {
			s.prepared = map[string]*prepared{}
		}
		s.prepared[n.Name.Text] = &prepared{inner}
		return "PREPARE", nil
	})
}

// execute handles EXECUTE.
func (s *Session) execute(st *statement, n *ast.Execute) (handler, error) {
	p := s.prepared[n.Name.Text]
	if p == nil {
		return handler{}, located(result.Errorf("26000", "prepared statement %q does not exist", n.Name.Text), n.Name.Pos)
	}
	if len(n.Args) != len(p.params) {
		e := result.Errorf(result.CodeSyntax, "wrong number of parameters for prepared statement %q", n.Name.Text)
		return handler{}, e.WithDetail("Expected %d parameters but got %d.", len(p.params), len(n.Args))
	}
	args := make([]result.Param, len(n.Args))
	for i, e := range n.Args {
		var err error
		if args[i], err = system.Constant(s.env(), e); err != nil {
			return handler{}, err
		}
	}
	h, err := p.prepare(args)
	if err != nil {
		return handler{}, told(s.ctx, err, p.text)
	}
	run := h.run
	h.d.Params = nil
	h.run = func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
		return run(ctx, args, out)
	}
	return h, nil
}

// deallocate handles DEALLOCATE.
func (s *Session) deallocate(n *ast.Deallocate) handler {
	return command(func(_ context.Context, _ result.Sink) (string, error) {
		if n.Name.Empty() {
			s.prepared = nil
			return "DEALLOCATE ALL", nil
		}
		if s.prepared[n.Name.Text] == nil {
			return "", located(result.Errorf("26000", "prepared statement %q does not exist", n.Name.Text), n.Name.Pos)
		}
		delete(s.prepared, n.Name.Text)
		return "DEALLOCATE", nil
	})
}
