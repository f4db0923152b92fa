package exectest

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// The columns of the rows that groups are attacked with.
const (
	colKey = iota
	colName
	colInt
	colFloat
	colNum
	colText
	colFlag
	colTime
	colSpan
	colNumKey
)

var groupTypes = []batch.Type{
	batch.T(batch.Int64), batch.T(batch.Text), batch.T(batch.Int64), batch.T(batch.Float64), batch.T(batch.Numeric),
	batch.T(batch.Text), batch.T(batch.Bool), batch.T(batch.Timestamp), batch.T(batch.Interval), batch.T(batch.Numeric),
}

// groupGen makes rows over a few or many keys; with updating some are taken
// back later, or before they come.
func groupGen(updating bool, keys, size int) func(r *Rand) History {
	return func(r *Rand) History {
		var h History
		var live []Row
		watermark := int64(-50)
		n := r.IntN(size)
		keys := int64(1 + r.IntN(keys))
		for range n {
			row := groupRow(r, keys, watermark)
			switch {
			case updating && len(live) > 0 && r.Chance(3):
				at := r.IntN(len(live))
				row = live[at]
				row.Diff = -row.Diff
				live = slices.Delete(live, at, at+1)
			case updating && r.Chance(10):
				row.Diff = -1 // taken back before it came
				live = append(live, row)
			default:
				row.Diff = 1
				if r.Chance(8) {
					row.Diff = 3
				}
				live = append(live, row)
			}
			h = append(h, Step{Row: &row})
			if r.Chance(6) {
				if r.Chance(2) && !updating {
					watermark += r.Int64N(12)
				}
				h = append(h, Step{Watermark: watermark})
			}
		}
		for _, row := range live {
			if row.Diff < 0 {
				row.Diff = -row.Diff
				h = append(h, Step{Row: &row})
			}
		}
		return append(h, Step{Watermark: watermark + r.Int64N(60)})
	}
}

func groupRow(r *Rand, keys, watermark int64) Row {
	null := func(v any) any {
		if r.Chance(7) {
			return nil
		}
		return v
	}
	floats := []float64{0, math.Copysign(0, -1), 1, 0.1, -0.3, 1e300, -1e300, 1e-310, 3e15, math.Inf(1), math.NaN()}
	num := batch.NewDecimal(r.Int64N(2000)-1000, int16(r.IntN(3)))
	if r.Chance(30) {
		num = batch.DecimalFromBig(new(big.Int).Lsh(big.NewInt(r.Int64N(99)), 150), 2)
	}
	f := floats[r.IntN(len(floats)-2)]
	if r.Chance(25) {
		f = floats[r.IntN(len(floats))]
	}
	return Row{Values: []any{
		null(r.Int64N(keys)), null(fmt.Sprintf("name-%d", r.Int64N(3))), null(r.Int64N(20) - 10),
		null(f), null(num), null(fmt.Sprint(r.IntN(12))), null(r.Chance(2)),
		watermark + r.Int64N(40), null(batch.Span{Months: int32(r.IntN(2)), Days: int32(r.IntN(40)), Micros: r.Int64N(5)}),
		// Equal keys must be displayed alike here: which of 1.0 and 1.00 names
		// the group is not defined.
		batch.NewDecimal(r.Int64N(keys)*10, 1),
	}}
}

func call(name string, arg, filter int, distinct bool) agg.Call {
	c := agg.Call{Func: name, Arg: arg, Filter: filter, Distinct: distinct}
	var t *batch.Type
	if arg >= 0 {
		c.ArgType = groupTypes[arg]
		t = &groupTypes[arg]
	}
	var err error
	if c.Type, err = agg.Resolve(name, t, distinct); err != nil {
		panic(err)
	}
	return c
}

func manyCalls() []agg.Call {
	calls := []agg.Call{call("count", -1, -1, false), call("count", -1, colFlag, false)}
	for _, col := range []int{colInt, colNum, colSpan} {
		calls = append(calls, call("sum", col, -1, false), call("avg", col, colFlag, false))
	}
	for _, col := range []int{colInt, colFloat, colNum, colText, colSpan} {
		calls = append(calls, call("count", col, -1, false), call("min", col, -1, false), call("max", col, colFlag, false))
	}
	return append(calls, call("sum", colFloat, -1, false), call("avg", colFloat, colFlag, false))
}

func distinctCalls() []agg.Call {
	return []agg.Call{
		call("count", colInt, -1, true), call("sum", colInt, -1, true), call("count", colText, colFlag, true),
		call("avg", colNum, -1, true), call("max", colInt, -1, true), call("count", -1, -1, false), call("sum", colInt, -1, false),
	}
}

// window is a tumbling or hopping window over colTime.
func window(size, slide, offset, late int64) *agg.Window {
	return &agg.Window{Time: colTime, Size: size, Slide: slide, Offset: offset, Lateness: late, TimeType: groupTypes[colTime]}
}

