package session

import (
	"context"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// The columns that a SUBSCRIBE puts before those of the view: the tick, which
// orders the changes, whether the row only says that the tick is complete, and
// how many times the row came (or, below 0, went).
const (
	tickColumn     = "dirigo_tick"
	progressColumn = "dirigo_progressed"
	diffColumn     = "dirigo_diff"
)

// subscribe handles SUBSCRIBE TO a view.
func (s *Session) subscribe(n *ast.Subscribe) (handler, error) {
	if n.Query != nil {
		return handler{}, notSupported(n.Pos, "SUBSCRIBE to a query",
			"CREATE MATERIALIZED VIEW name AS the query, and SUBSCRIBE TO name.")
	}
	o, err := s.object(n.Name, ast.AnyObject)
	if err != nil {
		return handler{}, err
	}
	if o.Kind != catalog.View && o.Source == nil {
		e := result.Errorf(result.CodeUnsupported, "SUBSCRIBE to %s %q is not supported yet", o.Kind, o.Name).
			WithHint("CREATE MATERIALIZED VIEW v AS SELECT ... FROM %s, and SUBSCRIBE TO v.", o.Name)
		return handler{}, located(e, n.Name.At())
	}
	snapshot, err := flag(n.Options, "snapshot", true)
	if err != nil {
		return handler{}, err
	}
	progress, err := flag(n.Options, "progress", false)
	if err != nil {
		return handler{}, err
	}
	f := feed{object: o, progress: progress}
	return handler{
		d: result.Description{Columns: f.columns(), Endless: true},
		run: func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
			c := counter{Sink: out}
			err := s.db.cfg.Engine.Subscribe(ctx, o.ID, snapshot, func(ch job.Changes) error { return f.give(ch, &c) })
			return tag("SUBSCRIBE", c.rows), err
		},
	}, nil
}

// flag reads an option that is on or off; its name alone means on.
func flag(options ast.Options, name string, def bool) (bool, error) {
	opt := options.Lookup(name)
	if opt == nil {
		return def, nil
	}
	switch strings.ToLower(opt.Value) {
	case "", "true", "on", "1", "yes":
		return true, nil
	case "false", "off", "0", "no":
		return false, nil
	}
	return def, located(result.Errorf(result.CodeInvalidValue, "%s requires a Boolean value", name), opt.ValPos)
}

// feed turns a view's changes into rows.
type feed struct {
	object   *catalog.Object
	progress bool
}

func (f feed) columns() []result.Column {
	cols := []result.Column{{Name: tickColumn, Type: batch.T(batch.Int64)}}
	if f.progress {
		cols = append(cols, result.Column{Name: progressColumn, Type: batch.T(batch.Bool)})
	}
	cols = append(cols, result.Column{Name: diffColumn, Type: batch.T(batch.Int64)})
	return append(cols, columns(f.object.Schema())...)
}

// give sends the changes of one tick, and brings them to the client.
func (f feed) give(ch job.Changes, out *counter) error {
	if ch.Rows != nil && ch.Rows.Rows() > 0 {
		out.rows += int64(ch.Rows.Rows())
		if err := out.Sink.Rows(f.rows(ch)); err != nil {
			return err
		}
	}
	if f.progress {
		if err := out.Sink.Rows(f.mark(ch)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// rows puts tick and count before the columns of the view.
func (f feed) rows(ch job.Changes) *batch.Batch {
	b := ch.Rows
	diffs := b.Diff
	if diffs == nil {
		diffs = slices.Repeat([]int64{1}, b.N)
	}
	cols := []batch.Column{&batch.Vec[int64]{Data: slices.Repeat([]int64{int64(ch.Tick)}, b.N)}}
	if f.progress {
		cols = append(cols, &batch.Vec[bool]{Data: make([]bool, b.N)})
	}
	cols = append(cols, &batch.Vec[int64]{Data: diffs})
	return &batch.Batch{Cols: append(cols, b.Cols...), N: b.N, Sel: b.Sel, Time: batch.MaxTime, Born: b.Born}
}

// mark is the row that says that a tick is complete.
func (f feed) mark(ch job.Changes) *batch.Batch {
	b := &batch.Batch{N: 1, Time: batch.MaxTime}
	for i, col := range f.columns() {
		vec := batch.New(col.Type.Kind, 1)
		switch i {
		case 0:
			vec.(*batch.Vec[int64]).Append(int64(ch.Tick))
		case 1:
			vec.(*batch.Vec[bool]).Append(true)
		default:
			batch.AppendNull(vec)
		}
		b.Cols = append(b.Cols, vec)
	}
	return b
}
