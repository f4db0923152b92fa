// Package session runs the statements of one client: it parses, binds, plans,
// changes the catalog and asks the engine, and keeps what belongs to a
// connection: settings, transactions, prepared statements, cursors. It knows
// nothing of the wire: rows leave in batches through a result.Sink.
package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/parse"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// Session is one client's. Its methods are called one at a time.
type Session struct {
	db       *DB
	client   result.Client
	since    time.Time
	settings *settings
	tx       transaction
	prepared map[string]*prepared
	cursors  map[string]*cursor
	more     bool            // another statement of the same message follows
	tick     uint64          // of the session's own last change
	ctx      context.Context // ends with the session; cursors live in it
	end      context.CancelFunc
	activity atomic.Pointer[activity] // for other sessions to look at
}

// activity is what a session does now.
type activity struct{ state, query, application string }

// Open begins a session.
func (db *DB) Open(c result.Client) (*Session, error) {
	s := &Session{db: db, client: c, since: db.cfg.Clock(), settings: newSettings(db)}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.settings.user = c.User
	if err := s.settings.startup(c.Settings); err != nil {
		return nil, err
	}
	s.note("idle", "")
	db.enter(s)
	return s, nil
}

// Close ends the session.
func (s *Session) Close() {
	for name := range s.cursors {
		s.closeCursor(name)
	}
	s.tx.undo()
	s.end()
	s.db.leave(s)
}

func (s *Session) note(state, query string) {
	application, _ := s.settings.Setting("application_name")
	s.activity.Store(&activity{state: state, query: query, application: application})
}

// Status tells where the session stands with transactions: I, T or E.
func (s *Session) Status() byte { return s.tx.status() }

// Fail tells that a statement failed.
func (s *Session) Fail() { s.tx.fail() }

// Zone is the session's time zone.
func (s *Session) Zone() *time.Location { return s.settings.zone }

// Settings calls f with the settings that clients follow.
func (s *Session) Settings(f func(name, value string)) { s.settings.reported(f) }

// Split cuts a text into statements.
func (s *Session) Split(sql string) ([]result.Statement, error) {
	list, err := parse.Parse(sql)
	if err != nil {
		return nil, told(s.ctx, err, sql)
	}
	out := make([]result.Statement, len(list))
	for i, p := range list {
		out[i] = &statement{s: s, node: p.Stmt, text: sql, sql: sql[p.Start:p.End]}
	}
	for _, st := range out {
		st.(*statement).once = true
	}
	return out, nil
}

// Prepare reads one statement with parameters of these types.
func (s *Session) Prepare(sql string, params []uint32) (result.Statement, error) {
	list, err := s.Split(sql)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return &statement{s: s, text: sql}, nil
	case len(list) > 1:
		return nil, result.Errorf(result.CodeSyntax, "cannot insert multiple commands into a prepared statement")
	}
	st := list[0].(*statement)
	st.params, st.once = params, false
	return st, nil
}

// statement is one statement of the session; node is nil for an empty one.
type statement struct {
	s      *Session
	node   ast.Statement
	text   string // of the whole message, to which positions refer
	sql    string // of this statement alone
	params []uint32
	// once says that it runs right after it was described, and never again: what
	// was bound then need not be bound anew. It is kept in ready, with the catalog
	// that it was bound in.
	once  bool
	ready *handler
	bound *catalog.Snapshot
}

// handler is a statement ready to run.
type handler struct {
	d   result.Description
	run func(ctx context.Context, params []result.Param, out result.Sink) (tag string, err error)
}

// Describe implements result.Statement.
func (st *statement) Describe() (result.Description, error) {
	h, err := st.prepare(nil)
	if err != nil {
		return result.Description{}, told(st.s.ctx, err, st.text)
	}
	if st.once {
		st.ready, st.bound = &h, st.s.db.cfg.Catalog.Snapshot()
	}
	return h.d, nil
}

// Run implements result.Statement. Names are resolved again: what a statement
// was described with may have gone since.
func (st *statement) Run(ctx context.Context, params []result.Param, out result.Sink) (string, error) {
	if st.node == nil {
		return "", nil
	}
	s := st.s
	s.note("active", st.sql)
	defer s.note("idle", st.sql)
	ctx, cancel := s.settings.limit(ctx)
	defer cancel()
	h, err := st.handler(params)
	if err == nil {
		var tag string
		if tag, err = h.run(ctx, params, s.settings.heard(out)); err == nil {
			return tag, nil
		}
	}
	return "", told(ctx, err, st.text)
}

// handler is what Describe has bound, if that still holds, or bound anew.
func (st *statement) handler(params []result.Param) (handler, error) {
	if h := st.ready; h != nil && params == nil && st.bound == st.s.db.cfg.Catalog.Snapshot() {
		st.ready = nil
		return *h, st.s.tx.allows(st.node)
	}
	return st.prepare(params)
}

func (st *statement) prepare(params []result.Param) (handler, error) {
	if st.node == nil {
		return handler{}, nil
	}
	if err := st.s.tx.allows(st.node); err != nil {
		return handler{}, err
	}
	return st.s.handler(st, params)
}