func groupCase(name string, g agg.Group, gen func(*Rand) History) Case {
	for _, k := range g.Keys {
		g.KeyTypes = append(g.KeyTypes, groupTypes[k])
	}
	return Case{
		Name: name, Types: [][]batch.Type{groupTypes}, Time: colTime, AnyTick: !g.OnClose, Gen: gen,
		Make: func(home state.Home, reject exec.Rejecter) (exec.Operator, error) { return agg.New(g, home, reject) },
		Want: func(h History) (Bag, Bag) { return wantGroups(g, h), Bag{} },
	}
}

// counted is a row with the sum of its counts.
type counted struct {
	values []any
	n      int64
}

// wantGroups computes the groups of a history, the slow and plain way.
func wantGroups(g agg.Group, h History) Bag {
	groups := map[string][]counted{}
	add := func(prefix []any, row *Row) {
		key := append([]any{}, prefix...)
		for _, k := range g.Keys {
			key = append(key, row.Values[k])
		}
		groups[Text(key)] = append(groups[Text(key)], counted{row.Values, row.Diff})
	}
	watermark := batch.MinTime
	for _, s := range h {
		if s.Row == nil {
			watermark = s.Watermark
			continue
		}
		if g.Window == nil {
			add(nil, s.Row)
			continue
		}
		t, w := s.Row.Values[g.Window.Time].(int64), g.Window
		for i := int64(-400); i <= 400; i++ {
			if start := w.Offset + i*w.Slide; start <= t && t < start+w.Size {
				add([]any{start, start + w.Size}, s.Row)
			}
		}
	}
	out := Bag{}
	for key, rows := range groups {
		n := int64(0)
		for _, r := range rows {
			n += r.n
		}
		if n <= 0 && len(g.Keys) > 0 {
			continue
		}
		if g.OnClose && !closed(key, watermark-g.Window.Lateness) {
			continue
		}
		out.Add(joined(key, Text(results(g, rows))), 1)
	}
	if len(g.Keys) == 0 && g.Window == nil && len(groups) == 0 {
		out.Add(Text(results(g, nil)), 1)
	}
	return out
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "|" + b
}

func closed(key string, watermark int64) bool {
	var start, end int64
	fmt.Sscanf(key, "%d|%d", &start, &end)
	return end <= watermark
}

func results(g agg.Group, rows []counted) []any {
	var out []any
	for _, c := range g.Calls {
		out = append(out, result(c, rows))
	}
	return out
}

func result(c agg.Call, rows []counted) any {
	if v, ok := collected(c, rows); ok {
		return v
	}
	values := map[string]counted{}
	all := int64(0)
	for _, r := range rows {
		if c.Filter >= 0 && r.values[c.Filter] != true {
			continue
		}
		if c.Arg < 0 {
			all += r.n
			continue
		}
		v := r.values[c.Arg]
		if v == nil {
			continue
		}
		if f, ok := v.(float64); ok && f == 0 {
			v = 0.0
		}
		key := Text([]any{v})
		if d, ok := v.(batch.Decimal); ok && c.Distinct {
			key = d.Normal().String() // 1.0 and 1.00 are one value
		}
		values[key] = counted{[]any{v}, values[key].n + r.n}
	}
	if c.Arg < 0 {
		return all
	}
	var list []counted
	for _, k := range slices.Sorted(maps.Keys(values)) {
		v := values[k]
		if c.Distinct && v.n > 0 {
			v.n = 1
		} else if c.Distinct {
			v.n = 0
		}
		if v.n != 0 {
			list = append(list, v)
		}
	}
	return fold(c, list)
}

func fold(c agg.Call, list []counted) any {
	n := int64(0)
	for _, v := range list {
		n += v.n
	}
	switch c.Func {
	case "count":
		return n
	case "min", "max":
		return extremeOf(c, list)
	}
	if n <= 0 {
		return nil
	}
	return sumOf(c, list, n)
}

func extremeOf(c agg.Call, list []counted) any {
	var found any
	for _, v := range list {
		if v.n <= 0 {
			continue
		}
		best, one := batch.New(c.ArgType.Kind, 1), batch.New(c.ArgType.Kind, 1)
		appendValue(one, v.values[0])
		if found != nil {
			appendValue(best, found)
			d := batch.Compare(one, 0, best, 0)
			if x, ok := found.(batch.Decimal); ok && d == 0 {
				d = int(v.values[0].(batch.Decimal).Scale) - int(x.Scale)
			}
			if x, ok := found.(batch.Span); ok && d == 0 {
				d = slices.Compare(state.AppendSpan(nil, v.values[0].(batch.Span)), state.AppendSpan(nil, x))
			}
			if d == 0 || (d > 0) != (c.Func == "max") {
				continue
			}
		}
		found = v.values[0]
	}
	return found
}

