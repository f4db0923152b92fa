package expr

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// resolveSpecial resolves the calls that are no functions: those whose
// arguments are not all evaluated, or whose types are found by unification.
// The last result says whether name is one.
func resolveSpecial(name string, args []*Node) (*Node, error, bool) {
	switch name {
	case "and", "or", "not", "is true", "is not true", "is false", "is not false", "is unknown", "is not unknown":
		n, err := resolveLogic(name, args)
		return n, err, true
	case "is null", "is not null":
		n, err := resolveIsNull(name, args)
		return n, err, true
	case "is distinct from", "is not distinct from":
		n, err := resolveDistinct(name, args)
		return n, err, true
	case "in", "not in":
		n, err := resolveIn(name, args)
		return n, err, true
	case "coalesce", "greatest", "least":
		n, err := resolveCommon(name, args)
		return n, err, true
	case "nullif":
		n, err := resolveNullIf(args)
		return n, err, true
	case "not like", "not ilike", "not similar to":
		n, err := negated(name[4:], args)
		return n, err, true
	case "between", "not between":
		n, err := resolveBetween(name, args)
		return n, err, true
	}
	return nil, nil, false
}

// arity checks the number of arguments of a special form.
func arity(name string, args []*Node, least, most int) error {
	if len(args) < least || len(args) > most {
		return noFunction(name, args)
	}
	return nil
}

func boolCall(name string, args ...*Node) *Node {
	return &Node{Op: OpCall, Name: name, Type: batch.T(batch.Bool), Args: args}
}

var logicWords = map[string]string{
	"and": "AND", "or": "OR", "not": "NOT", "is true": "IS TRUE", "is not true": "IS NOT TRUE",
	"is false": "IS FALSE", "is not false": "IS NOT FALSE", "is unknown": "IS UNKNOWN", "is not unknown": "IS NOT UNKNOWN",
}

func resolveLogic(name string, args []*Node) (*Node, error) {
	most := 1
	if name == "and" || name == "or" {
		most = 1 << 16
	}
	if err := arity(name, args, 1, most); err != nil {
		return nil, err
	}
	args = slices.Clone(args)
	for i := range args {
		a, err := boolean(args[i], logicWords[name])
		if err != nil {
			return nil, err
		}
		args[i] = a
	}
	switch name {
	case "is unknown":
		name = "is null"
	case "is not unknown":
		name = "is not null"
	}
	return boolCall(name, args...), nil
}

func resolveIsNull(name string, args []*Node) (*Node, error) {
	if err := arity(name, args, 1, 1); err != nil {
		return nil, err
	}
	return boolCall(name, args[0]), nil
}

// resolveDistinct resolves by way of "=", which settles the operands' types.
func resolveDistinct(name string, args []*Node) (*Node, error) {
	if err := arity(name, args, 2, 2); err != nil {
		return nil, err
	}
	eq, err := Resolve("=", args)
	if err != nil {
		return nil, err
	}
	return boolCall(name, eq.Args...), nil
}

func resolveIn(name string, args []*Node) (*Node, error) {
	if err := arity(name, args, 2, 1<<16); err != nil {
		return nil, err
	}
	t, err := CommonType("IN", typesOf(args))
	if err != nil {
		_, err = Resolve("=", []*Node{args[0], firstOtherCategory(args)})
		return nil, err
	}
	args, err = castAll(args, bare(t))
	if err != nil {
		return nil, err
	}
	n := boolCall("in", args...)
	if name == "not in" {
		return boolCall("not", n), nil
	}
	return n, nil
}

// firstOtherCategory finds the argument that cannot be compared with the first.
func firstOtherCategory(args []*Node) *Node {
	for _, a := range args[1:] {
		if k := a.Type.Kind; k != batch.Unknown && categoryOf(k) != categoryOf(args[0].Type.Kind) {
			return a
		}
	}
	return args[1]
}

var commonWords = map[string]string{"coalesce": "COALESCE", "greatest": "GREATEST", "least": "LEAST"}

func resolveCommon(name string, args []*Node) (*Node, error) {
	if err := arity(name, args, 1, 1<<16); err != nil {
		return nil, err
	}
	t, err := CommonType(commonWords[name], typesOf(args))
	if err != nil {
		return nil, err
	}
	args, err = castAll(args, t)
	if err != nil {
		return nil, err
	}
	return &Node{Op: OpCall, Name: name, Type: t, Args: args}, nil
}

// resolveNullIf keeps the comparison beside the value, which has the type that
// "=" brought it to.
func resolveNullIf(args []*Node) (*Node, error) {
	if err := arity("nullif", args, 2, 2); err != nil {
		return nil, err
	}
	eq, err := Resolve("=", args)
	if err != nil {
		return nil, err
	}
	value := eq.Args[0]
	return &Node{Op: OpCall, Name: "nullif", Type: value.Type, Args: []*Node{value, eq}}, nil
}

func negated(name string, args []*Node) (*Node, error) {
	n, err := Resolve(name, args)
	if err != nil {
		return nil, err
	}
	return Resolve("not", []*Node{n})
}

func resolveBetween(name string, args []*Node) (*Node, error) {
	if err := arity(name, args, 3, 3); err != nil {
		return nil, err
	}
	low, err := Resolve(">=", []*Node{args[0], args[1]})
	if err != nil {
		return nil, err
	}
	high, err := Resolve("<=", []*Node{args[0], args[2]})
	if err != nil {
		return nil, err
	}
	n := boolCall("and", low, high)
	if name == "not between" {
		return boolCall("not", n), nil
	}
	return n, nil
}

func typesOf(args []*Node) []batch.Type {
	out := make([]batch.Type, len(args))
	for i, a := range args {
		out[i] = a.Type
	}
	return out
}

func castAll(args []*Node, t batch.Type) ([]*Node, error) {
	out := make([]*Node, len(args))
	for i, a := range args {
		c, err := Cast(a, t, Implicit)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}
