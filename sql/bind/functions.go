package bind

import (
	"errors"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// apply finds the function or operator for some arguments.
func (b *binder) apply(name string, pos ast.Pos, args ...*expr.Node) (*expr.Node, error) {
	n, err := expr.Resolve(name, args)
	if err != nil {
		return nil, at(err, b.culprit(err, args, pos), codeUndefinedFunction)
	}
	if n.Op == expr.OpCall {
		b.learn(args, n.Args)
	}
	return n, nil
}

// culprit is where an error belongs: to the literal that is no value of the
// type wanted, to the argument whose type cannot be matched, else to pos.
func (b *binder) culprit(err error, args []*expr.Node, pos ast.Pos) ast.Pos {
	var e *expr.Error
	if !errors.As(err, &e) {
		return pos
	}
	for _, a := range args {
		p, ok := b.places[a]
		value := a.Op == expr.OpConst && strings.HasPrefix(e.Code, "22") && strings.Contains(e.Message, a.Text)
		odd := strings.HasSuffix(e.Message, " and "+a.Type.Kind.String()+" cannot be matched")
		if ok && (value || odd) {
			return p
		}
	}
	return pos
}

// cast converts explicitly, as CAST and literals with a type do.
func (b *binder) cast(n *expr.Node, to batch.Type, pos ast.Pos) (*expr.Node, error) {
	return b.convert(n, to, expr.Explicit, pos)
}

// assign converts as an assignment to a column does.
func (b *binder) assign(n *expr.Node, to batch.Type, pos ast.Pos) (*expr.Node, error) {
	return b.convert(n, to, expr.Assignment, pos)
}

func (b *binder) convert(n *expr.Node, to batch.Type, how expr.CastContext, pos ast.Pos) (*expr.Node, error) {
	out, err := expr.Cast(n, to, how)
	if err != nil {
		return nil, at(err, b.culprit(err, []*expr.Node{n}, pos), codeCannotCoerce)
	}
	if p, ok := b.placeholders[n]; ok {
		b.learned(p, to)
	}
	return out, nil
}

// settled gives a constant that no context has typed the type text.
func (b *binder) settled(n *expr.Node, pos ast.Pos) (*expr.Node, error) {
	if n.Type.Kind != batch.Unknown {
		return n, nil
	}
	return b.convert(n, batch.T(batch.Text), expr.Implicit, pos)
}

// resolveAggregate finds the result type of a call, and types its argument.
func (b *binder) resolveAggregate(c *aggregateCall) error {
	var argType *batch.Type
	if c.arg != nil {
		var err error
		if c.arg, err = b.settled(c.arg, c.pos); err != nil {
			return err
		}
		argType = &c.arg.Type
	}
	t, err := agg.Resolve(c.name, argType, c.distinct)
	if err != nil {
		return fail(codeUndefinedFunction, c.pos, "%s", err).
			hint("No function matches the given name and argument types. You might need to add explicit type casts.")
	}
	c.typ = t
	return nil
}

// zone is the session's time zone; UTC where it is not known.
func (b *binder) zone() *time.Location {
	if b.env.Zone != nil {
		return b.env.Zone
	}
	if loc, err := time.LoadLocation(b.env.Settings.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}

// constantOf converts a node without columns to a type and computes it.
func (b *binder) constantOf(n *expr.Node, to batch.Type, pos ast.Pos) (*expr.Node, error) {
	n, err := b.convert(n, to, expr.Assignment, pos)
	if err != nil {
		return nil, err
	}
	n = expr.Fold(n, &expr.Context{Loc: b.zone(), Now: b.env.Now.UnixMicro()})
	if n.Op != expr.OpConst {
		return nil, fail(codeFeature, pos, "a constant is needed here")
	}
	return n, nil
}
