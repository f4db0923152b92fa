package bind

import (
	"strings"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// CreateStream binds CREATE STREAM: a source by its columns, or a query into a
// sink.
func CreateStream(stmt *ast.CreateStream, env Env) (*Create, error) {
	name, err := objectName(stmt.Name)
	if err != nil {
		return nil, err
	}
	b := newBinder(env, true)
	var object *Create
	if stmt.As != nil {
		object, err = b.derived(stmt)
	} else {
		object, err = b.source(stmt)
	}
	if err != nil {
		return nil, err
	}
	object.Object.Name, object.Object.Settings = name, env.Settings
	object.IfNotExists, object.Notices = stmt.IfNotExists, b.notices
	return object, nil
}

func objectName(q ast.QName) (string, error) {
	parts := make([]string, len(q))
	for i, p := range q {
		parts[i] = p.Text
	}
	name, err := catalog.Base(parts...)
	if err != nil {
		return "", at(err, q.At(), codeUndefinedObject)
	}
	if len(name) > maxName {
		return "", fail(codeNameTooLong, q.At(), "identifier is too long: %d bytes", len(name)).
			hint("A name has at most %d bytes.", maxName)
	}
	return name, nil
}

// maxName is PostgreSQL's bound on names, which clients rely on. PostgreSQL cuts
// what is longer; we do not guess.
const maxName = 63

// source binds a declared stream.
func (b *binder) source(stmt *ast.CreateStream) (*Create, error) {
	o := newOptions(stmt.With)
	o.misplaced(sourceOptions, "source", "a query: CREATE STREAM ... AS or CREATE MATERIALIZED VIEW", sinkOptions)
	connector, spec := o.connector(b, sourceOptions, "source")
	def := &job.SourceDef{
		Connector: connector, Watermark: -1,
		Latest:      o.word("start", "earliest", "latest") == "latest",
		IdleTimeout: o.duration("idle_timeout"),
	}
	o.later("on_idle", "Time stands still while all partitions are idle; idle_timeout keeps one idle partition from holding the others back.")
	if o.err != nil {
		return nil, at(o.err, stmt.Pos, codeInvalidParameter)
	}
	if b.env.Connectors[connector].Source == nil {
		return nil, fail(codeFeature, stmt.With.Lookup("connector").ValPos, "the connector %s cannot be read from", connector)
	}
	columns, err := b.sourceColumns(stmt, def, spec)
	if err != nil {
		return nil, err
	}
	if err := b.watermark(stmt.Watermark, columns, def); err != nil {
		return nil, err
	}
	def.Spec.Options = spec
	def.Spec.Name = stmt.Name.Last().Text
	object := &catalog.Object{
		Kind: catalog.Stream, Columns: columns, Options: o.written, Source: def,
		AppendOnly: true, Watermark: def.Watermark,
	}
	return &Create{Object: object}, b.changing(stmt, o, object)
}

// changing finds out whether a source's records change rows: by a key, whose
// newest row they are, or as counted changes.
func (b *binder) changing(stmt *ast.CreateStream, o *options, object *catalog.Object) error {
	def, mode := object.Source, connectors.ModeAppend
	key, pos, err := statedKey(stmt, object.Schema())
	if err != nil {
		return err
	}
	for _, c := range key {
		n := def.Columns[c].Expr
		if n.Op != expr.OpCol {
			return fail(codeInvalidDefinition, pos, "generated column %q cannot be part of a key", def.Columns[c].Name)
		}
		def.Spec.Key = append(def.Spec.Key, n.Col)
	}
	if f := b.env.Connectors[def.Connector].SourceMode; f != nil {
		mode = f(def.Spec)
	}
	switch {
	case mode == connectors.ModeUpsert && key == nil:
		return fail(codeInvalidDefinition, stmt.Pos, "records of this format are the newest row of their key: the stream needs one").
			hint("Name its columns: key = 'a, b' in WITH, or PRIMARY KEY (a, b).")
	case mode != connectors.ModeUpsert && key != nil:
		return fail(codeInvalidParameter, pos, "the rows of this stream have no key: each record is one more").
			hint("Use format = 'upsert_json' or 'debezium_json', whose records change the row of their key.")
	}
	if mode != connectors.ModeAppend && stmt.Watermark != nil {
		return fail(codeFeature, stmt.Watermark.Column.Pos, "a watermark over a stream whose records change rows is not supported").
			hint("A change may concern a row of any time. Leave WATERMARK out, and keep state bounded with state_ttl.")
	}
	object.AppendOnly = mode == connectors.ModeAppend
	if object.Key = key; key != nil {
		o.written["key"] = logical.Names(object.Schema(), key)
	}
	return nil
}

// sourceColumns fills in the physical columns of a source and those that
// queries see, which it returns.
func (b *binder) sourceColumns(stmt *ast.CreateStream, def *job.SourceDef, spec map[string]string) ([]catalog.Column, error) {
	if len(stmt.Columns) == 0 {
		return b.impliedColumns(stmt, def, spec)
	}
	s, columns := &scope{forbid: "in generated columns"}, []catalog.Column{}
	for _, c := range stmt.Columns {
		if c.Generated == nil {
			physical, err := physicalColumn(c)
			if err != nil {
				return nil, err
			}
			def.Spec.Columns = append(def.Spec.Columns, physical)
			s.columns = append(s.columns, column{name: physical.Name, typ: physical.Type})
		}
	}
	seen, next := map[string]bool{}, 0
	for _, c := range stmt.Columns {
		if seen[c.Name.Text] {
			return nil, fail(codeDuplicateColumn, c.Name.Pos, "column %q specified more than once", c.Name.Text)
		}
		seen[c.Name.Text] = true
		n := expr.Col(next, c.Name.Text, batch.Type{})
		shown := catalog.Column{Name: c.Name.Text, NotNull: c.NotNull}
		if c.Generated == nil {
			n.Type, shown.Metadata = s.columns[next].typ, def.Spec.Columns[next].Metadata
			next++
		} else {
			var err error
			if n, err = b.generated(c, s, stmt.Columns); err != nil {
				return nil, err
			}
			shown.Generated = c.Generated.String()
		}
		shown.Type = n.Type
		columns = append(columns, shown)
		def.Columns = append(def.Columns, job.SourceColumn{Name: c.Name.Text, Expr: n})
	}
	return columns, nil
}

// impliedColumns takes the columns from the connector.
func (b *binder) impliedColumns(stmt *ast.CreateStream, def *job.SourceDef, spec map[string]string) ([]catalog.Column, error) {
	var implied []connectors.Column
	if b.env.Schemas != nil {
		var err error
		if implied, err = b.env.Schemas(def.Connector, spec); err != nil {
			return nil, at(OptionError(err, stmt.With), stmt.Pos, codeInvalidParameter)
		}
	}
	if len(implied) == 0 {
		return nil, fail(codeInvalidDefinition, stmt.Pos, "a stream needs columns").
			hint("CREATE STREAM name (column TYPE, ...) WITH (...).")
	}
	columns := make([]catalog.Column, len(implied))
	for i, c := range implied {
		columns[i] = catalog.Column{Name: c.Name, Type: c.Type, Metadata: c.Metadata, NotNull: c.NotNull}
		def.Columns = append(def.Columns, job.SourceColumn{Name: c.Name, Expr: expr.Col(i, c.Name, c.Type)})
	}
	def.Spec.Columns = implied
	return columns, nil
}

// metadataKeys are what can be read from beside a record's body.
var metadataKeys = []string{"key", "timestamp", "partition", "offset", "headers"}

func physicalColumn(c ast.ColumnDef) (connectors.Column, error) {
	out := connectors.Column{Name: c.Name.Text, NotNull: c.NotNull}
	switch {
	case c.Type.Empty():
		return out, fail(codeInvalidDefinition, c.Pos, "column %q has no type", c.Name.Text)
	case c.Default != nil:
		return out, later(c.Default.At(), "DEFAULT in a stream is").hint("Use a generated column: name TYPE AS coalesce(column, value).")
	}
	var err error
	if out.Type, err = typeOf(c.Type); err != nil {
		return out, err
	}
	if c.Metadata == nil {
		return out, nil
	}
	out.Metadata = strings.ToLower(*c.Metadata)
	if name, ok := strings.CutPrefix(out.Metadata, "header:"); ok && name != "" {
		out.Metadata = "header:" + (*c.Metadata)[len("header:"):] // header names keep their case
		return out, nil
	}
	for _, key := range metadataKeys {
		if out.Metadata == key {
			return out, nil
		}
	}
	return out, fail(codeInvalidParameter, c.Pos, "metadata %q does not exist", *c.Metadata).
		hint("There are key, timestamp, partition, offset, headers and header:NAME.")
}

// generated binds a generated column over the physical ones.
func (b *binder) generated(c ast.ColumnDef, s *scope, all []ast.ColumnDef) (*expr.Node, error) {
	n, err := b.expr(c.Generated, s)
	if err != nil {
		for _, other := range all {
			if other.Generated != nil && refersTo(err, other.Name.Text) {
				return nil, at(fail("42P17", ast.NoPos, "cannot use generated column %q in column generation expression", other.Name.Text).
					hint("Write its expression out."), err.(*Error).Pos, "")
			}
		}
		return nil, err
	}
	if c.Type.Empty() {
		n, err = b.settled(n, c.Generated.At())
	} else {
		var t batch.Type
		if t, err = typeOf(c.Type); err == nil {
			n, err = b.assign(n, t, c.Generated.At())
		}
	}
	if err != nil || b.universal() {
		return n, err
	}
	if n, err = b.freeze(n); err != nil {
		return nil, at(err, c.Generated.At(), codeFeature)
	}
	return n, nil
}

func refersTo(err error, column string) bool {
	e, ok := err.(*Error)
	return ok && e.Code == codeUndefinedColumn && strings.HasPrefix(e.Message, "column \""+column+"\"")
}

// watermark binds WATERMARK FOR c AS c - INTERVAL '…': the delay is taken from
// the expression, which may have no other form.
func (b *binder) watermark(w *ast.Watermark, columns []catalog.Column, def *job.SourceDef) error {
	if w == nil {
		return nil
	}
	s := &scope{forbid: "in WATERMARK"}
	for _, c := range columns {
		s.columns = append(s.columns, column{name: c.Name, typ: c.Type})
	}
	i, err := s.column(ast.QName{w.Column})
	if err != nil {
		return err
	}
	if k := columns[i].Type.Kind; k != batch.Timestamp && k != batch.TimestampTZ {
		return fail(codeTypeMismatch, w.Column.Pos, "a watermark needs a timestamp: column %q is of type %s", w.Column.Text, k).
			hint("Declare a generated column, such as ts TIMESTAMP AS to_timestamp(%s).", w.Column.Text)
	}
	delay, err := b.delay(w, s, i)
	if err != nil {
		return err
	}
	def.Watermark, def.Delay = i, delay
	return nil
}

func (b *binder) delay(w *ast.Watermark, s *scope, column int) (int64, error) {
	e := w.Expr
	var length ast.Expr
	if minus, ok := e.(*ast.Binary); ok && minus.Op == "-" {
		e, length = minus.L, minus.R
	}
	ident, ok := e.(*ast.Ident)
	if ok {
		i, err := s.column(ident.Name)
		if err != nil {
			return 0, err
		}
		ok = i == column
	}
	if !ok {
		name := w.Column.Text
		return 0, fail(codeFeature, w.Expr.At(), "a watermark must be its column, or its column minus an interval").
			hint("WATERMARK FOR %s AS %s - INTERVAL '5 seconds'", name, name)
	}
	if length == nil {
		return 0, nil
	}
	micros, err := b.duration(length)
	if err == nil && micros < 0 {
		err = fail(codeInvalidParameter, length.At(), "the delay of a watermark must not be negative")
	}
	return micros, err
}
