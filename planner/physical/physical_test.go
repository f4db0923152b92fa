package physical_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/physical"
)

func relation(id uint64) *logical.Relation {
	return &logical.Relation{ID: id, Name: "r", Kind: logical.Source, Watermark: -1, Columns: batch.Schema{
		{Name: "a", Type: batch.T(batch.Int64)}, {Name: "b", Type: batch.T(batch.Int64)},
	}}
}

func scan(id uint64) logical.Node { return logical.NewScan(relation(id)) }

func counts(n logical.Node, keys ...int) logical.Node {
	return &logical.Group{Input: n, Keys: keys, Names: []string{"n"}, Calls: []agg.Call{
		{Func: "count", Arg: -1, Filter: -1, Type: batch.T(batch.Int64)},
	}}
}

func view(n logical.Node) logical.Node {
	return &logical.Materialize{Input: n, Name: "v", Key: n.Props().Key}
}

func compile(t *testing.T, plan logical.Node, o physical.Options) *job.Graph {
	t.Helper()
	g, err := physical.Compile(plan, o)
	if err != nil {
		t.Fatal(err)
	}
	check(t, g)
	return g
}

// check holds a graph to what every graph must be.
func check(t *testing.T, g *job.Graph) {
	t.Helper()
	instances, seen := map[int]int{}, map[int]bool{}
	for i, v := range g.Vertices {
		if seen[v.ID] {
			t.Errorf("vertex id %d twice", v.ID)
		}
		seen[v.ID], instances[v.ID] = true, v.Instances
		if v.Read != nil && len(v.Inputs) > 0 {
			t.Errorf("vertex %d reads and has inputs", v.ID)
		}
		for _, in := range v.Inputs {
			n, ok := instances[in.From]
			if !ok {
				t.Errorf("vertex %d comes before its input %d", v.ID, in.From)
			}
			if len(in.Hash) == 0 && n != v.Instances && v.Instances != 1 {
				t.Errorf("edge %d→%d forwards %d instances to %d", in.From, v.ID, n, v.Instances)
			}
		}
		for j, spec := range v.Ops {
			stateful := spec.Group != nil || spec.Distinct || spec.Materialize != nil || spec.Sort != nil
			if stateful && (j > 0 || v.Read != nil) {
				t.Errorf("vertex %d: a stateful operator does not stand first", v.ID)
			}
			if stateful && v.State == 0 && spec.Sort == nil {
				t.Errorf("vertex %d keeps state without a version", v.ID)
			}
		}
		if v.Lend == (v.LendReason != "") {
			t.Errorf("vertex %d lends %v because %q", v.ID, v.Lend, v.LendReason)
		}
		if v.Sink && i != len(g.Vertices)-1 {
			t.Errorf("vertex %d is a sink and not the last", v.ID)
		}
	}
}

// TestViewOfGroupIsForwarded: rows that lie by the view's key already are not
// exchanged again; by another key they are.
func TestViewOfGroupIsForwarded(t *testing.T) {
	group := counts(scan(1), 0)
	g := compile(t, view(group), physical.Options{Parallelism: 3})
	last := g.Vertices[len(g.Vertices)-1]
	if len(last.Inputs[0].Hash) != 0 || last.Instances != 3 {
		t.Errorf("view over its own key: %+v, %d instances", last.Inputs, last.Instances)
	}
	g = compile(t, &logical.Sink{Input: group, Key: []int{1}}, physical.Options{Parallelism: 3})
	last = g.Vertices[len(g.Vertices)-1]
	if !slices.Equal(last.Inputs[0].Hash, []int{1}) || !last.Sink || last.Ops[0].Materialize == nil {
		t.Errorf("upsert by another key: %+v", last)
	}
}

// TestKeyOrderFollowsExchange: key groups depend on the order of columns, so a
// forwarded view takes the order of the exchange.
func TestKeyOrderFollowsExchange(t *testing.T) {
	group := counts(scan(1), 1, 0) // output: b, a, n
	g := compile(t, &logical.Materialize{Input: group, Key: []int{1, 0}}, physical.Options{Parallelism: 2})
	last := g.Vertices[len(g.Vertices)-1]
	if len(last.Inputs[0].Hash) != 0 || !slices.Equal(last.Ops[0].Materialize.Key, []int{0, 1}) {
		t.Errorf("forwarded by %v", last.Ops[0].Materialize.Key)
	}
}

