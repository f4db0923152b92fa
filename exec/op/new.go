package op

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Env is what an operator gets from where it runs.
type Env struct {
	// Inputs are the column types of each input.
	Inputs [][]batch.Type
	// Home is where a stateful operator's state lives.
	Home state.Home
	// Rejecter takes rows that cannot be computed or come too late. It is nil
	// where the rows' origin is not known: then such a row is an error, which
	// stops the query.
	Rejecter exec.Rejecter
	// Context is what expressions take from the statement (time zone, time);
	// the zero value has UTC and no time.
	Context expr.Context
}

// New makes the operator of a spec.
func New(spec Spec, env Env) (exec.Operator, error) {
	o, err := build(spec, env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Kind(), err)
	}
	return o, nil
}

func build(spec Spec, env Env) (exec.Operator, error) {
	switch {
	case spec.Filter != nil:
		return newFilter(spec.Filter, env)
	case spec.Project != nil:
		return newProject(spec.Project, env)
	case spec.Window != nil:
		return newAssign(*spec.Window, env)
	case spec.Group != nil:
		return agg.New(*spec.Group, env.Home, env.Rejecter)
	case spec.Late != nil:
		return &late{spec: *spec.Late, reject: env.Rejecter}, nil
	case spec.Union:
		return union{}, nil
	case spec.Distinct:
		return newDistinct(env)
	case spec.Materialize != nil:
		return newMaterialized(*spec.Materialize, env.Home)
	case spec.Sort != nil:
		return &sorter{spec: *spec.Sort}, nil
	case spec.Values != nil:
		return newValues(*spec.Values, env)
	case spec.Join != nil:
		return join.New(*spec.Join, env.Home, env.Context)
	case spec.Temporal != nil:
		return join.NewLookup(*spec.Temporal, env.Home, env.Context)
	case spec.SetOp != nil:
		return newSetOp(*spec.SetOp, env), nil
	case spec.Upsert != nil:
		return newUpsert(*spec.Upsert, env)
	case spec.Unnest != nil:
		return newUnnest(*spec.Unnest, env)
	}
	return nil, errors.New("no operator is set")
}

// Kind names the operator of s.
func (s Spec) Kind() string {
	switch {
	case s.Filter != nil:
		return "filter"
	case s.Project != nil:
		return "project"
	case s.Window != nil:
		return "window"
	case s.Group != nil:
		return "group"
	case s.Late != nil:
		return "late"
	case s.Union:
		return "union"
	case s.Distinct:
		return "distinct"
	case s.Materialize != nil:
		return "materialize"
	case s.Sort != nil:
		return "sort"
	case s.Values != nil:
		return "values"
	case s.Join != nil:
		return "join"
	case s.Temporal != nil:
		return "temporal join"
	case s.SetOp != nil:
		return "set operation"
	case s.Upsert != nil:
		return "upsert"
	case s.Unnest != nil:
		return "unnest"
	}
	return "nothing"
}

// Output returns the column types of the output, given those of each input.
func (s Spec) Output(in [][]batch.Type) []batch.Type {
	var first []batch.Type
	if len(in) > 0 {
		first = in[0]
	}
	switch {
	case s.Project != nil:
		out := make([]batch.Type, len(s.Project))
		for i, n := range s.Project {
			out[i] = n.Type
		}
		return out
	case s.Window != nil:
		return append(append([]batch.Type{}, first...), s.Window.TimeType, s.Window.TimeType)
	case s.Group != nil:
		return groupOutput(s.Group)
	case s.Materialize != nil:
		return s.Materialize.Types
	case s.Sort != nil:
		return s.Sort.Types
	case s.Values != nil:
		return s.Values.Types
	case s.Join != nil:
		return s.Join.Types()
	case s.Temporal != nil:
		return s.Temporal.Types()
	case s.SetOp != nil:
		return s.SetOp.Types
	case s.Upsert != nil:
		return s.Upsert.Types
	case s.Unnest != nil:
		return s.Unnest.output(first)
	}
	return first
}

func groupOutput(g *agg.Group) []batch.Type {
	var out []batch.Type
	if g.Window != nil {
		out = append(out, g.Window.TimeType, g.Window.TimeType)
	}
	out = append(out, g.KeyTypes...)
	for _, c := range g.Calls {
		out = append(out, c.Type)
	}
	return out
}

// newDistinct groups whole rows and counts nothing: a row is there while the
// group is.
func newDistinct(env Env) (exec.Operator, error) {
	if len(env.Inputs) == 0 {
		return nil, errors.New("no input")
	}
	g := agg.Group{KeyTypes: env.Inputs[0], Updating: true}
	for i := range env.Inputs[0] {
		g.Keys = append(g.Keys, i)
	}
	return agg.New(g, env.Home, env.Rejecter)
}

// bounded is the part of an operator that runs in bounded queries only: what it
// holds is never sealed.
type bounded struct{}

// Freeze implements exec.Sealer.
func (bounded) Freeze() exec.Frozen { return nothing{} }

// Trim implements exec.Sealer.
func (bounded) Trim(int64) int64 { return 0 }

// Bytes implements exec.Sealer.
func (bounded) Bytes() int64 { return 0 }

type nothing struct{}

// Encode implements exec.Frozen.
func (nothing) Encode() ([]exec.Block, error) { return nil, nil }

// output returns the columns of the input with those that Unnest adds.
func (u *Unnest) output(in []batch.Type) []batch.Type {
	out := append(append([]batch.Type{}, in...), u.Type)
	if u.Ordinality {
		out = append(out, batch.T(batch.Int64))
	}
	return out
}
