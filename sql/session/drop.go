package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func kindName(k ast.ObjectKind) string {
	switch k {
	case ast.StreamObject:
		return "stream"
	case ast.MaterializedViewObject:
		return "materialized view"
	case ast.ViewObject:
		return "view"
	case ast.TableObject:
		return "table"
	case ast.IndexObject:
		return "index"
	case ast.SchemaObject:
		return "schema"
	}
	return "object"
}

// isKind reports whether an object may be called by a kind.
func isKind(o *catalog.Object, k ast.ObjectKind) bool {
	switch k {
	case ast.AnyObject:
		return true
	case ast.StreamObject:
		return o.Kind == catalog.Stream || o.Kind == catalog.Derived
	case ast.MaterializedViewObject, ast.ViewObject:
		return o.Kind == catalog.View
	case ast.TableObject:
		return o.Kind == catalog.Table
	}
	return false
}

// object looks a name up that a statement calls by a kind.
func (s *Session) object(name ast.QName, kind ast.ObjectKind) (*catalog.Object, error) {
	o, err := s.db.cfg.Catalog.Lookup(texts(name)...)
	if err != nil {
		if e := translated(err); e != nil {
			return nil, located(e, name.At())
		}
		return nil, err
	}
	if !isKind(o, kind) {
		word := "STREAM"
		switch o.Kind {
		case catalog.View:
			word = "MATERIALIZED VIEW"
		case catalog.Table:
			word = "TABLE"
		}
		e := result.Errorf(result.CodeWrongObject, "%q is not a %s", o.Name, kindName(kind)).
			WithHint("It is a %s: say %s.", o.Kind, word)
		return nil, located(e, name.At())
	}
	return o, nil
}

// drop handles DROP: the catalog forgets first, so that nothing comes back
// after a crash, then the engine stops what ran.
func (s *Session) drop(n *ast.Drop) handler {
	return command(func(ctx context.Context, out result.Sink) (string, error) {
		if err := s.settle(ctx); err != nil {
			return "", err
		}
		s.db.ddl.Lock()
		defer s.db.ddl.Unlock()
		word := definition(n)
		named, err := s.named(n, out)
		if err != nil || len(named) == 0 {
			return word, err
		}
		doomed := named
		if n.Cascade {
			doomed = s.cascade(named, out)
		}
		ids := make([]uint64, len(doomed))
		for i, o := range doomed {
			ids[i] = o.ID
		}
		if err := s.db.cfg.Catalog.Drop(ctx, ids...); err != nil {
			return "", err
		}
		return word, s.db.halt(context.WithoutCancel(ctx), doomed)
	})
}

// named finds what a DROP names.
func (s *Session) named(n *ast.Drop, out result.Sink) ([]*catalog.Object, error) {
	var list []*catalog.Object
	for _, name := range n.Names {
		o, err := s.object(name, n.Kind)
		var e *result.Error
		if n.IfExists && errors.As(err, &e) && e.Code == result.CodeUndefinedTable {
			out.Notice(result.Noticef("%s %q does not exist, skipping", kindName(n.Kind), name.Last().Text))
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	// What reads another of them stops before it.
	slices.SortStableFunc(list, func(a, b *catalog.Object) int { return int(int64(b.ID) - int64(a.ID)) })
	return list, nil
}

// cascade adds all that depends on the objects, and says so.
func (s *Session) cascade(named []*catalog.Object, out result.Sink) []*catalog.Object {
	var all, more []*catalog.Object
	seen := map[uint64]bool{}
	for _, o := range named {
		for _, d := range s.db.cfg.Catalog.Snapshot().Cascade(o.ID) {
			if !seen[d.ID] {
				seen[d.ID] = true
				all = append(all, d)
				if !slices.ContainsFunc(named, func(x *catalog.Object) bool { return x.ID == d.ID }) {
					more = append(more, d)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b *catalog.Object) int { return int(int64(b.ID) - int64(a.ID)) })
	switch len(more) {
	case 0:
	case 1:
		out.Notice(result.Noticef("drop cascades to %s %s", more[0].Kind, more[0].Name))
	default:
		lines := make([]string, len(more))
		for i, o := range more {
			lines[i] = fmt.Sprintf("drop cascades to %s %s", o.Kind, o.Name)
		}
		out.Notice(result.Noticef("drop cascades to %d other objects", len(more)).WithDetail("%s", strings.Join(lines, "\n")))
	}
	return all
}

// halt stops what ran; readers come before what they read.
func (db *DB) halt(ctx context.Context, doomed []*catalog.Object) error {
	var errs []error
	for _, o := range doomed {
		if o.Query != nil {
			if err := db.cfg.Engine.DropQuery(ctx, o.ID); err != nil {
				errs = append(errs, fmt.Errorf("stop %s %s: %w", o.Kind, o.Name, err))
			}
		}
	}
	for _, o := range doomed {
		if o.Table != nil {
			if err := db.cfg.Engine.DropTable(ctx, o.ID); err != nil {
				errs = append(errs, fmt.Errorf("drop %s %s: %w", o.Kind, o.Name, err))
			}
		}
		if o.Source != nil {
			db.cfg.Engine.RemoveSource(o.ID)
		}
	}
	return errors.Join(errs...)
}

// alter handles ALTER: of what can be changed while a query runs.
func (s *Session) alter(n *ast.Alter) handler {
	return command(func(ctx context.Context, out result.Sink) (string, error) {
		s.db.ddl.Lock()
		defer s.db.ddl.Unlock()
		o, err := s.object(n.Name, n.Kind)
		var e *result.Error
		if n.IfExists && errors.As(err, &e) && e.Code == result.CodeUndefinedTable {
			out.Notice(result.Noticef("%s %q does not exist, skipping", kindName(n.Kind), n.Name.Last().Text))
			return definition(n), nil
		}
		if err != nil {
			return "", err
		}
		if n.Action == ast.AlterRename {
			return "", notSupported(n.Pos, "ALTER ... RENAME", "DROP it and CREATE it under the new name.")
		}
		if n.Action == ast.AlterPause || n.Action == ast.AlterResume {
			return definition(n), s.halt(ctx, n, o, out)
		}
		return definition(n), s.setOptions(ctx, n, o, out)
	})
}
