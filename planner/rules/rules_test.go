package rules_test

import (
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/rules"
)

// bids is a source of four columns, the last with a watermark.
var bids = &logical.Relation{
	ID: 1, Name: "bids", Kind: logical.Source, Watermark: 3,
	Columns: batch.Schema{
		{Name: "auction", Type: batch.T(batch.Int64)},
		{Name: "price", Type: batch.T(batch.Int64)},
		{Name: "url", Type: batch.T(batch.Text)},
		{Name: "ts", Type: batch.T(batch.Timestamp)},
	},
}

func scan() logical.Node { return logical.NewScan(bids) }

// col is a column of n by its name.
func col(n logical.Node, name string) *expr.Node {
	for i, f := range n.Schema() {
		if f.Name == name {
			return logical.Column(n.Schema(), i)
		}
	}
	panic("no column " + name)
}

func call(t *testing.T, name string, args ...*expr.Node) *expr.Node {
	t.Helper()
	n, err := expr.Resolve(name, args)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func number(text string) *expr.Node { return expr.Const(batch.T(batch.Int64), text) }

// greater filters n by column > value.
func greater(t *testing.T, n logical.Node, column, value string) logical.Node {
	return &logical.Filter{Input: n, Pred: call(t, ">", col(n, column), number(value))}
}

// project computes expressions under names: "name" or "name=expr of the same position".
func project(n logical.Node, names []string, exprs ...*expr.Node) *logical.Project {
	return &logical.Project{Input: n, Names: names, Exprs: exprs}
}

func columnsOf(n logical.Node, names ...string) logical.Node {
	var exprs []*expr.Node
	for _, name := range names {
		exprs = append(exprs, col(n, name))
	}
	return project(n, names, exprs...)
}

func window(n logical.Node, size, slide int64) logical.Node {
	return &logical.Window{Input: n, Span: logical.Span{Time: col(n, "ts").Col, Size: size, Slide: slide}}
}

// group counts rows and takes the greatest price by some columns.
func group(n logical.Node, keys ...string) *logical.Group {
	g := &logical.Group{Input: n, Names: []string{"count", "max"}, Calls: []agg.Call{
		{Func: "count", Arg: -1, Filter: -1, Type: batch.T(batch.Int64)},
		{Func: "max", Arg: col(n, "price").Col, Filter: -1, ArgType: batch.T(batch.Int64), Type: batch.T(batch.Int64)},
	}}
	for _, k := range keys {
		g.Keys = append(g.Keys, col(n, k).Col)
	}
	return g
}

const second = 1_000_000

// expect compares a plan with its lines.
func expect(t *testing.T, got logical.Node, want string) {
	t.Helper()
	trim := func(s string) string {
		lines := strings.Split(strings.Trim(s, "\n"), "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], "\t\t")
		}
		return strings.TrimSpace(strings.Join(lines, "\n"))
	}
	if text := logical.Print(got); trim(text) != trim(want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// TestPushdown: filters go below what passes their columns on, and stay above
// what computes them.
func TestPushdown(t *testing.T) {
	computed := project(scan(), []string{"price", "double"}, col(scan(), "price"), call(t, "+", col(scan(), "price"), col(scan(), "price")))
	w := window(scan(), 10*second, 10*second)
	tests := []struct {
		name  string
		plan  logical.Node
		after string
	}{
		{"through a projection", greater(t, columnsOf(scan(), "price", "auction"), "auction", "5"), `
		Project price, auction
		  Filter auction > 5
		    Scan stream bids (auction, price, url, ts)`},
		{"not through a computed column", greater(t, computed, "double", "5"), `
		Filter double > 5
		  Project price, price + price AS double
		    Scan stream bids (auction, price, url, ts)`},
		{"to both sides of a union", greater(t, &logical.Union{Sides: []logical.Node{
			columnsOf(scan(), "auction"), columnsOf(scan(), "price"),
		}}, "auction", "5"), `
		Union all
		  Project auction
		    Filter auction > 5
		      Scan stream bids (auction, price, url, ts)
		  Project price
		    Filter price > 5
		      Scan stream bids (auction, price, url, ts)`},
		{"below a window", greater(t, w, "price", "5"), `
		Window tumble(ts, 10s)
		  Filter price > 5
		    Scan stream bids (auction, price, url, ts)`},
		{"below a group by a key, not by a result", greater(t, greater(t, group(scan(), "auction"), "count", "1"), "auction", "5"), `
		Filter count > 1
		  Group by auction: count(*), max(price)
		    Filter auction > 5
		      Scan stream bids (auction, price, url, ts)`},
		{"not below a limit", greater(t, &logical.Sort{Input: scan(), Limit: 3}, "price", "5"), `
		Filter price > 5
		  Limit 3
		    Scan stream bids (auction, price, url, ts)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { expect(t, rules.Pushdown(test.plan), test.after) })
	}
}

// TestConstantPredicateStaysAboveGroup: FALSE below a global aggregate would
// leave its one row standing.
func TestConstantPredicateStaysAboveGroup(t *testing.T) {
	plan := &logical.Filter{Input: group(scan()), Pred: expr.BoolConst(false)}
	expect(t, rules.Pushdown(plan), `
		Filter false
		  Group: count(*), max(price)
		    Scan stream bids (auction, price, url, ts)`)
}

// TestPrune: a column that nobody reads is not read from the source, and
// indices follow.
func TestPrune(t *testing.T) {
	tests := []struct {
		name  string
		plan  logical.Node
		after string
	}{
		{"projection", columnsOf(scan(), "price"), `
		Project price
		  Scan stream bids (price)`},
		{"what a filter reads stays", columnsOf(greater(t, scan(), "price", "5"), "url"), `
		Project url
		  Filter price > 5
		    Scan stream bids (price, url)`},
		{"unused aggregates go", columnsOf(group(scan(), "auction"), "auction", "count"), `
		Project auction, count
		  Group by auction: count(*)
		    Scan stream bids (auction)`},
		{"a count needs no column", columnsOf(group(scan()), "count"), `
		Project count
		  Group: count(*)
		    Scan stream bids, no columns`},
		{"a window keeps its time", columnsOf(window(scan(), 10*second, 5*second), "window_end", "price"), `
		Project window_end, price
		  Window hop(ts, 10s by 5s)
		    Scan stream bids (price, ts)`},
		{"exchanges carry just what they need", group(greater(t, scan(), "price", "5"), "auction"), `
		Group by auction: count(*), max(price)
		  Filter price > 5
		    Scan stream bids (auction, price)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { expect(t, rules.Prune(test.plan), test.after) })
	}
}

// TestPrunedIndices: what an expression computes after pruning is what its name says.
func TestPrunedIndices(t *testing.T) {
	late := &logical.Filter{Input: scan(), Pred: call(t, ">", col(scan(), "ts"), expr.Literal("2026-01-01"))}
	plan := rules.Prune(columnsOf(late, "url"))
	logical.Walk(plan, func(n logical.Node) {
		var exprs []*expr.Node
		switch n := n.(type) {
		case *logical.Filter:
			exprs = []*expr.Node{n.Pred.Args[0]}
		case *logical.Project:
			exprs = n.Exprs
		default:
			return
		}
		for _, e := range exprs {
			if have := n.Inputs()[0].Schema()[e.Col].Name; have != e.Name {
				t.Errorf("%s: column %d is %s, want %s", n.Line(), e.Col, have, e.Name)
			}
		}
	})
}

// TestMerge: neighbours become one, and work is not doubled.
func TestMerge(t *testing.T) {
	sum := project(scan(), []string{"sum"}, call(t, "+", col(scan(), "price"), col(scan(), "auction")))
	once := project(sum, []string{"x"}, call(t, "*", col(sum, "sum"), number("2")))
	twice := project(sum, []string{"x"}, call(t, "*", col(sum, "sum"), col(sum, "sum")))
	tests := []struct {
		name  string
		plan  logical.Node
		after string
	}{
		{"projections", once, `
		Project (price + auction) * 2 AS x
		  Scan stream bids (auction, price, url, ts)`},
		{"not where it would compute twice", twice, `
		Project sum * sum AS x
		  Project price + auction AS sum
		    Scan stream bids (auction, price, url, ts)`},
		{"filters", greater(t, greater(t, scan(), "price", "1"), "auction", "2"), `
		Filter (price > 1) AND (auction > 2)
		  Scan stream bids (auction, price, url, ts)`},
		{"identity", columnsOf(scan(), "auction", "price", "url", "ts"), `
		Scan stream bids (auction, price, url, ts)`},
		{"always true", &logical.Filter{Input: scan(), Pred: expr.BoolConst(true)}, `
		Scan stream bids (auction, price, url, ts)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { expect(t, rules.Merge(test.plan), test.after) })
	}
}

// TestSimplify: each simplification, and that errors are not computed away.
func TestSimplify(t *testing.T) {
	p := call(t, ">", col(scan(), "price"), number("1"))
	yes, no := expr.BoolConst(true), expr.BoolConst(false)
	tests := map[string]*expr.Node{
		"price > 1":       call(t, "and", p, call(t, "=", number("1"), number("1"))),
		"false":           call(t, "and", p, no),
		"true":            call(t, "or", p, yes),
		"NOT (price > 1)": call(t, "not", call(t, "not", call(t, "not", p))),
		"price + 7":       call(t, "+", col(scan(), "price"), call(t, "+", number("3"), number("4"))),
		"price + (1 / 0)": call(t, "+", col(scan(), "price"), call(t, "/", number("1"), number("0"))),
	}
	for want, n := range tests {
		if got := rules.Simplify(n, nil).String(); got != want {
			t.Errorf("%s becomes %s, want %s", n, got, want)
		}
	}
}

// TestSimplifyCase: arms that are never taken go, and all behind one that always is.
func TestSimplifyCase(t *testing.T) {
	p := call(t, ">", col(scan(), "price"), number("1"))
	build := func(args ...*expr.Node) *expr.Node {
		n, err := expr.Case(args)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	yes, no := expr.BoolConst(true), expr.BoolConst(false)
	tests := []struct {
		n    *expr.Node
		want string
	}{
		{build(no, number("1"), p, number("2"), number("3")), "CASE WHEN price > 1 THEN 2 ELSE 3 END"},
		{build(p, number("1"), yes, number("2"), number("3")), "CASE WHEN price > 1 THEN 1 ELSE 2 END"},
		{build(yes, col(scan(), "price"), number("3")), "price"},
	}
	for _, test := range tests {
		if got := rules.Simplify(test.n, nil).String(); got != test.want {
			t.Errorf("%s becomes %s, want %s", test.n, got, test.want)
		}
	}
}

// TestWindows: grouping by a window becomes a window aggregate, where it can.
func TestWindows(t *testing.T) {
	tumble := window(scan(), 10*second, 10*second)
	noWatermark := *bids
	noWatermark.Watermark = -1
	untimed := window(logical.NewScan(&noWatermark), 10*second, 10*second)
	shifted := project(tumble, []string{"window_start", "price"}, col(tumble, "window_start"),
		call(t, "extract", expr.Literal("epoch"), col(tumble, "window_end")))
	tests := []struct {
		name  string
		plan  logical.Node
		after string
	}{
		{"by window and key", group(tumble, "auction", "window_start"), `
		Project auction, window_start, count, max
		  Group by tumble(ts, 10s), auction: count(*), max(price) on window close
		    Project auction, price, ts
		      Scan stream bids (auction, price, url, ts)`},
		{"by both ends", group(window(scan(), 10*second, 5*second), "window_end", "window_start"), `
		Project window_end, window_start, count, max
		  Group by hop(ts, 10s by 5s): count(*), max(price) on window close
		    Project price, ts
		      Scan stream bids (auction, price, url, ts)`},
		{"without the window in the keys", group(tumble, "auction"), `
		Group by auction: count(*), max(price)
		  Window tumble(ts, 10s)
		    Scan stream bids (auction, price, url, ts)`},
		{"without a watermark", group(untimed, "window_start"), `
		Group by window_start: count(*), max(price)
		  Window tumble(ts, 10s)
		    Scan stream bids (auction, price, url, ts)`},
		{"a window bound inside an argument", group(shifted, "window_start"), `
		Project window_end - '00:00:10'::interval AS window_start, count, max
		  Group by tumble(window_start, 10s): count(*), max(price) on window close
		    Project window_start, extract(epoch FROM window_end) AS price
		      Window tumble(ts, 10s)
		        Scan stream bids (auction, price, url, ts)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { expect(t, rules.Windows(test.plan, true, 0), test.after) })
	}
}

// TestWindowFilter: a filter on the window's bounds holds for whole windows, so
// it goes above the aggregate; one that looks at rows as well keeps it apart.
func TestWindowFilter(t *testing.T) {
	tumble := window(scan(), 10*second, 10*second)
	bound := &logical.Filter{Input: tumble, Pred: call(t, "<", col(tumble, "window_start"), expr.Literal("2026-01-01"))}
	expect(t, rules.Windows(group(bound, "window_start"), false, 0), `
		Project window_start, count, max
		  Filter window_start < '2026-01-01 00:00:00'::timestamp without time zone
		    Group by tumble(ts, 10s): count(*), max(price) emitting changes
		      Project price, ts
		        Scan stream bids (auction, price, url, ts)`)
	mixed := &logical.Filter{Input: tumble, Pred: call(t, "<", col(tumble, "window_start"), col(tumble, "ts"))}
	expect(t, rules.Windows(group(mixed, "window_start"), false, 0), `
		Project window_end - '00:00:10'::interval AS window_start, count, max
		  Group by tumble(window_end - '00:00:10'::interval, 10s): count(*), max(price) emitting changes
		    Project auction, price, url, ts, window_start, window_end, window_end - '00:00:10'::interval
		      Filter window_start < ts
		        Window tumble(ts, 10s)
		          Scan stream bids (auction, price, url, ts)`)
}

// TestChangesKeepEventTime: the changes of a window's aggregate come before the
// watermark has passed its end, so that what reads them ends with it too: another
// aggregate by the window, and a join by it or with a bound in time.
func TestChangesKeepEventTime(t *testing.T) {
	tumble := window(scan(), 10*second, 10*second)
	counts := group(tumble, "auction", "window_start", "window_end")
	top := group(project(counts, []string{"window_end", "price"}, col(counts, "window_end"), col(counts, "count")), "window_end")
	expect(t, rules.Closing(top, false, 0), `
		Project window_end, count, max
		  Group by tumble(window_end - '00:00:10'::interval, 10s): count(*), max(price) emitting changes
		    Project window_end, price, window_end - '00:00:10'::interval
		      Project window_end, count AS price
		        Project auction, window_start, window_end, count, max
		          Group by tumble(ts, 10s), auction: count(*), max(price) emitting changes
		            Project auction, price, ts
		              Scan stream bids (auction, price, url, ts)`)
	best := group(tumble, "window_end")
	inner := &logical.Join{Kind: join.Inner, Left: scan(), Right: best}
	ts, end := logical.Column(inner.Schema(), 3), logical.Column(inner.Schema(), 4)
	inner.On = call(t, "AND", call(t, ">=", ts, call(t, "-", end, expr.Const(batch.T(batch.Interval), "10 seconds"))), call(t, "<", ts, end))
	bound := rules.Closing(inner, false, 2*second).(*logical.Join).Bound
	if bound == nil || bound.Low != 1-2*second || bound.High != 14*second {
		t.Errorf("the bound is %+v", bound)
	}
}

// TestWindowKeysOnlyCome: distinct keys of windows are never taken back, unless
// their rows are.
func TestWindowKeysOnlyCome(t *testing.T) {
	keys := func(in logical.Node) logical.Node {
		g := group(window(in, 10*second, 10*second), "auction", "window_start")
		g.Calls, g.Names = nil, nil
		return rules.Closing(g, false, 0)
	}
	if p := keys(scan()).Props(); p.Updating || len(p.Times) != 1 {
		t.Errorf("of rows that only come: %+v", p)
	}
	changing := *bids
	changing.Updating = true
	if p := keys(logical.NewScan(&changing)).Props(); !p.Updating {
		t.Errorf("of rows that go again: %+v", p)
	}
}

// TestLate: late rows are rejected where a window closes by that time, at the
// source's entrance, and nowhere else.
func TestLate(t *testing.T) {
	counted := greater(t, group(scan(), "auction"), "count", "1")
	expect(t, rules.Late(counted, 0, false), `
		Filter count > 1
		  Group by auction: count(*), max(price)
		    Scan stream bids (auction, price, url, ts)`)
	closing := rules.Windows(group(window(greater(t, scan(), "price", "5"), 10*second, 10*second), "window_start"), true, 2*second)
	expect(t, rules.Late(closing, 2*second, false), `
		Project window_start, count, max
		  Group by tumble(ts, 10s): count(*), max(price) on window close, kept 2s longer
		    Project price, ts
		      Filter price > 5
		        Reject late by ts, allowed 2s
		          Scan stream bids (auction, price, url, ts)`)
}

// TestNestedWindows: what a closed window gives has a watermark by its end, so
// a second window over it closes too. When the first waits for late rows its
// windows come later than their ends, so the second waits as long, unless the
// next end of the first lies further on.
func TestNestedWindows(t *testing.T) {
	outer := func(lateness int64) logical.Node {
		inner := rules.Windows(group(window(scan(), 10*second, 10*second), "window_end"), true, lateness)
		names := project(inner, []string{"ts", "price"}, col(inner, "window_end"), col(inner, "max"))
		return rules.Windows(group(window(names, 60*second, 60*second), "window_start"), true, lateness)
	}
	if err := rules.Closes(outer(0)); err != nil {
		t.Errorf("over closed windows: %v\n%s", err, logical.Print(outer(0)))
	}
	for lateness, want := range map[int64]int64{0: 0, second: second, 15 * second: 20 * second} {
		plan := outer(lateness)
		if err := rules.Closes(plan); err != nil {
			t.Errorf("over windows that wait %d: %v\n%s", lateness, err, logical.Print(plan))
		}
		logical.Walk(plan, func(n logical.Node) {
			if g, ok := n.(*logical.Group); ok && g.Window.Size == 60*second && g.Lateness != want {
				t.Errorf("over windows that wait %d, one waits %d, want %d", lateness, g.Lateness, want)
			}
		})
	}
}

// TestDistinct: grouping without aggregates only ever adds rows.
func TestDistinct(t *testing.T) {
	g := group(scan(), "price")
	g.Calls, g.Names = nil, nil
	plan := rules.Distinct(g)
	expect(t, plan, `
		Distinct
		  Project price
		    Scan stream bids (auction, price, url, ts)`)
	if plan.Props().Updating || !g.Props().Updating {
		t.Error("DISTINCT of a stream that grows is updating, or its GROUP BY is not")
	}
}
