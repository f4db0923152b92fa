package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/system"
)

// query handles a SELECT: over system relations by their interpreter, all else
// by the engine.
func (s *Session) query(st *statement, q *ast.Select, params []result.Param) (handler, error) {
	ours, err := system.Handles(q, s.db.cfg.Catalog.Snapshot())
	if err != nil {
		return handler{}, err
	}
	if ours {
		return s.systemQuery(st, q)
	}
	return s.boundedQuery(st, q, params)
}

func (s *Session) systemQuery(st *statement, q *ast.Select) (handler, error) {
	compiled, err := system.Compile(s.env(), q, st.params)
	if err != nil {
		return handler{}, err
	}
	d := result.Description{Params: compiled.Params, Columns: compiled.Columns}
	return handler{d: d, run: func(ctx context.Context, params []result.Param, out result.Sink) (string, error) {
		env := s.env()
		env.Params = params
		b, err := compiled.Run(ctx, env)
		if err != nil {
			return "", err
		}
		return tag("SELECT", int64(b.N)), out.Rows(b)
	}}, nil
}

// env is what the system relations tell about, as this session sees it.
func (s *Session) env() *system.Env {
	return &system.Env{
		Catalog: s.db.cfg.Catalog.Snapshot(), User: s.client.User, Database: s.client.Database,
		Version: s.db.version(), ProcessID: s.client.ProcessID, Started: s.db.started, Now: s.db.cfg.Clock(),
		Zone: s.settings.zone, Engine: s.db.cfg.Engine, Settings: sessionSettings{s}, Clients: s.db.clients,
	}
}

// sessionSettings lets set_config change settings.
type sessionSettings struct{ s *Session }

func (x sessionSettings) Setting(name string) (string, bool) { return x.s.settings.Setting(name) }

func (x sessionSettings) All(yield func(name, value, description string) bool) {
	x.s.settings.All(yield)
}

func (x sessionSettings) SetSetting(name, value string, local bool) error {
	if known[name].node != nil && (local || x.s.tx.state != 0) {
		return result.Errorf("25001", "%s cannot be set for a transaction", name).
			WithHint("It concerns all queries of the server at once.")
	}
	if local && x.s.tx.local != nil {
		x.s.tx.local[name] = true
	}
	return x.s.settings.set(name, value)
}

// bindEnv is what a statement is bound in.
func (s *Session) bindEnv(types []uint32, params []result.Param) bind.Env {
	env := bind.Env{
		Relations: relations{bind.InCatalog(s.db.cfg.Catalog.Snapshot()), s.db.cfg.Engine.Size}, Connectors: s.db.cfg.Connectors,
		Schemas: s.db.cfg.Schemas, OptionNames: s.db.cfg.OptionNames, Now: s.db.cfg.Clock(),
		Settings: catalog.Settings{TimeZone: s.settings.zone.String(), SearchPath: []string{catalog.Public}},
		Constant: s.constant, Zone: s.settings.zone,
	}
	for _, oid := range types {
		t, _ := result.TypeOf(oid)
		env.ParamTypes = append(env.ParamTypes, t)
	}
	if params != nil {
		env.Params = make([]bind.Param, len(params))
		for i, p := range params {
			env.Params[i] = bind.Param{Text: p.Text, Null: p.Null}
		}
	}
	return env
}

// constant gives functions of the session a value in queries over streams.
func (s *Session) constant(name string) (*expr.Node, bool) {
	var value string
	switch name {
	case "current_database", "current_catalog":
		value = s.client.Database
	case "current_user", "session_user", "user", "current_role":
		value = s.client.User
	case "current_schema":
		value = catalog.Public
	case "version":
		value = "PostgreSQL " + s.db.version()
	default:
		return nil, false
	}
	return expr.Const(batch.T(batch.Text), value), true
}

// checkTypes refuses parameters of types that no column has.
func checkTypes(types []uint32) error {
	for i, oid := range types {
		if _, ok := result.TypeOf(oid); !ok {
			return result.Errorf(result.CodeUnsupported, "parameter $%d has a type that is not supported (OID %d)", i+1, oid)
		}
	}
	return nil
}

// boundedQuery handles a SELECT over streams and views, or over nothing.
func (s *Session) boundedQuery(st *statement, q *ast.Select, params []result.Param) (handler, error) {
	if err := checkTypes(st.params); err != nil {
		return handler{}, err
	}
	bound, err := bind.Select(q, s.bindEnv(st.params, params))
	if err != nil {
		return handler{}, err
	}
	graph, err := planner.Bounded(bound.Plan)
	if err != nil {
		return handler{}, err
	}
	d := result.Description{Params: paramOIDs(bound.Params, st.params), Columns: columns(bound.Columns)}
	return handler{d: d, run: func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
		for _, n := range bound.Notices {
			out.Notice(notice(n))
		}
		c := counter{Sink: out}
		run, err := s.reading(ctx, graph, s.tx.txn)
		if err != nil {
			return "", err
		}
		run.Skipped = func(x job.Skipped) {
			records := "records"
			if x.Records == 1 {
				records = "record"
			}
			out.Notice(result.Noticef("%d %s of stream %q could not be decoded", x.Records, records, x.Stream).
				WithDetail("The first of them: %s.", x.Reason))
		}
		if err := s.db.cfg.Engine.Run(ctx, run, c.take); err != nil {
			return "", err
		}
		return tag("SELECT", c.rows), nil
	}}, nil
}

func paramOIDs(types []batch.Type, stated []uint32) []uint32 {
	out := make([]uint32, max(len(types), len(stated)))
	for i := range out {
		switch {
		case i < len(stated) && stated[i] != 0 && stated[i] != result.OIDUnknown:
			out[i] = stated[i]
		case i < len(types):
			out[i] = result.OID(types[i])
		default:
			out[i] = result.OIDText
		}
	}
	return out
}

func columns(schema batch.Schema) []result.Column {
	out := make([]result.Column, len(schema))
	for i, f := range schema {
		out[i] = result.Column{Name: f.Name, Type: f.Type}
	}
	return out
}

func notice(n bind.Notice) *result.Error {
	e := &result.Error{Severity: "NOTICE", Code: n.Code, Message: n.Message, Detail: n.Detail, Hint: n.Hint}
	if e.Code == "" {
		e.Code = "00000"
	}
	return e
}

func tag(word string, rows int64) string { return fmt.Sprintf("%s %d", word, rows) }

// counter counts the rows that pass, and writes a row that is there n times n
// times: what leaves has no counts.
type counter struct {
	result.Sink
	rows int64
}

func (c *counter) take(b *batch.Batch) error {
	if b.Diff != nil {
		b = repeated(b)
	}
	c.rows += int64(b.Rows())
	return c.Rows(b)
}

// repeated spells counts out.
func repeated(b *batch.Batch) *batch.Batch {
	var sel []int32
	add := func(row int32) { sel = append(sel, slices.Repeat([]int32{row}, int(max(0, b.Diff[row])))...) }
	if b.Sel != nil {
		for _, row := range b.Sel {
			add(row)
		}
	} else {
		for row := range b.N {
			add(int32(row))
		}
	}
	out := b.Gather(sel)
	out.Diff = nil
	return out
}
