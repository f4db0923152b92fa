package session

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// setOptions handles ALTER … SET (…) and RESET (…): the latency target and the
// memory of a query, running or not.
func (s *Session) setOptions(ctx context.Context, n *ast.Alter, o *catalog.Object, out result.Sink) error {
	changed := *o
	if changed.Options = maps.Clone(o.Options); changed.Options == nil {
		changed.Options = map[string]string{}
	}
	query := job.QueryDef{}
	if o.Query != nil {
		query = *o.Query
	}
	for _, opt := range n.Options {
		if n.Action == ast.AlterReset {
			opt.Value = "none"
		}
		name := strings.ToLower(opt.Name)
		if err := alterOption(&query, name, opt); err != nil {
			return err
		}
		if n.Action == ast.AlterReset {
			delete(changed.Options, name)
		} else {
			changed.Options[name] = opt.Value
		}
	}
	if o.Query == nil {
		e := result.Errorf(result.CodeWrongObject, "%q is a %s without a query: it has no latency target", o.Name, o.Kind).
			WithHint("Set slo on the views and derived streams that read it.")
		return located(e, n.Name.At())
	}
	changed.Query = &query
	if _, err := s.db.cfg.Catalog.Update(ctx, &changed); err != nil {
		return err
	}
	if query.Memory != o.Query.Memory {
		if err := s.db.cfg.Engine.SetMemory(o.ID, query.Memory); err != nil {
			return err
		}
	}
	if n.Options.Lookup("slo") == nil {
		return nil
	}
	s.warnSLO(&changed, out)
	return s.db.cfg.Engine.SetSLO(o.ID, query.SLO)
}

// alterOption takes one option over into a query's definition.
func alterOption(q *job.QueryDef, name string, opt ast.Option) (err error) {
	hint := "Write a number with its unit, such as '50 ms' or '10 seconds'."
	switch name {
	case "slo":
		q.SLO, err = bind.SLO(opt.Value)
	case "memory":
		q.Memory, err = bind.Memory(opt.Value)
		hint = bind.MemoryHint
	default:
		return notSupported(opt.Pos, fmt.Sprintf("changing the option %q", opt.Name), "Only slo and memory can be changed while a query is there.")
	}
	if err != nil {
		return located(result.Errorf(result.CodeInvalidValue, "invalid value for option %q: %s", name, err).WithHint("%s", hint), opt.ValPos)
	}
	return nil
}
