package bind

import (
	"errors"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// frozen writes the owner's time zone into a continuous query's expressions, so
// that its plan means the same whoever runs it: what runs has UTC for a zone.
// What cannot be written with the zone in it is refused.
func (b *binder) frozen(plan logical.Node) (logical.Node, error) {
	if b.universal() {
		return plan, nil
	}
	var failed error
	freeze := func(n *expr.Node) *expr.Node {
		out, err := b.freeze(n)
		failed = errors.Join(failed, err)
		return out
	}
	plan = logical.Transform(plan, func(n logical.Node) logical.Node {
		return logical.MapExprs(n, freeze)
	})
	if failed != nil {
		return nil, at(failed, ast.NoPos, codeFeature)
	}
	return plan, nil
}

// universal says that the session's zone is UTC, or goes by another of its names.
func (b *binder) universal() bool {
	switch strings.TrimPrefix(b.zone().String(), "Etc/") {
	case "UTC", "UCT", "GMT", "Zulu", "Universal", "Greenwich", "":
		return true
	}
	return false
}

// freeze writes the zone into one expression.
func (b *binder) freeze(n *expr.Node) (*expr.Node, error) {
	zone := b.zone().String()
	if _, err := time.LoadLocation(zone); err != nil {
		return n, fail(codeFeature, ast.NoPos, "a continuous query needs a time zone with a name, not %q", zone).
			hint("SET TimeZone = 'UTC', or a name such as 'Europe/Berlin', before CREATE.")
	}
	n = expr.Fold(n, &expr.Context{Loc: b.zone()})
	var failed error
	out := logical.Rewrite(n, func(n *expr.Node) *expr.Node {
		z, err := zoned(n, expr.Const(batch.T(batch.Text), zone))
		if err != nil {
			failed = err
			return n
		}
		return z
	})
	return out, failed
}

// zoned returns n with the zone in it, n itself where it needs none.
func zoned(n, zone *expr.Node) (*expr.Node, error) {
	switch {
	case n.Op == expr.OpCast:
		return zonedCast(n, zone)
	case n.Op == expr.OpCall:
		return zonedCall(n, zone)
	}
	return n, nil
}

func zonedCast(n, zone *expr.Node) (*expr.Node, error) {
	x := n.Args[0]
	from, to := x.Type.Kind, n.Type.Kind
	switch {
	case from == to, from != batch.TimestampTZ && to != batch.TimestampTZ:
		return n, nil
	case from == batch.TimestampTZ && to == batch.Timestamp, from == batch.Timestamp && to == batch.TimestampTZ:
		return expr.Resolve("timezone", []*expr.Node{zone, x})
	case from == batch.TimestampTZ && to == batch.Date:
		local, err := expr.Resolve("timezone", []*expr.Node{zone, x})
		if err != nil {
			return nil, err
		}
		return expr.Cast(local, n.Type, expr.Explicit)
	case from == batch.Date:
		local, err := expr.Cast(x, batch.T(batch.Timestamp), expr.Explicit)
		if err != nil {
			return nil, err
		}
		return expr.Resolve("timezone", []*expr.Node{zone, local})
	}
	return nil, zoneMatters("the conversion of " + from.String() + " to " + to.String())
}

// harmless are the calls on points in time that mean the same in every zone.
var harmless = map[string]bool{
	"timezone": true, "=": true, "<>": true, "<": true, "<=": true, ">": true, ">=": true, "in": true,
	"is null": true, "is not null": true, "is distinct from": true, "is not distinct from": true,
	"coalesce": true, "nullif": true, "greatest": true, "least": true, "to_timestamp": true, "date_bin": true,
}

func zonedCall(n, zone *expr.Node) (*expr.Node, error) {
	zonedArg := n.Type.Kind == batch.TimestampTZ
	for _, a := range n.Args {
		zonedArg = zonedArg || a.Type.Kind == batch.TimestampTZ
	}
	switch {
	case !zonedArg || harmless[n.Name]:
		return n, nil
	case (n.Name == "extract" || n.Name == "date_part") && absolute(n.Args[0]):
		return n, nil
	case n.Name == "extract" || n.Name == "date_part":
		local, err := expr.Resolve("timezone", []*expr.Node{zone, n.Args[1]})
		if err != nil {
			return nil, err
		}
		return expr.Resolve(n.Name, []*expr.Node{n.Args[0], local})
	case n.Name == "date_trunc" && len(n.Args) == 2:
		return expr.Resolve("date_trunc", []*expr.Node{n.Args[0], n.Args[1], zone})
	case n.Name == "date_trunc":
		return n, nil
	case (n.Name == "+" || n.Name == "-") && exactLength(n.Args):
		return n, nil
	}
	return nil, zoneMatters(n.Name)
}

// absolute says that a field is the same in every zone.
func absolute(field *expr.Node) bool {
	return field.Op == expr.OpConst && strings.EqualFold(field.Text, "epoch")
}

// exactLength says that no interval among the arguments has days or months:
// how long those are depends on the zone's clock changes.
func exactLength(args []*expr.Node) bool {
	for _, a := range args {
		if a.Type.Kind != batch.Interval {
			continue
		}
		span, err := batch.ParseSpan([]byte(a.Text))
		if a.Op != expr.OpConst || err != nil || span.Days != 0 || span.Months != 0 {
			return false
		}
	}
	return true
}

func zoneMatters(what string) error {
	return fail(codeFeature, ast.NoPos, "%s depends on the time zone, which a continuous query does not have", what).
		hint("Convert to local time first, with AT TIME ZONE, or SET TimeZone = 'UTC' before CREATE.")
}
