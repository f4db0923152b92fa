package expr

import (
	"fmt"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Short names for the tables of functions.
const (
	boolean_ = batch.Bool
	i2       = batch.Int16
	i4       = batch.Int32
	i8       = batch.Int64
	f4       = batch.Float32
	f8       = batch.Float64
	num      = batch.Numeric
	txt      = batch.Text
	dat      = batch.Date
	ts       = batch.Timestamp
	tz       = batch.TimestampTZ
	iv       = batch.Interval
	tim      = batch.Time
	byt      = batch.Bytea
	jsn      = batch.JSONB
	uid      = batch.UUID
	arr      = batch.Array
)

// any_ stands for an argument of any kind, in variadic functions of text.
const any_ batch.Kind = 255

// texts_ stands for text[] among kinds of arguments.
const texts_ batch.Kind = 254

// argKind is how the tables name a type.
func argKind(t batch.Type) batch.Kind {
	if t.Kind == batch.Array && t.Elem == batch.Text {
		return texts_
	}
	return t.Kind
}

// typeOfKind is the type that the tables mean by a kind.
func typeOfKind(k batch.Kind) batch.Type {
	if k == texts_ {
		return batch.ArrayOf(batch.T(batch.Text))
	}
	return batch.T(k)
}

// overload is one function or operator under a name, for given kinds.
type overload struct {
	args []batch.Kind
	ret  batch.Kind
	// as: the kinds the arguments are brought to, if others than args; the
	// overload found at compile time is the one of as.
	as []batch.Kind
	// variadic: the last of args stands for any number of arguments, from one.
	variadic bool
	// lax: called for NULL arguments too; else NULL gives NULL.
	lax bool
	// check looks at constant arguments once the call is resolved; nil: no need.
	check func(n *Node) *Error
	// volatile: the result is not the same at each call within a statement, or
	// between statements.
	volatile bool
	// One of these computes it: row by row, row by row after a look at the
	// constants among the arguments, or by a kernel of its own.
	row  rowFunc
	spec func(n *Node) rowFunc
	vec  func(n *Node, args []evaluator, fresh bool) evaluator
}

type table map[string][]overload

// in lists the kinds of arguments.
func in(kinds ...batch.Kind) []batch.Kind { return kinds }

func merge(tables ...table) table {
	out := table{}
	for _, t := range tables {
		for name, os := range t {
			if out[name] != nil {
				panic("expr: two tables define " + name)
			}
			out[name] = os
		}
	}
	return out
}

// extend adds overloads, of names that there are or of new ones, to t.
func extend(t table, more ...table) table {
	for _, m := range more {
		for name, os := range m {
			t[name] = append(t[name], os...)
		}
	}
	return t
}

// arg returns the kind that o wants for argument i.
func (o *overload) arg(i int) batch.Kind {
	if i >= len(o.args) {
		return o.args[len(o.args)-1]
	}
	return o.args[i]
}

func (o *overload) takes(n int) bool {
	if o.variadic {
		return n >= len(o.args)
	}
	return n == len(o.args)
}

// aliases are other names of functions.
var aliases = map[string]string{
	"!=": "<>", "pow": "power", "ceiling": "ceil", "char_length": "length", "character_length": "length",
	"substr": "substring", "position": "strpos", "~~": "like", "~~*": "ilike", "transaction_timestamp": "now",
	"statement_timestamp": "now", "current_timestamp": "now",
}

// Volatile tells whether a function's value depends on the clock or on chance.
func Volatile(name string) bool {
	for _, o := range functions[canonical(name)] {
		if o.volatile {
			return true
		}
	}
	return false
}

func canonical(name string) string {
	name = strings.ToLower(name)
	if a, ok := aliases[name]; ok {
		return a
	}
	return name
}

// signature prints a call for an error message.
func signature(name string, args []*Node) string {
	kinds := make([]string, len(args))
	for i, a := range args {
		kinds[i] = bare(a.Type).String()
	}
	if isOperator(name) {
		if len(args) == 1 {
			return name + " " + kinds[0]
		}
		return strings.Join(kinds, " "+name+" ")
	}
	return fmt.Sprintf("%s(%s)", name, strings.Join(kinds, ", "))
}

func isOperator(name string) bool {
	switch name {
	case "like", "ilike", "similar to":
		return true
	}
	return strings.Trim(name, "+-*/<>=~!@#%^&|`?") == ""
}

// bare returns t without modifiers, as messages name it.
func bare(t batch.Type) batch.Type { return batch.Type{Kind: t.Kind, Elem: t.Elem} }
