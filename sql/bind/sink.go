package bind

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/rules"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// derived binds CREATE STREAM … AS: a query into a sink.
func (b *binder) derived(stmt *ast.CreateStream) (*Create, error) {
	o := newOptions(stmt.With)
	o.misplaced(sinkOptions, "derived stream", "a source", sourceOptions)
	connector, spec := o.connector(b, sinkOptions, "sink")
	def, run := o.query()
	b.delivery(o)
	if o.err != nil {
		return nil, at(o.err, stmt.Pos, codeInvalidParameter)
	}
	if b.env.Connectors[connector].Sink == nil {
		return nil, fail(codeFeature, stmt.With.Lookup("connector").ValPos, "the connector %s cannot be written to", connector)
	}
	plan, err := b.continuousPlan(stmt.As, rules.CloseIfCan, run)
	if err != nil {
		return nil, err
	}
	name := stmt.Name.Last().Text
	names, err := plainNames(stmt.Columns)
	if err != nil {
		return nil, err
	}
	if plan, err = outputs(plan, names, name, stmt.Pos); err != nil {
		return nil, err
	}
	key, err := b.sinkKey(stmt, o, plan)
	if err != nil {
		return nil, err
	}
	sink := connectors.Spec{Name: name, Key: key, Options: spec}
	for _, f := range plan.Schema() {
		sink.Columns = append(sink.Columns, connectors.Column{Name: f.Name, Type: f.Type})
	}
	def.Sink = &job.SinkDef{Connector: connector, Spec: sink}
	object := queryObject(catalog.Derived, plan, b.names)
	object.Options, object.Query, object.Watermark = o.written, def, -1
	object.Source = b.readBack(connector, sink)
	return &Create{
		Object:      object,
		Plan:        &logical.Sink{Input: plan, Name: name, Connector: connector, Key: key},
		Parallelism: run.parallelism,
	}, nil
}

// plainNames are the column names before AS; types cannot stand there.
func plainNames(columns []ast.ColumnDef) ([]ast.Name, error) {
	var names []ast.Name
	for _, c := range columns {
		if !c.Type.Empty() || c.Generated != nil || c.Metadata != nil {
			return nil, fail(codeSyntax, c.Pos, "columns of CREATE STREAM ... AS have names only").
				hint("Convert in the query: SELECT expression::type AS name.")
		}
		names = append(names, c.Name)
	}
	return names, nil
}

// delivery reads the guarantee, and says so where the user did not.
func (b *binder) delivery(o *options) {
	stated := o.list.Lookup("delivery")
	switch o.word("delivery", "at_least_once", "exactly_once") {
	case "exactly_once":
		if o.err == nil {
			o.err = fail(codeFeature, stated.ValPos, "delivery = 'exactly_once' is not supported yet").
				hint("Use 'at_least_once': rows may be written again after a crash.")
		}
	case "at_least_once":
		if stated == nil {
			b.notice(Notice{
				Code: "00000", Message: "delivery is 'at_least_once'",
				Detail: "After a crash, rows written since the last checkpoint may be written again.",
			})
		}
	}
}

// updatable says that a sink takes rows that change: it upserts, or it only counts.
func updatable(connector, format string) bool {
	return strings.HasPrefix(format, "upsert") || strings.HasPrefix(format, "debezium") || connector == "blackhole"
}

// sinkKey returns the columns of an upsert sink, nil for one that appends. An
// updating query cannot be appended.
func (b *binder) sinkKey(stmt *ast.CreateStream, o *options, plan logical.Node) ([]int, error) {
	format := strings.ToLower(o.text("format", ""))
	upsert, debezium := strings.HasPrefix(format, "upsert"), strings.HasPrefix(format, "debezium")
	key, pos, err := statedKey(stmt, plan.Schema())
	switch {
	case err != nil:
		return nil, err
	case key != nil && !upsert && !debezium:
		return nil, fail(codeInvalidParameter, pos, "a key belongs to a sink that upserts").hint("Use format = 'upsert_json'.")
	case plan.Props().Updating && !updatable(o.written["connector"], format):
		return nil, b.cannotAppend(stmt, format, plan)
	case !upsert && !debezium:
		return nil, nil
	case key == nil:
		key = plan.Props().Key
	}
	if len(key) == 0 && debezium {
		return nil, nil // its records have no keys, and an update is two of them
	}
	if len(key) == 0 {
		return nil, fail(codeInvalidDefinition, stmt.Pos, "format %q needs a key", format).
			hint("Name its columns: key = 'a, b' in WITH, or PRIMARY KEY (a, b).")
	}
	o.written["key"] = logical.Names(plan.Schema(), key)
	b.checkKey(key, plan)
	return key, nil
}

