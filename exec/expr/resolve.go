package expr

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Resolve returns the call of a function or an operator on args, which are
// converted as PostgreSQL's rules for overloads say: exact matches, then
// implicit casts, preferred types, open literals. Names are those of SQL in
// lower case; operators and special forms ("and", "is null", "in", "coalesce")
// are calls too. Errors are *Error: 42883 for no such function, 42725 for more
// than one that fits, 42804 for arguments of a wrong type.
func Resolve(name string, args []*Node) (*Node, error) {
	name = canonical(name)
	if n, err, ok := resolveSpecial(name, args); ok {
		return n, err
	}
	if n, err, ok := resolveArrays(name, args); ok {
		return n, err
	}
	all, ok := functions[name]
	if !ok {
		return nil, noFunction(name, args)
	}
	if slices.ContainsFunc(args, func(n *Node) bool { return n.Type.IsChar() }) && comparisonOf(name).name != "" {
		args = charLiterals(args)
	}
	o, err := pick(name, all, args)
	if err != nil {
		return nil, err
	}
	return call(name, o, args)
}

// charLiterals takes the spaces off the ends of open literals beside a CHAR(n),
// of whose type they are.
func charLiterals(args []*Node) []*Node {
	args = slices.Clone(args)
	for i, n := range args {
		if n.Op == OpConst && n.Type.Kind == batch.Unknown && !n.Null {
			args[i] = Literal(strings.TrimRight(n.Text, " "))
		}
	}
	return args
}

