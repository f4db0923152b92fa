// Package bind turns syntax trees into logical plans: it looks names up, finds
// types and functions, and checks what a query may do. Every mistake is an
// *Error with PostgreSQL's code, a position and, where one can be guessed, a
// hint. It knows nothing of running queries; the catalog is an interface.
package bind

import (
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// Relations finds what a name in FROM stands for. Errors are *catalog.Error or
// *Error; their position is filled in here.
type Relations interface {
	Relation(name ...string) (*logical.Relation, error)
}

// Env is what a statement is bound in.
type Env struct {
	Relations Relations
	// Connectors lists what there is, by name; a derived stream can be read
	// where its connector has a Source.
	Connectors map[string]connectors.Connector
	// Schemas returns the columns that a connector implies; nil, or no columns:
	// the user declares them.
	Schemas func(connector string, options map[string]string) ([]connectors.Column, error)
	// OptionNames returns the options that a connector knows; nil, or none: the
	// connector checks them by itself.
	OptionNames func(connector string) []string
	// Settings are frozen into what is created. Zone is the time zone they name,
	// in which constants are computed; nil: found by its name.
	Settings catalog.Settings
	Zone     *time.Location
	// Now is the time of the statement, for now() in a SELECT.
	Now time.Time
	// Constant gives functions of the session a value, such as
	// current_database(); nil: none.
	Constant func(function string) (*expr.Node, bool)
	// ParamTypes are the types that the client states, Unknown where it does
	// not; Params are the values, nil while a statement is only described.
	ParamTypes []batch.Type
	Params     []Param
}

// Param is the value of $n, as text.
type Param struct {
	Text string
	Null bool
}

// Notice is something the user should know.
type Notice struct {
	Code, Message, Detail, Hint string
}

// Query is a bound SELECT.
type Query struct {
	Plan    logical.Node
	Columns batch.Schema
	Params  []batch.Type // of $1, $2, …
	Reads   []*logical.Relation
	Notices []Notice
}

// Create is a bound CREATE: what goes into the catalog, and for a query its
// plan, of which the planner makes Object.Query.Graph.
type Create struct {
	Object      *catalog.Object
	Plan        logical.Node // nil for a source
	Parallelism int          // of the option; 0: not stated
	IfNotExists bool
	Notices     []Notice
}

// Select binds a SELECT: it reads what there is, once.
func Select(stmt *ast.Select, env Env) (*Query, error) {
	b := newBinder(env, false)
	plan, err := b.bounded(stmt)
	if err != nil {
		return nil, err
	}
	return &Query{
		Plan: plan, Columns: plan.Schema(), Params: b.paramTypes(), Reads: b.reads, Notices: b.notices,
	}, nil
}

// Expr binds an expression without columns, such as a value of SET or LIMIT, to
// a wanted type.
func Expr(e ast.Expr, want batch.Type, env Env) (*expr.Node, error) {
	b := newBinder(env, false)
	n, err := b.expr(e, &scope{forbid: "here"})
	if err != nil {
		return nil, err
	}
	return b.assign(n, want, e.At())
}

// binder holds what is collected while one statement is bound.
type binder struct {
	env        Env
	continuous bool
	deferred   bool                // now() is the time of a later statement: DEFAULT
	reads      []*logical.Relation // of the plan
	names      []*logical.Relation // all that the text names, also where nothing is read
	notices    []Notice
	params     []batch.Type
	ctes       []*cte
	outer      *scope // around the query being bound; nil: none
	size       size
	// places are the positions of column references and of literals, for errors
	// found later.
	places map[*expr.Node]ast.Pos
	// placeholders are parameters whose type is not known yet.
	placeholders map[*expr.Node]int
}

// size counts the SELECTs that a statement stands for. Each use of a WITH query
// is a copy of it, so a short statement can stand for very many.
type size struct {
	plan int // in the plan so far
	work int // ever bound
}

// Bounds of a size.
const (
	maxPlan = 1000
	maxWork = 100_000
)

// grow counts one SELECT more.
func (b *binder) grow(pos ast.Pos) error {
	b.size.plan++
	b.size.work++
	if b.size.plan > maxPlan || b.size.work > maxWork {
		return fail(codeTooComplex, pos, "query has too many parts").
			hint("It may stand for %d SELECTs, counting each use of a WITH query.", maxPlan)
	}
	return nil
}

func newBinder(env Env, continuous bool) *binder {
	return &binder{
		env: env, continuous: continuous,
		places:       map[*expr.Node]ast.Pos{},
		placeholders: map[*expr.Node]int{},
	}
}

func (b *binder) notice(n Notice) { b.notices = append(b.notices, n) }
