// Package system answers queries over the system's own relations: pg_catalog
// and information_schema as far as clients read them, and the dirigo_* views of
// what runs. It is a small interpreter of sql/ast, row by row, over data that
// is tiny and made up when asked for. It knows nothing of sessions or engines:
// all it tells comes from an Env.
package system

import (
	"context"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// Env is what the relations and functions tell about.
type Env struct {
	Catalog        *catalog.Snapshot
	User, Database string
	Version        string // of the server, as server_version has it
	ProcessID      uint32
	Started, Now   time.Time
	Zone           *time.Location
	Engine         Engine // nil: nothing runs
	Settings       Settings
	Clients        func(yield func(Client) bool)
	Params         []result.Param
	// failed says why a relation could not be read.
	failed error
}

// Engine tells what runs; *job.Engine is one.
type Engine interface {
	Queries() []job.QueryStatus
	Sources() []job.SourceStatus
	Rejected(query uint64, f func(job.RejectedRow) error) error
}

// Settings are the session's settings.
type Settings interface {
	Setting(name string) (string, bool)
	SetSetting(name, value string, local bool) error
	All(yield func(name, value, description string) bool)
}

// Client is one connection, for pg_stat_activity.
type Client struct {
	ProcessID                         uint32
	User, Database, Application, Addr string
	State, Query                      string
	Since                             time.Time
}

// Query is a compiled query over system relations.
type Query struct {
	// Columns describe its result.
	Columns []result.Column
	// Params are the types of its parameters.
	Params []uint32
	plan   *plan
	c      *compiler
}

// Compile resolves the names and types of a query. Parameters have the types
// in types; 0, or none, makes them what their place suggests.
func Compile(env *Env, q *ast.Select, types []uint32) (*Query, error) {
	c := &compiler{env: env, params: append([]uint32(nil), types...)}
	p, err := c.query(q, nil, nil)
	if err != nil {
		return nil, err
	}
	out := &Query{plan: p, c: c, Params: c.params}
	for i := range out.Params {
		if out.Params[i] == 0 {
			out.Params[i] = result.OIDText
		}
	}
	for _, col := range p.cols {
		out.Columns = append(out.Columns, describe(col))
	}
	return out, nil
}

// Run returns the rows as one batch. The Env may be another than the one that
// the query was compiled with.
func (q *Query) Run(ctx context.Context, env *Env) (*batch.Batch, error) {
	q.c.env, q.c.ctx = env, ctx
	if err := q.c.bind(); err != nil {
		return nil, err
	}
	rows, err := q.plan.run(nil)
	if err != nil {
		return nil, err
	}
	return q.c.batch(q.plan.cols, rows)
}

// describe says how values of a column travel.
func describe(col column) result.Column {
	kind, ok := result.KindOf(col.typ)
	if !ok || kind == batch.Unknown {
		kind = batch.Text
	}
	oid := col.typ
	if oid == result.OIDUnknown || oid == 0 {
		oid = result.OIDText
	}
	return result.Column{Name: col.name, Type: batch.T(kind), OID: oid}
}

// batch puts rows into columns.
func (c *compiler) batch(cols []column, rows [][]any) (*batch.Batch, error) {
	b := &batch.Batch{N: len(rows), Cols: make([]batch.Column, len(cols)), Time: batch.MaxTime}
	for i, col := range cols {
		vec := batch.New(describe(col).Type.Kind, len(rows))
		for _, row := range rows {
			if err := c.put(vec, row[i], col.typ); err != nil {
				return nil, err
			}
		}
		b.Cols[i] = vec
	}
	return b, nil
}

func (c *compiler) put(vec batch.Column, v any, typ uint32) error {
	switch vec := vec.(type) {
	case *batch.TextVec:
		if v == nil {
			vec.AppendNull()
			return nil
		}
		vec.AppendString(c.text(v, typ))
	case *batch.Vec[bool]:
		return appendValue(vec, v)
	case *batch.Vec[int64]:
		return appendValue(vec, v)
	case *batch.Vec[float64]:
		return appendValue(vec, v)
	case *batch.Vec[batch.Decimal]:
		return appendValue(vec, v)
	case *batch.Vec[batch.Span]:
		return appendValue(vec, v)
	}
	return nil
}

func appendValue[T batch.Fixed](vec *batch.Vec[T], v any) error {
	if v == nil {
		vec.AppendNull()
		return nil
	}
	x, ok := v.(T)
	if !ok {
		return result.Errorf(result.CodeInternal, "a system column holds %T where %T was declared", v, x)
	}
	vec.Append(x)
	return nil
}