// call builds the node for a chosen overload.
func call(name string, o *overload, args []*Node) (*Node, error) {
	want := o.args
	if o.as != nil {
		want = o.as
	}
	out := &Node{Op: OpCall, Name: name, Type: typeOfKind(o.ret), Args: slices.Clone(args)}
	for i, a := range args {
		k := want[min(i, len(want)-1)]
		if k == any_ {
			if a.Type.Kind != batch.Unknown {
				continue
			}
			k = batch.Text
		}
		c, err := Cast(a, typeOfKind(k), Implicit)
		if err != nil {
			return nil, err
		}
		out.Args[i] = c
	}
	if o.check != nil {
		if err := o.check(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pick chooses an overload (PostgreSQL manual, 10.2 and 10.3).
func pick(name string, all []overload, args []*Node) (*overload, error) {
	var fits []*overload
	for i := range all {
		o := &all[i]
		if !o.takes(len(args)) {
			continue
		}
		if exact(o, args) {
			return o, nil
		}
		if coercible(o, args) {
			fits = append(fits, o)
		}
	}
	if isOperator(name) {
		if o := assumeSame(all, args); o != nil {
			return o, nil
		}
	}
	if len(fits) == 0 {
		return nil, noFunction(name, args)
	}
	fits = mostExact(fits, args)
	fits = mostPreferred(fits, args)
	fits = byCategory(fits, args)
	if len(fits) > 1 {
		fits = likeTheOthers(fits, args)
	}
	if len(fits) == 1 {
		return fits[0], nil
	}
	return nil, notUnique(name, args)
}

func notUnique(name string, args []*Node) *Error {
	if isOperator(name) {
		return &Error{
			Code: "42725", Message: "operator is not unique: " + signature(name, args),
			Hint: "Could not choose a best candidate operator. You might need to add explicit type casts.",
		}
	}
	return &Error{
		Code: "42725", Message: "function " + signature(name, args) + " is not unique",
		Hint: "Could not choose a best candidate function. You might need to add explicit type casts.",
	}
}

func exact(o *overload, args []*Node) bool {
	for i, a := range args {
		if o.arg(i) != argKind(a.Type) {
			return false
		}
	}
	return true
}

// assumeSame is the rule for operators: an open literal beside an operand of a
// known type is of that type, if there is such an operator.
func assumeSame(all []overload, args []*Node) *overload {
	if len(args) != 2 {
		return nil
	}
	l, r := argKind(args[0].Type), argKind(args[1].Type)
	if (l == batch.Unknown) == (r == batch.Unknown) {
		return nil
	}
	k := max(l, r) // Unknown is 0
	for i := range all {
		o := &all[i]
		if o.takes(2) && o.arg(0) == k && o.arg(1) == k {
			return o
		}
	}
	return nil
}

func coercible(o *overload, args []*Node) bool {
	for i, a := range args {
		if k := o.arg(i); k != any_ && !castable(argKind(a.Type), k, Implicit) {
			return false
		}
	}
	return true
}

// best keeps the candidates with the highest score.
func best(fits []*overload, score func(*overload) int) []*overload {
	var out []*overload
	top := -1
	for _, o := range fits {
		switch s := score(o); {
		case s > top:
			top, out = s, []*overload{o}
		case s == top:
			out = append(out, o)
		}
	}
	return out
}

func mostExact(fits []*overload, args []*Node) []*overload {
	return best(fits, func(o *overload) int {
		n := 0
		for i, a := range args {
			if a.Type.Kind != batch.Unknown && o.arg(i) == argKind(a.Type) {
				n++
			}
		}
		return n
	})
}

func mostPreferred(fits []*overload, args []*Node) []*overload {
	return best(fits, func(o *overload) int {
		n := 0
		for i, a := range args {
			k := o.arg(i)
			if a.Type.Kind == batch.Unknown {
				continue
			}
			if k == a.Type.Kind || (k != any_ && preferred(k) && categoryOf(k) == categoryOf(a.Type.Kind)) {
				n++
			}
		}
		return n
	})
}

// byCategory settles positions of open literals: text if any candidate takes
// it there, else the category on which all agree, and preferred types in it.
func byCategory(fits []*overload, args []*Node) []*overload {
	if len(fits) < 2 {
		return fits
	}
	out := fits
	for i, a := range args {
		if a.Type.Kind != batch.Unknown {
			continue
		}
		cat, agreed := categoryAt(fits, i)
		if !agreed {
			return fits
		}
		next := slices.DeleteFunc(slices.Clone(out), func(o *overload) bool { return categoryOf(o.arg(i)) != cat })
		if slices.ContainsFunc(next, func(o *overload) bool { return preferred(o.arg(i)) }) {
			next = slices.DeleteFunc(next, func(o *overload) bool { return !preferred(o.arg(i)) })
		}
		if len(next) > 0 {
			out = next
		}
	}
	return out
}

func categoryAt(fits []*overload, i int) (cat category, agreed bool) {
	cat, agreed = categoryOf(fits[0].arg(i)), true
	for _, o := range fits {
		c := categoryOf(o.arg(i))
		if c == catString {
			return catString, true
		}
		agreed = agreed && c == cat
	}
	return cat, agreed
}

// likeTheOthers gives open literals the type that all other arguments share.
func likeTheOthers(fits []*overload, args []*Node) []*overload {
	known := batch.Unknown
	for _, a := range args {
		switch k := a.Type.Kind; {
		case k == batch.Unknown:
		case known == batch.Unknown:
			known = k
		case known != k:
			return fits
		}
	}
	if known == batch.Unknown {
		return fits
	}
	var out []*overload
	for _, o := range fits {
		ok := true
		for i, a := range args {
			ok = ok && (a.Type.Kind != batch.Unknown || castable(known, o.arg(i), Implicit))
		}
		if ok {
			out = append(out, o)
		}
	}
	if len(out) == 1 {
		return out
	}
	return fits
}

// noFunction says that nothing fits, with what comes nearest.
func noFunction(name string, args []*Node) *Error {
	if isOperator(name) {
		return &Error{
			Code: "42883", Message: "operator does not exist: " + signature(name, args),
			Hint: "No operator matches the given name and argument types. You might need to add explicit type casts.",
		}
	}
	hint := "No function matches the given name and argument types. You might need to add explicit type casts."
	if all, ok := functions[name]; ok {
		hint = "There is " + listOverloads(name, all) + "."
	} else if near := nearest(name); near != "" {
		hint = "Did you mean " + near + "?"
	}
	return &Error{Code: "42883", Message: "function " + signature(name, args) + " does not exist", Hint: hint}
}

func listOverloads(name string, all []overload) string {
	var out []string
	for _, o := range all[:min(len(all), 4)] {
		kinds := make([]string, len(o.args))
		for i, k := range o.args {
			kinds[i] = typeOfKind(k).String()
			if k == any_ {
				kinds[i] = "any"
			}
		}
		out = append(out, name+"("+strings.Join(kinds, ", ")+")")
	}
	return strings.Join(out, ", ")
}

// nearest returns the function whose name is least different, at most two edits
// away; ties go to the first in alphabetical order.
func nearest(name string) string {
	found, least := "", 3
	for f := range functions {
		if isOperator(f) {
			continue
		}
		if d := distance(name, f); d < least || (d == least && d < 3 && f < found) {
			found, least = f, d
		}
	}
	return found
}

// distance is the number of single-character edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			prev, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, prev+cost)
		}
	}
	return row[len(b)]
}
