package expr

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// polymorph is a function or operator of arrays. Its parameters, and its result,
// are letters: a an array, e its element, both of exactly one type; c and d the
// same where types are brought to a common one; i integer, t text, b boolean, I
// an array of integers.
type polymorph struct {
	params string
	ret    byte
	lax    bool
	row    func(n *Node) rowFunc
}

var polymorphs = map[string][]polymorph{
	"array_subscript": {{"ai", 'e', false, arraySubscript}},
	"array_slice":     {{"aii", 'a', false, arraySlice}},
	"array_length":    {{"ai", 'i', false, arrayExtent(false)}},
	"array_upper":     {{"ai", 'i', false, arrayExtent(false)}},
	"array_lower":     {{"ai", 'i', false, arrayExtent(true)}},
	"array_ndims":     {{"a", 'i', false, arrayNDims}},
	"array_dims":      {{"a", 't', false, arrayDims}},
	"cardinality":     {{"a", 'i', false, cardinality}},
	"array_append":    {{"cd", 'c', true, arrayAppend}},
	"array_prepend":   {{"dc", 'c', true, arrayPrepend}},
	"array_cat":       {{"cc", 'c', true, arrayCat}},
	"array_remove":    {{"cd", 'c', true, arrayReplace}},
	"array_replace":   {{"cdd", 'c', true, arrayReplace}},
	"array_position":  {{"cd", 'i', true, arrayPosition}, {"cdi", 'i', true, arrayPosition}},
	"array_positions": {{"cd", 'I', true, arrayPositions}},
	"array_to_string": {{"at", 't', true, arrayToString}, {"att", 't', true, arrayToString}},
	"trim_array":      {{"ai", 'a', false, trimArray}},
	"@>":              {{"aa", 'b', false, func(n *Node) rowFunc { return arrayContains(n, 0, 1) }}},
	"<@":              {{"aa", 'b', false, func(n *Node) rowFunc { return arrayContains(n, 1, 0) }}},
	"&&":              {{"aa", 'b', false, arrayOverlaps}},
	"=":               {{"aa", 'b', false, nil}},
	"<>":              {{"aa", 'b', false, nil}},
	"<":               {{"aa", 'b', false, nil}},
	"<=":              {{"aa", 'b', false, nil}},
	">":               {{"aa", 'b', false, nil}},
	">=":              {{"aa", 'b', false, nil}},
}

// arrayTable lists the overloads as compile finds them.
func arrayTable() table {
	kinds := map[byte]batch.Kind{'a': arr, 'c': arr, 'e': any_, 'd': any_, 'i': i4, 't': txt, 'b': boolean_, 'I': arr}
	out := table{
		"array_construct": {{args: in(any_), ret: arr, variadic: true, lax: true, spec: arrayConstruct}},
		"string_to_array": {
			{args: in(txt, txt), ret: texts_, lax: true, row: stringToArray},
			{args: in(txt, txt, txt), ret: texts_, lax: true, row: stringToArray},
		},
	}
	for name, ps := range polymorphs {
		for _, p := range ps {
			if p.row == nil { // a comparison: in its own table
				continue
			}
			o := overload{ret: kinds[p.ret], lax: p.lax, spec: p.row}
			for i := range p.params {
				o.args = append(o.args, kinds[p.params[i]])
			}
			out[name] = append(out[name], o)
		}
	}
	return out
}

func isArray(n *Node) bool { return n.Type.Kind == batch.Array }

// resolveArrays resolves what takes arrays of any type. The last result says
// whether the call is one of it.
func resolveArrays(name string, args []*Node) (*Node, error, bool) {
	if name == "array_construct" {
		n, err := constructArray(args)
		return n, err, true
	}
	if _, _, ok := quantifier(name); ok {
		n, err := resolveQuantified(name, args)
		return n, err, true
	}
	if isOperator(name) && !slices.ContainsFunc(args, isArray) {
		return nil, nil, false
	}
	if name == "||" && len(args) == 2 {
		name = concatenation(args)
	}
	ps, ok := polymorphs[name]
	if !ok {
		return nil, nil, false
	}
	for _, p := range ps {
		if len(p.params) == len(args) {
			n, err := p.resolve(name, args)
			return n, err, true
		}
	}
	return nil, noFunction(name, args), true
}

// concatenation returns which function an || is. An open literal beside an array
// is an array.
func concatenation(args []*Node) string {
	open := func(n *Node) bool { return n.Type.Kind == batch.Unknown }
	switch {
	case !isArray(args[0]) && !open(args[0]):
		return "array_prepend"
	case !isArray(args[1]) && !open(args[1]):
		return "array_append"
	}
	return "array_cat"
}

func (p polymorph) resolve(name string, args []*Node) (*Node, error) {
	elem, err := p.element(args)
	if err != nil {
		return nil, err
	}
	if elem.Kind == 255 {
		return nil, noFunction(name, args)
	}
	out := &Node{Op: OpCall, Name: name, Args: make([]*Node, len(args)), Type: p.typeOf(p.ret, elem)}
	for i, a := range args {
		want := p.typeOf(p.params[i], elem)
		if !castableTypes(a.Type, want, Implicit) {
			return nil, noFunction(name, args)
		}
		if out.Args[i], err = Cast(a, want, Implicit); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p polymorph) typeOf(letter byte, elem batch.Type) batch.Type {
	switch letter {
	case 'a', 'c':
		return batch.ArrayOf(elem)
	case 'i':
		return batch.T(i4)
	case 'I':
		return batch.ArrayOf(batch.T(i4))
	case 't':
		return batch.T(txt)
	case 'b':
		return batch.T(boolean_)
	}
	return elem
}

// element finds the type of elements that the arguments agree on; of kind 255
// where they do not.
func (p polymorph) element(args []*Node) (batch.Type, error) {
	none := batch.T(255)
	var types []batch.Type
	for i, a := range args {
		k := a.Type.Kind
		switch letter := p.params[i]; {
		case k == batch.Unknown || !strings.ContainsRune("aced", rune(letter)):
		case (letter == 'a' || letter == 'c') != (k == batch.Array):
			return none, nil
		case k == batch.Array:
			types = append(types, batch.T(a.Type.Elem))
		default:
			types = append(types, batch.T(k))
		}
	}
	if len(types) == 0 {
		return none, errorf("42804", "could not determine polymorphic type because input has type unknown")
	}
	for _, t := range types {
		if t != types[0] && strings.ContainsAny(p.params, "ae") {
			return none, nil
		}
	}
	t, err := CommonType("array", types)
	if err != nil {
		return none, nil
	}
	return t, nil
}

// constructArray is ARRAY[…].
func constructArray(args []*Node) (*Node, error) {
	if len(args) == 0 {
		return nil, &Error{
			Code: "42P18", Message: "cannot determine type of empty array",
			Hint: "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
		}
	}
	if slices.ContainsFunc(args, isArray) {
		return nil, &Error{
			Code: "0A000", Message: "arrays of more than one dimension are not supported",
			Hint: "Use an array of one dimension, or JSONB.",
		}
	}
	t, err := CommonType("ARRAY", typesOf(args))
	if err != nil {
		return nil, err
	}
	args, err = castAll(args, t)
	if err != nil {
		return nil, err
	}
	return &Node{Op: OpCall, Name: "array_construct", Type: batch.ArrayOf(t), Args: args}, nil
}
