package session

import (
	"context"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// setSetting handles SET.
func (s *Session) setSetting(n *ast.Set) handler {
	return command(func(_ context.Context, out result.Sink) (string, error) {
		name := strings.ToLower(n.Name)
		if name == "transaction" || strings.HasPrefix(name, "session characteristics") {
			return "SET", nil // there is one isolation level, and it is the strictest
		}
		if known[name].node != nil {
			return "SET", s.setNode(n, name, out)
		}
		if n.Scope == ast.SetLocal {
			if s.tx.state == 0 {
				out.Notice(result.Warningf("25P01", "SET LOCAL can only be used in transaction blocks"))
				return "SET", nil
			}
			s.tx.local[name] = true
		} else if s.tx.local != nil {
			delete(s.tx.local, name)
		}
		if n.Values == nil {
			if err := s.settings.reset(name); err != nil {
				return "", err
			}
			s.settings.tell(name, out)
			return "SET", nil
		}
		value, err := s.settingText(n.Values)
		if err == nil {
			err = s.settings.set(name, value)
		}
		if err != nil {
			return "", err
		}
		s.settings.tell(name, out)
		return "SET", nil
	})
}

// settingText joins the values of SET as they would be shown.
func (s *Session) settingText(values []ast.Expr) (string, error) {
	parts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case *ast.Literal:
			parts[i] = v.Text
		case *ast.Ident:
			parts[i] = v.Name.Last().Text
		case *ast.IntervalLiteral:
			parts[i] = v.Text
		case *ast.Unary:
			if lit, ok := v.X.(*ast.Literal); ok && v.Op == "-" {
				parts[i] = "-" + lit.Text
				continue
			}
			return "", located(result.Errorf(result.CodeSyntax, "invalid value of a setting"), v.Pos)
		default:
			return "", located(result.Errorf(result.CodeSyntax, "invalid value of a setting"), v.At())
		}
	}
	return strings.Join(parts, ", "), nil
}

// resetSetting handles RESET.
func (s *Session) resetSetting(n *ast.Reset) handler {
	return command(func(_ context.Context, out result.Sink) (string, error) {
		if name := strings.ToLower(n.Name); known[name].node != nil {
			return "RESET", s.setNode(&ast.Set{Name: n.Name}, name, out)
		}
		if n.Name != "" {
			if err := s.settings.reset(strings.ToLower(n.Name)); err != nil {
				return "", err
			}
			s.settings.tell(strings.ToLower(n.Name), out)
			return "RESET", nil
		}
		s.resetAll(out)
		return "RESET", nil
	})
}

func (s *Session) resetAll(out result.Sink) {
	for name := range s.settings.copy() {
		// What is changed can be reset: set has checked the name.
		_ = s.settings.reset(name)
		s.settings.tell(name, out)
	}
}

// discard handles DISCARD.
func (s *Session) discard(n *ast.Discard) handler {
	return command(func(_ context.Context, out result.Sink) (string, error) {
		if n.What != "all" {
			return "DISCARD " + strings.ToUpper(n.What), nil
		}
		if s.tx.state != 0 {
			return "", result.Errorf("25001", "DISCARD ALL cannot run inside a transaction block")
		}
		for name := range s.cursors {
			s.closeCursor(name)
		}
		s.prepared = nil
		s.resetAll(out)
		return "DISCARD ALL", nil
	})
}
