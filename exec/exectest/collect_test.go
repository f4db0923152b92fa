package exectest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// collectCalls are aggregates over booleans, and those whose result lists
// values.
func collectCalls() []agg.Call {
	ordered := func(c agg.Call, order ...agg.Order) agg.Call {
		c.Order, c.Separator = order, ", "
		return c
	}
	by := func(col int, desc, nullsFirst bool) agg.Order {
		return agg.Order{Col: col, Type: groupTypes[col], Desc: desc, NullsFirst: nullsFirst}
	}
	return []agg.Call{
		call("bool_and", colFlag, -1, false), call("bool_or", colFlag, -1, false), call("every", colFlag, colFlag, false),
		call("array_agg", colInt, -1, false),
		call("array_agg", colNum, colFlag, true),
		ordered(call("array_agg", colText, -1, false), by(colFloat, true, true)),
		ordered(call("array_agg", colFlag, -1, false), by(colSpan, false, true), by(colInt, true, false)),
		ordered(call("array_agg", colSpan, colFlag, true), by(colSpan, true, false)),
		ordered(call("string_agg", colText, -1, false)),
		ordered(call("string_agg", colName, -1, true), by(colName, true, true)),
	}
}

// collected computes such a call the slow way; ok is false for other calls.
func collected(c agg.Call, rows []counted) (result any, ok bool) {
	switch c.Func {
	case "bool_and", "every", "bool_or":
		return allOrAny(c, rows), true
	case "array_agg", "string_agg":
		return listed(c, rows), true
	}
	return nil, false
}

func allOrAny(c agg.Call, rows []counted) any {
	n := map[any]int64{}
	for _, r := range rows {
		if c.Filter < 0 || r.values[c.Filter] == true {
			n[r.values[c.Arg]] += r.n
		}
	}
	switch {
	case n[true] <= 0 && n[false] <= 0:
		return nil
	case c.Func == "bool_or":
		return n[true] > 0
	}
	return n[false] <= 0
}

func listed(c agg.Call, rows []counted) any {
	at := []int{c.Arg}
	for _, o := range c.Order {
		at = append(at, o.Col)
	}
	count := map[string]counted{}
	for _, r := range rows {
		if c.Filter >= 0 && r.values[c.Filter] != true || c.Func == "string_agg" && r.values[c.Arg] == nil {
			continue
		}
		var key []any
		for i, col := range at {
			v := r.values[col]
			if f, ok := v.(float64); ok && f == 0 && i > 0 {
				v = 0.0 // -0 orders like 0
			}
			key = append(key, v)
		}
		count[Text(key)] = counted{key, count[Text(key)].n + r.n}
	}
	var list [][]any
	for _, v := range count {
		for range max(0, v.n) {
			list = append(list, v.values)
		}
	}
	slices.SortFunc(list, func(a, b []any) int { return inOrder(c, a, b) })
	if c.Distinct {
		list = slices.CompactFunc(list, func(a, b []any) bool { return ordering(c.ArgType, a[0], b[0], false, false) == 0 })
	}
	return rendered(c, list)
}

// rendered makes the value of a list.
func rendered(c agg.Call, list [][]any) any {
	if len(list) == 0 {
		return nil
	}
	if c.Func == "string_agg" {
		var texts []string
		for _, v := range list {
			texts = append(texts, v[0].(string))
		}
		return strings.Join(texts, c.Separator)
	}
	b := batch.NewArrayBuilder(c.ArgType.Kind)
	for _, v := range list {
		b.Add(columnOf(c.ArgType, v[0]), 0)
	}
	return string(b.Append(nil))
}

// inOrder compares by ORDER BY, then by value, then by display.
func inOrder(c agg.Call, a, b []any) int {
	for i, o := range c.Order {
		if d := ordering(o.Type, a[1+i], b[1+i], o.Desc, o.NullsFirst); d != 0 {
			return d
		}
	}
	if d := ordering(c.ArgType, a[0], b[0], false, false); d != 0 {
		return d
	}
	one := func(v any) []byte {
		x := batch.NewArrayBuilder(c.ArgType.Kind)
		x.Add(columnOf(c.ArgType, v), 0)
		return x.Append(nil)
	}
	return bytes.Compare(one(a[0]), one(b[0]))
}

func ordering(t batch.Type, a, b any, desc, nullsFirst bool) int {
	switch {
	case a == nil || b == nil:
		d := cmp.Compare(btoi(a == nil), btoi(b == nil))
		if nullsFirst {
			d = -d
		}
		return d
	case desc:
		a, b = b, a
	}
	return batch.Compare(columnOf(t, a), 0, columnOf(t, b), 0)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func columnOf(t batch.Type, v any) batch.Column {
	col := batch.New(t.Kind, 1)
	appendValue(col, v)
	return col
}

// TestCollect: lists come in one order whatever way their rows came, went, and
// were split.
func TestCollect(t *testing.T) {
	keys := []int{colKey}
	for _, c := range []Case{
		groupCase("lists", agg.Group{Keys: keys, Calls: collectCalls()}, groupGen(false, 40, 300)),
		groupCase("lists over updating input", agg.Group{Keys: keys, Calls: collectCalls(), Updating: true}, groupGen(true, 40, 300)),
		groupCase("lists of all", agg.Group{Calls: collectCalls(), Updating: true}, groupGen(true, 40, 200)),
		groupCase("lists in windows", agg.Group{Keys: keys, Calls: collectCalls(), Window: window(10, 2, 1, 0), OnClose: true}, groupGen(false, 40, 300)),
	} {
		t.Run(c.Name, func(t *testing.T) { attackMany(t, c, 20) })
	}
}