func sumOf(c agg.Call, list []counted, n int64) any {
	switch c.ArgType.Kind {
	case batch.Int64, batch.Numeric:
		sum := batch.Decimal{}
		scale := int16(0)
		for _, v := range list {
			d, ok := v.values[0].(batch.Decimal)
			if !ok {
				d = batch.DecimalFromInt(v.values[0].(int64))
			}
			sum = sum.Add(d.Mul(batch.DecimalFromInt(v.n)))
			scale = max(scale, d.Scale)
		}
		sum = sum.Round(int(scale))
		if c.Func == "avg" {
			sum, _ = sum.Div(batch.DecimalFromInt(n))
		}
		return sum
	case batch.Interval:
		var s batch.Span
		for _, v := range list {
			x := v.values[0].(batch.Span)
			s.Months += x.Months * int32(v.n)
			s.Days += x.Days * int32(v.n)
			s.Micros += x.Micros * v.n
		}
		if c.Func == "avg" {
			s, _ = s.Div(float64(n))
		}
		return s
	}
	return floatSum(c, list, n)
}

// floatSum adds floats as fractions.
func floatSum(c agg.Call, list []counted, n int64) any {
	sum, inf, nan := new(big.Rat), false, false
	for _, v := range list {
		f := v.values[0].(float64)
		switch {
		case f != f:
			nan = nan || v.n > 0
		case math.IsInf(f, 0):
			inf = inf || v.n > 0
		default:
			x := new(big.Rat).SetFloat64(f)
			sum.Add(sum, x.Mul(x, new(big.Rat).SetInt64(v.n)))
		}
	}
	x, _ := sum.Float64()
	switch {
	case nan:
		x = math.NaN()
	case inf:
		x = math.Inf(1)
	}
	if c.Func == "avg" {
		x /= float64(n)
	}
	return x
}

func groupCases() []Case {
	keys := []int{colKey}
	many := []int{colKey, colName, colNumKey}
	onClose := func(w *agg.Window, calls []agg.Call, upd bool) agg.Group {
		return agg.Group{Keys: keys, Calls: calls, Window: w, OnClose: true, Updating: upd}
	}
	plain := groupGen(false, 300, 400)
	changes := groupGen(true, 300, 400)
	wide := groupGen(false, 20000, 2500)
	few := []agg.Call{call("count", -1, -1, false), call("max", colInt, -1, false), call("sum", colInt, -1, false)}
	cases := []Case{
		groupCase("plain", agg.Group{Keys: keys, Calls: manyCalls()}, plain),
		groupCase("wide", agg.Group{Keys: keys, Calls: few}, wide),
		groupCase("wide text keys", agg.Group{Keys: many, Calls: few}, wide),
		groupCase("several keys", agg.Group{Keys: many, Calls: manyCalls()}, plain),
		groupCase("updating input", agg.Group{Keys: keys, Calls: manyCalls(), Updating: true}, changes),
		groupCase("distinct", agg.Group{Keys: keys, Calls: distinctCalls()}, plain),
		groupCase("distinct over updating input", agg.Group{Keys: many, Calls: distinctCalls(), Updating: true}, changes),
		groupCase("global", agg.Group{Calls: few}, plain),
		groupCase("global over updating input", agg.Group{Calls: distinctCalls(), Updating: true}, changes),
		groupCase("tumble on close", onClose(window(10, 10, 0, 0), manyCalls(), false), plain),
		groupCase("tumble on close, offset and lateness", onClose(window(7, 7, 3, 5), few, false), plain),
		groupCase("wide tumble on close", onClose(window(20, 20, 0, 0), few, false), wide),
		groupCase("hop on close", onClose(window(10, 2, 1, 0), manyCalls(), false), plain),
		groupCase("hop on close, panes of a divisor", onClose(window(10, 4, 0, 0), few, true), plain),
		groupCase("wide hop on close", onClose(window(20, 5, 0, 0), few, false), wide),
		groupCase("hop on close, distinct", onClose(window(10, 5, 0, 0), distinctCalls(), false), plain),
		groupCase("tumble changes", agg.Group{Keys: keys, Calls: manyCalls(), Window: window(10, 10, 0, 4)}, plain),
		groupCase("hop changes", agg.Group{Keys: many, Calls: distinctCalls(), Window: window(10, 5, 2, 0)}, plain),
	}
	for i := range cases {
		cases[i].Final = strings.HasPrefix(cases[i].Name, "wide")
	}
	return cases
}

// TestGroups: what comes out does not depend on how rows came.
func TestGroups(t *testing.T) {
	for _, c := range groupCases() {
		t.Run(c.Name, func(t *testing.T) { attackMany(t, c, 10) })
	}
}

// attackMany attacks with many seeds (EXECTEST_SEEDS, where that is set) and
// prints what was done.
func attackMany(t *testing.T, c Case, seeds uint64) {
	if n, err := strconv.ParseUint(os.Getenv("EXECTEST_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	var sum Stats
	for seed := range seeds {
		st, err := Attack(c, seed)
		if err != nil {
			t.Fatal(err)
		}
		sum.Seals += st.Seals
		sum.Opens += st.Opens
		sum.Folds += st.Folds
		sum.Spills += st.Spills
		sum.Fetches += st.Fetches
		sum.Absorbs += st.Absorbs
	}
	t.Logf("seeds 0 to %d: %+v", seeds-1, sum)
}