// statedKey reads the option key, or PRIMARY KEY.
func statedKey(stmt *ast.CreateStream, s batch.Schema) ([]int, ast.Pos, error) {
	names := slices.Clone(stmt.PrimaryKey)
	if opt := stmt.With.Lookup("key"); opt != nil {
		for part := range strings.SplitSeq(opt.Value, ",") {
			names = append(names, ast.Name{Pos: opt.ValPos, Text: strings.TrimSpace(part)})
		}
	}
	if len(names) == 0 {
		return nil, ast.NoPos, nil
	}
	var key []int
	for _, n := range names {
		i, err := tableScope("", s).column(ast.QName{n})
		if err != nil {
			return nil, n.Pos, err
		}
		if !slices.Contains(key, i) {
			key = append(key, i)
		}
	}
	return key, names[0].Pos, nil
}

// checkKey warns where rows of different identity share a key of the sink.
func (b *binder) checkKey(key []int, plan logical.Node) {
	p := plan.Props()
	if !p.Updating || p.Key == nil {
		return
	}
	for _, c := range p.Key {
		if !slices.Contains(key, c) {
			b.notice(Notice{
				Code: "01000", Message: "several rows of the result may have the same key",
				Detail: "The result has one row per (" + logical.Names(plan.Schema(), p.Key) + "); the sink keeps one per (" +
					logical.Names(plan.Schema(), key) + ").",
			})
			return
		}
	}
}

func (b *binder) cannotAppend(stmt *ast.CreateStream, format string, plan logical.Node) error {
	if format == "" {
		format = "json"
	}
	e := fail(codeFeature, stmt.As.Pos, "rows of this query's result change, and format %q can only append", format)
	hint := "Use format = 'upsert_json' with a key"
	if unclosed(plan) {
		return e.hint("%s, or declare a watermark on the stream (WATERMARK FOR column AS column - INTERVAL '...'), "+
			"so that its windows close and each result is final.", hint)
	}
	return e.hint("%s, or group by window_start of TUMBLE or HOP with EMIT ON WINDOW CLOSE.", hint)
}

// unclosed says that the plan has windows over a time without watermark.
func unclosed(plan logical.Node) bool {
	found := false
	logical.Walk(plan, func(n logical.Node) {
		if w, ok := n.(*logical.Window); ok {
			_, closes := w.Closes()
			found = found || !closes
		}
	})
	return found
}

// readBack is the source through which a derived stream can itself be read; nil
// where its connector has none, or its records are not rows that only come.
func (b *binder) readBack(connector string, sink connectors.Spec) *job.SourceDef {
	c := b.env.Connectors[connector]
	if c.Source == nil || sink.Key != nil || c.SinkMode != nil && c.SinkMode(sink) != connectors.ModeAppend {
		return nil
	}
	spec := connectors.Spec{Name: sink.Name, Columns: sink.Columns, Options: sink.Options}
	spec.Options = sourceOnly(c, spec)
	def := &job.SourceDef{Connector: connector, Watermark: -1, Spec: spec}
	for i, c := range sink.Columns {
		def.Columns = append(def.Columns, job.SourceColumn{Name: c.Name, Expr: expr.Col(i, c.Name, c.Type)})
	}
	return def
}

// sourceOnly leaves out the options that only a sink has, such as compression:
// those that the source refuses, and does not miss.
func sourceOnly(c connectors.Connector, spec connectors.Spec) map[string]string {
	all := spec.Options
	spec.Options = maps.Clone(all)
	for range all {
		refused := refusedOption(c, spec)
		if refused == "" {
			return spec.Options
		}
		if _, ok := spec.Options[refused]; !ok {
			return all
		}
		delete(spec.Options, refused)
	}
	return spec.Options
}

// refusedOption asks a connector, which opens nothing yet, for the option at fault.
func refusedOption(c connectors.Connector, spec connectors.Spec) string {
	s, err := c.Source(spec)
	if err == nil && s != nil {
		_ = s.Close() // it was never used
	}
	var wrong *connectors.OptionError
	if errors.As(err, &wrong) {
		return wrong.Option
	}
	return ""
}
