package bind

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// volatile are the functions whose value is not a function of their arguments:
// a continuous query over them would have no one answer.
var volatile = map[string]bool{
	"now": true, "current_timestamp": true, "current_date": true, "current_time": true, "localtime": true,
	"localtimestamp": true, "transaction_timestamp": true, "statement_timestamp": true, "clock_timestamp": true,
	"timeofday": true, "random": true, "gen_random_uuid": true, "setseed": true, "pg_sleep": true,
	"nextval": true, "txid_current": true,
}

// call binds a function call of any kind.
func (b *binder) call(e *ast.Call, s *scope) (*expr.Node, error) {
	name := e.Name.Last().Text
	if q := e.Name.Qualifier(); len(q) > 0 && q.Last().Text != "pg_catalog" {
		return nil, fail(codeUndefinedFunction, e.Pos, "function %s does not exist", e.Name)
	}
	if e.Over != nil {
		return nil, later(e.Pos, "window functions (OVER) are")
	}
	if windowing[name] {
		return nil, fail(codeWindowing, e.Pos, "%s is not allowed here", name).
			hint("Put it in FROM: FROM %s(stream, time_column, INTERVAL '10 seconds').", name)
	}
	if isAggregate(name) {
		return b.aggregate(e, name, s)
	}
	if _, ok := tableFuncs[name]; ok {
		return b.setFunction(e, name, s)
	}
	if what := aggregateOnly(e, name); what != "" {
		return nil, fail("42809", e.Pos, "%s specified, but %s is not an aggregate function", what, name)
	}
	if n, ok, err := b.environment(name, e.Pos); ok {
		return n, err
	}
	if e.Variadic {
		return nil, later(e.Pos, "VARIADIC is")
	}
	if name == "coalesce" {
		s = s.setless("COALESCE")
	}
	args, err := b.exprs(e.Args, s)
	if err != nil {
		return nil, err
	}
	return b.apply(name, e.Pos, args...)
}

// aggregateOnly names what a call has that only aggregates may have.
func aggregateOnly(e *ast.Call, name string) string {
	switch {
	case e.Star:
		return name + "(*)"
	case e.Distinct:
		return "DISTINCT"
	case e.WithinGroup != nil:
		return "WITHIN GROUP"
	case e.OrderBy != nil:
		return "ORDER BY"
	case e.Filter != nil:
		return "FILTER"
	}
	return ""
}

// windowing are the table functions of FROM.
var windowing = map[string]bool{"tumble": true, "hop": true, "session": true, "cumulate": true}

// environment binds what depends on the moment or on the session: to a constant
// in a SELECT; a continuous query refuses it. ok says that name is such a one.
func (b *binder) environment(name string, pos ast.Pos) (n *expr.Node, ok bool, err error) {
	if b.continuous && (volatile[name] || expr.Volatile(name)) {
		return nil, true, fail(codeFeature, pos, "%s is not allowed in a continuous query: its results would depend on when it ran", name).
			hint("Use the record's timestamp: a column with METADATA FROM 'timestamp', or one of its own.")
	}
	if n := b.moment(name); n != nil {
		return n, true, nil
	}
	if b.env.Constant == nil {
		return nil, false, nil
	}
	n, ok = b.env.Constant(name)
	if ok && b.continuous {
		return nil, true, fail(codeFeature, pos, "%s is not allowed in a continuous query: it depends on the session", name)
	}
	return n, ok, nil
}

// moment is the statement's time as one of SQL's functions gives it, else nil.
func (b *binder) moment(name string) *expr.Node {
	if b.deferred {
		return deferredMoment(name)
	}
	now := b.env.Now.UnixMicro()
	local := b.env.Now.In(b.zone())
	_, offset := local.Zone()
	switch name {
	case "now", "current_timestamp", "transaction_timestamp", "statement_timestamp", "clock_timestamp":
		return expr.Const(batch.T(batch.TimestampTZ), string(batch.AppendTimestampTZ(nil, now, nil)))
	case "localtimestamp":
		return expr.Const(batch.T(batch.Timestamp), string(batch.AppendTimestamp(nil, now+int64(offset)*1e6)))
	case "current_date":
		return expr.Const(batch.T(batch.Date), local.Format("2006-01-02"))
	}
	return nil
}
