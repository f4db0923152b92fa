package expr

import (
	"maps"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// category groups kinds that convert into each other, as PostgreSQL's
// typcategory does.
type category byte

const (
	catUnknown  category = 'X'
	catBool     category = 'B'
	catNumber   category = 'N'
	catString   category = 'S'
	catDateTime category = 'D'
	catSpan     category = 'T'
	catArray    category = 'A'
	catUser     category = 'U'
)

func categoryOf(k batch.Kind) category {
	switch k {
	case batch.Bool:
		return catBool
	case batch.Int16, batch.Int32, batch.Int64, batch.Float32, batch.Float64, batch.Numeric:
		return catNumber
	case batch.Text:
		return catString
	case batch.Date, batch.Timestamp, batch.TimestampTZ, batch.Time:
		return catDateTime
	case batch.Interval:
		return catSpan
	case batch.Array, texts_:
		return catArray
	case batch.Bytea, batch.JSONB, batch.UUID:
		return catUser
	}
	return catUnknown
}

// preferred tells whether k is its category's preferred kind.
func preferred(k batch.Kind) bool {
	switch k {
	case batch.Bool, batch.Float64, batch.Text, batch.TimestampTZ, batch.Interval:
		return true
	}
	return false
}

// CommonType returns the type that values of all the given types are brought
// to, in CASE, UNION, COALESCE, VALUES and the like; what names that construct in the
// error (42804). Open literals take the others' type, and text by themselves.
func CommonType(what string, types []batch.Type) (batch.Type, error) {
	best := batch.T(batch.Unknown)
	same := true
	for _, t := range types {
		if t.Kind == batch.Unknown {
			continue
		}
		if best.Kind == batch.Unknown {
			best = t
			continue
		}
		if t == best {
			continue
		}
		same = false
		if t.Kind == batch.Array && best.Kind == batch.Array {
			elem, err := CommonType(what, []batch.Type{best.ElemType(), t.ElemType()})
			if err != nil {
				return best, errorf("42804", "%s types %s and %s cannot be matched", what, bare(best), bare(t))
			}
			best = batch.ArrayOf(batch.T(elem.Kind))
			continue
		}
		if t.Kind == best.Kind {
			continue
		}
		if categoryOf(t.Kind) != categoryOf(best.Kind) {
			return best, errorf("42804", "%s types %s and %s cannot be matched", what, bare(best), bare(t))
		}
		if !preferred(best.Kind) && castable(best.Kind, t.Kind, Implicit) && !castable(t.Kind, best.Kind, Implicit) {
			best = t
		}
	}
	if best.Kind == batch.Unknown {
		return batch.T(batch.Text), nil
	}
	if !same {
		best = bare(best)
	}
	return best, nil
}

// Case returns CASE with the given args (condition, value, …, else; the else is
// required and may be NULL), its values brought to one type.
func Case(args []*Node) (*Node, error) {
	args = slices.Clone(args)
	var types []batch.Type
	for i := range args {
		if isCond(i, len(args)) {
			c, err := boolean(args[i], "CASE/WHEN")
			if err != nil {
				return nil, err
			}
			args[i] = c
		} else {
			types = append(types, args[i].Type)
		}
	}
	// PostgreSQL looks at the ELSE first.
	t, err := CommonType("CASE", append([]batch.Type{types[len(types)-1]}, types[:len(types)-1]...))
	if err != nil {
		return nil, err
	}
	for i := range args {
		if !isCond(i, len(args)) {
			if args[i], err = Cast(args[i], t, Implicit); err != nil {
				return nil, err
			}
		}
	}
	return &Node{Op: OpCase, Type: t, Args: args}, nil
}

func isCond(i, n int) bool { return i%2 == 0 && i < n-1 }

// boolean returns n as a boolean argument of what.
func boolean(n *Node, what string) (*Node, error) {
	if k := n.Type.Kind; k != batch.Bool && k != batch.Unknown {
		return nil, errorf("42804", "argument of %s must be type boolean, not type %s", what, n.Type.Kind)
	}
	return Cast(n, batch.T(batch.Bool), Implicit)
}

func sortedKeys(set map[int]struct{}) []int {
	return slices.Sorted(maps.Keys(set))
}
