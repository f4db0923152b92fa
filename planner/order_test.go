package planner_test

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/plantest"
	"github.com/dirigo-stream/dirigo/planner/rules"
)

// TestOrderKeepsMeaning: sets of inner joins of any shape give the same rows in
// the same columns, in whatever order they are done.
func TestOrderKeepsMeaning(t *testing.T) {
	moved := 0
	for seed := range uint64(300) {
		r := &random{rand.New(rand.NewPCG(seed, 9)), t}
		plan := r.joins(3 + r.IntN(2))
		rows := map[uint64]plantest.Table{1: {Schema: columns, Rows: r.rows(9)}, 2: {Schema: columns, Rows: r.rows(7)}}
		want := result(t, plan, rows)
		pushed := rules.Pushdown(plan)
		for name, order := range map[string]func(logical.Node) logical.Node{"order": rules.Order, "connect": rules.Connect} {
			ordered := order(pushed)
			if got := result(t, ordered, rows); !maps.Equal(got, want) {
				t.Fatalf("seed %d, %s:\n%sgives\n%v\nfrom\n%swant\n%v", seed, name, logical.Print(ordered), got, logical.Print(plan), want)
			}
			if logical.Print(ordered) != logical.Print(pushed) {
				moved++
			}
			for name, variant := range variants(t, plan) {
				if got := result(t, variant, rows); !maps.Equal(got, want) {
					t.Fatalf("seed %d, %s:\n%sgives\n%v\nwant\n%v", seed, name, logical.Print(variant), got, want)
				}
			}
		}
	}
	if moved < 100 {
		t.Errorf("only %d plans got another order: the test does not reach them", moved)
	}
}

// joins makes a tree of n leaves with conditions between any two of them, above
// it and in it.
func (r *random) joins(n int) logical.Node {
	if n == 1 {
		scan := r.scan().(*logical.Scan)
		if size := []int64{0, 10, 1e6}[r.IntN(3)]; size > 0 {
			scan.Relation.Rows = func() int64 { return size }
		}
		if r.IntN(3) == 0 {
			return &logical.Filter{Input: scan, Pred: r.predicate(scan)}
		}
		return scan
	}
	left := 1 + r.IntN(n-1)
	var tree logical.Node = &logical.Join{Kind: join.Inner, Left: r.joins(left), Right: r.joins(n - left)}
	if r.IntN(4) == 0 { // columns in another order, one lost
		keep := r.Perm(len(tree.Schema()))
		tree = logical.Keep(tree, keep[1:])
	}
	var preds []*expr.Node
	for range 1 + r.IntN(2) {
		preds = append(preds, r.between(tree))
	}
	if j, ok := tree.(*logical.Join); ok && r.IntN(2) == 0 {
		j.On = logical.And(preds)
		return j
	}
	return &logical.Filter{Input: tree, Pred: logical.And(preds)}
}

// between compares two numbers of a tree.
func (r *random) between(n logical.Node) *expr.Node {
	var numbers []int
	for c, f := range n.Schema() {
		if f.Type.Kind == batch.Int64 {
			numbers = append(numbers, c)
		}
	}
	pick := func() *expr.Node { return logical.Column(n.Schema(), numbers[r.IntN(len(numbers))]) }
	name := []string{"=", "=", "=", "<"}[r.IntN(4)]
	pred, err := expr.Resolve(name, []*expr.Node{pick(), pick()})
	if err != nil {
		r.t.Fatal(err)
	}
	return pred
}

// TestConnect: what would be joined without a key as written is joined in an
// order that has one; what has keys stays as written.
func TestConnect(t *testing.T) {
	leaf := func(name string, rows int64) logical.Node {
		return logical.NewScan(&logical.Relation{ID: 1, Name: name, Columns: columns[:2], Watermark: -1, Rows: func() int64 { return rows }})
	}
	cross := func(l, r logical.Node) logical.Node { return &logical.Join{Kind: join.Inner, Left: l, Right: r} }
	equal := func(n logical.Node, a, b int) *expr.Node {
		e, err := expr.Resolve("=", []*expr.Node{logical.Column(n.Schema(), a), logical.Column(n.Schema(), b)})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	// FROM x, y, z WHERE x.a = z.a AND y.b = z.b, or AND x.b = y.b
	build := func(also bool, sizes ...int64) logical.Node {
		n := cross(cross(leaf("x", sizes[0]), leaf("y", sizes[1])), leaf("z", sizes[2]))
		preds := []*expr.Node{equal(n, 0, 4), equal(n, 3, 5)}
		if also {
			preds = append(preds, equal(n, 1, 3))
		}
		return rules.Pushdown(&logical.Filter{Input: n, Pred: logical.And(preds)})
	}
	order := func(n logical.Node) (names string) {
		logical.Walk(n, func(n logical.Node) {
			if s, ok := n.(*logical.Scan); ok {
				names += s.Relation.Name
			}
		})
		return names
	}
	for _, c := range []struct {
		what, want string
		got        logical.Node
	}{
		{"no key as written", "xzy", rules.Connect(build(false, 0, 0, 0))},
		{"keys as written", "xyz", rules.Connect(build(true, 9, 1e6, 3))},
		{"the large one last", "xzy", rules.Order(build(true, 9, 1e6, 3))},
		{"as good as any", "xyz", rules.Order(build(true, 5, 5, 5))},
	} {
		if got := order(c.got); got != c.want {
			t.Errorf("%s: joined as %s, not %s:\n%s", c.what, got, c.want, logical.Print(c.got))
		}
		if strings.Contains(logical.Print(rules.Equate(c.got)), "Cross join") {
			t.Errorf("%s: a join without a key:\n%s", c.what, logical.Print(c.got))
		}
	}
}