// TestInstances: what can be cut is cut as asked, a global aggregate is not, and
// no more readers are made than there are partitions.
func TestInstances(t *testing.T) {
	instances := func(g *job.Graph) (list []int) {
		for _, v := range g.Vertices {
			list = append(list, v.Instances)
		}
		return list
	}
	one := func(uint64) int { return 1 }
	tests := []struct {
		name string
		plan logical.Node
		o    physical.Options
		want []int
	}{
		{"default", view(counts(scan(1), 0)), physical.Options{}, []int{1, 1, 1}},
		{"keyed", view(counts(scan(1), 0)), physical.Options{Parallelism: 4}, []int{4, 4, 4}},
		{"global", view(counts(scan(1))), physical.Options{Parallelism: 4}, []int{4, 1, 1}},
		{"one partition", view(counts(scan(1), 0)), physical.Options{Parallelism: 4, Partitions: one}, []int{1, 4, 4}},
		{"at most the key groups", view(counts(scan(1), 0)), physical.Options{Parallelism: 9, KeyGroups: 8}, []int{8, 8, 8}},
	}
	for _, test := range tests {
		if got := instances(compile(t, test.plan, test.o)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v instances, want %v", test.name, got, test.want)
		}
	}
}

// TestUnevenUnion: sides cut differently are exchanged by whole row, so that a
// row and its retraction take one way.
func TestUnevenUnion(t *testing.T) {
	parts := func(id uint64) int { return int(id) }
	plan := view(&logical.Union{Sides: []logical.Node{scan(1), scan(3)}})
	g := compile(t, plan, physical.Options{Parallelism: 4, Partitions: parts})
	union := g.Vertices[2]
	for _, in := range union.Inputs {
		if !slices.Equal(in.Hash, []int{0, 1}) {
			t.Errorf("edge %+v of an uneven union", in)
		}
	}
	even := compile(t, plan, physical.Options{Parallelism: 4})
	if even.Vertices[2].Inputs[0].Hash != nil {
		t.Error("an even union is exchanged")
	}
}

// TestStatelessIsOneVertex: from source to sink without an exchange.
func TestStatelessIsOneVertex(t *testing.T) {
	g := compile(t, &logical.Sink{Input: logical.Keep(scan(1), []int{1}), Connector: "blackhole"}, physical.Options{Parallelism: 2})
	if len(g.Vertices) != 1 || !g.Vertices[0].Sink {
		t.Errorf("%d vertices", len(g.Vertices))
	}
}

// TestNoRoot: a plan without a root is refused.
func TestNoRoot(t *testing.T) {
	if _, err := physical.Compile(scan(1), physical.Options{}); err == nil || !strings.Contains(err.Error(), "root") {
		t.Errorf("compiled: %v", err)
	}
}

// TestSLOSplit: along a chain the shares add up to the SLO, measured costs take
// the model's place, and who runs earlier must start earlier.
func TestSLOSplit(t *testing.T) {
	g := compile(t, view(counts(scan(1), 0)), physical.Options{})
	measured := map[int]time.Duration{1: 5 * time.Millisecond, 2: 4 * time.Millisecond, 3: time.Millisecond}
	text, err := physical.ExplainJSON(g, physical.ExplainOptions{SLO: 100 * time.Millisecond, Costs: measured})
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ Plan *physical.Explained }
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	var shares []int64
	latest := int64(1 << 62)
	for v := out.Plan; v != nil; {
		shares = append(shares, v.Share)
		if v.LatestStart >= latest {
			t.Errorf("vertex %d may start at %d µs, its consumer at %d", v.Vertex, v.LatestStart, latest)
		}
		latest = v.LatestStart
		if len(v.Inputs) == 0 {
			break
		}
		v = v.Inputs[0]
	}
	if !slices.Equal(shares, []int64{10_000, 40_000, 50_000}) {
		t.Errorf("shares %v µs", shares)
	}
	if latest != 90_000 {
		t.Errorf("the reader starts at the latest %d µs after the append, want 90,000", latest)
	}
}

// TestExplainUnknownRelation: EXPLAIN of a stored plan does not need the relation.
func TestExplainUnknownRelation(t *testing.T) {
	g := compile(t, view(logical.Keep(scan(7), []int{1})), physical.Options{})
	if text := strings.Join(physical.Explain(g, physical.ExplainOptions{}), "\n"); !strings.Contains(text, "#7") {
		t.Errorf("explained as\n%s", text)
	}
}
