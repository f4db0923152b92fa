package bind

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/rules"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// CreateView binds CREATE MATERIALIZED VIEW.
func CreateView(stmt *ast.CreateView, env Env) (*Create, error) {
	switch {
	case !stmt.Materialized:
		return nil, later(stmt.Pos, "views that are not materialized are").hint("Use CREATE MATERIALIZED VIEW.")
	case stmt.OrReplace:
		return nil, later(stmt.Pos, "CREATE OR REPLACE is").hint("DROP it first.")
	}
	name, err := objectName(stmt.Name)
	if err != nil {
		return nil, err
	}
	b := newBinder(env, true)
	o := newOptions(stmt.With)
	o.misplaced(queryOptions, "view", "CREATE STREAM", append(slices.Clone(sinkOptions), sourceOptions...))
	o.only("materialized view", queryOptions)
	def, run := o.query()
	if o.err != nil {
		return nil, at(o.err, stmt.Pos, codeInvalidParameter)
	}
	run.punctual = stmt.With.Lookup("allowed_lateness") != nil
	plan, err := b.continuousPlan(stmt.As, rules.Changes, run)
	if err != nil {
		return nil, err
	}
	if plan, err = outputs(plan, stmt.Columns, name, stmt.Pos); err != nil {
		return nil, err
	}
	object := queryObject(catalog.View, plan, b.names)
	timed(object, plan, run.lateness)
	object.Name, object.Settings, object.Options, object.Query = name, env.Settings, o.written, def
	return &Create{
		Object: object, Plan: &logical.Materialize{Input: plan, Name: name, Key: plan.Props().Key},
		Parallelism: run.parallelism, IfNotExists: stmt.IfNotExists, Notices: b.notices,
	}, nil
}

// running are the options of a continuous query that its plan depends on.
type running struct {
	parallelism   int
	lateness, ttl time.Duration
	// punctual: rows later than lateness are rejected even where nothing closes.
	punctual bool
}

// query reads the options that every continuous query has.
func (o *options) query() (*job.QueryDef, running) {
	run := running{
		lateness: o.duration("allowed_lateness"), ttl: o.duration("state_ttl"),
		parallelism: o.number("parallelism", 1, 128),
	}
	o.later("dead_letter", "Rejected rows can be read in dirigo_rejected.")
	return &job.QueryDef{
		SLO: o.slo(), Checkpoint: o.duration("checkpoint_interval"), Memory: o.memory(),
	}, run
}

// continuousPlan binds a query that runs on; emit is what it does unless EMIT
// is written.
func (b *binder) continuousPlan(q *ast.Select, emit rules.Emit, run running) (logical.Node, error) {
	switch q.Emit {
	case ast.EmitChanges:
		emit = rules.Changes
	case ast.EmitOnWindowClose:
		emit = rules.CloseOrErr
	}
	plan, err := b.query(q)
	if err != nil {
		return nil, err
	}
	if plan, err = b.frozen(plan); err != nil {
		return nil, err
	}
	plan, err = rules.Continuous(plan, rules.Config{
		Emit: emit, Lateness: run.lateness.Microseconds(), TTL: run.ttl.Microseconds(), Zone: b.zone(),
		Punctual: run.punctual,
	})
	var open *rules.NotClosable
	if errors.As(err, &open) {
		return nil, fail(codeFeature, ast.Pos(open.Pos), "%s", open.Message).hint("%s", open.Hint)
	}
	if err == nil {
		b.crossJoins(plan)
	}
	return plan, err
}

// crossJoins warns of joins without a key over relations that grow without end.
func (b *binder) crossJoins(plan logical.Node) {
	logical.Walk(plan, func(n logical.Node) {
		j, ok := n.(*logical.Join)
		if !ok || len(j.LeftKey) > 0 || j.Bound != nil || single(j.Left) || single(j.Right) {
			return
		}
		b.notice(Notice{
			Code: "01000", Message: "a join without an equality compares every row of one side with every row of the other",
			Detail: "It runs in one instance, and its work and its state grow with both sides.",
			Hint:   "Join on equal columns, such as ON a.key = b.key, and put further conditions behind AND.",
		})
	})
}

// single says that a relation has at most one row.
func single(n logical.Node) bool {
	key := n.Props().Key
	return key != nil && len(key) == 0
}

// outputs gives the columns of a query the names written before AS, and sees to
// it that each has its own.
func outputs(plan logical.Node, names []ast.Name, object string, pos ast.Pos) (logical.Node, error) {
	plan, err := renamed(plan, names, fmt.Sprintf("query of %q", object), pos)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, f := range plan.Schema() {
		if seen[f.Name] {
			return nil, fail(codeDuplicateColumn, pos, "column %q specified more than once", f.Name).
				hint("Give the columns names of their own: SELECT ... AS name.")
		}
		seen[f.Name] = true
	}
	return rules.Merge(plan), nil
}

// queryObject is the catalog's entry for the output of a query whose text names
// some relations: it could not be bound again without any of them.
func queryObject(kind catalog.Kind, plan logical.Node, names []*logical.Relation) *catalog.Object {
	props := plan.Props()
	o := &catalog.Object{Kind: kind, Key: props.Key, AppendOnly: !props.Updating, Watermark: -1}
	for _, f := range plan.Schema() {
		o.Columns = append(o.Columns, catalog.Column{Name: f.Name, Type: f.Type})
	}
	for _, r := range names {
		if !slices.Contains(o.DependsOn, r.ID) {
			o.DependsOn = append(o.DependsOn, r.ID)
		}
	}
	return o
}

// timed notes by what columns of a view's rows windows over it close: those with
// a watermark, where the view's rows only come and none of them comes late.
func timed(o *catalog.Object, plan logical.Node, lateness time.Duration) {
	props := plan.Props()
	if props.Updating || !rules.Punctual(plan) {
		return
	}
	for _, t := range props.Times {
		o.Times = append(o.Times, catalog.EventTime{Column: t.Col, Lag: t.Lag + lateness.Microseconds()})
		if t.Lag <= 0 && o.Watermark < 0 {
			o.Watermark = t.Col
		}
	}
	for _, s := range props.Spans {
		o.Windows = append(o.Windows, catalog.WindowBounds{Start: s.Start, End: s.End, Size: s.Size, Slide: s.Slide, Offset: s.Offset})
	}
}
