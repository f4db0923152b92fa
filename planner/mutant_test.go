package planner_test

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/plantest"
	"github.com/dirigo-stream/dirigo/planner/rules"
)

// TestWrongRulesAreSeen is the negative control of TestRulesKeepMeaning: each of
// these rewrites is wrong, and its random plans tell.
func TestWrongRulesAreSeen(t *testing.T) {
	mutants := map[string]func(*logical.Join) *logical.Join{
		"outer joins become inner ones": func(j *logical.Join) *logical.Join {
			if j.Kind == join.Left || j.Kind == join.Right || j.Kind == join.Full {
				j.Kind = join.Inner
			}
			return j
		},
		"anti joins become semi joins": func(j *logical.Join) *logical.Join {
			if j.Kind == join.Anti {
				j.Kind = join.Semi
			}
			return j
		},
		"a key is forgotten": func(j *logical.Join) *logical.Join {
			if n := len(j.LeftKey); n > 0 {
				j.LeftKey, j.RightKey, j.NullEqual = j.LeftKey[:n-1], j.RightKey[:n-1], nil
			}
			return j
		},
		"the condition is forgotten": func(j *logical.Join) *logical.Join {
			j.On = nil
			return j
		},
		"NULL keys are equal": func(j *logical.Join) *logical.Join {
			j.NullEqual = make([]bool, len(j.LeftKey))
			for i := range j.NullEqual {
				j.NullEqual[i] = true
			}
			return j
		},
	}
	for name, mutate := range mutants {
		seen := 0
		for seed := range uint64(150) {
			r := &random{rand.New(rand.NewPCG(seed, 1)), t}
			plan := r.plan(4)
			rows := map[uint64]plantest.Table{1: {Schema: columns, Rows: r.rows(40)}, 2: {Schema: columns, Rows: r.rows(30)}}
			want := result(t, plan, rows)
			wrong := logical.Transform(rules.Bounded(plan, nil), func(n logical.Node) logical.Node {
				if j, ok := n.(*logical.Join); ok {
					c := *j
					return mutate(&c)
				}
				return n
			})
			if got := result(t, wrong, rows); want != nil && got != nil && !maps.Equal(got, want) {
				seen++
			}
		}
		if seen == 0 {
			t.Errorf("%s: no plan tells", name)
		}
		t.Logf("%s: %d of 150 plans tell", name, seen)
	}
}
