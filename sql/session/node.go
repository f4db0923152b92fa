package session

import (
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// Scheduler says who runs first and what is lent, for all queries of the
// server, by the names that actors has for them; "" goes back to what the server
// was started with.
type Scheduler interface {
	Scheduling() (policy, lending string)
	SetScheduling(policy, lending string) error
}

// ofNode is a setting of the server as a whole: what one session sets holds for
// all, at once, until the server ends.
type ofNode interface {
	value(Scheduler) string
	change(s Scheduler, value string) error
}

type policy struct{}

func (policy) value(s Scheduler) string {
	p, _ := s.Scheduling()
	return p
}

func (policy) change(s Scheduler, value string) error {
	_, l := s.Scheduling()
	return s.SetScheduling(value, named(l))
}

type lending struct{}

func (lending) value(s Scheduler) string {
	_, l := s.Scheduling()
	return l
}

func (lending) change(s Scheduler, value string) error {
	p, _ := s.Scheduling()
	return s.SetScheduling(named(p), value)
}

// named is a name to set again; what has none is what the server was started
// with.
func named(name string) string {
	if name == "custom" {
		return ""
	}
	return name
}

// setNode handles SET and RESET of what is the server's. No transaction could
// undo it for the others, so none may hold it.
func (s *Session) setNode(n *ast.Set, name string, out result.Sink) error {
	switch {
	case s.tx.state != 0:
		return result.Errorf("25001", "SET %s cannot run inside a transaction block", name).
			WithHint("It concerns all queries of the server at once: run it outside BEGIN ... COMMIT, with autocommit on.")
	case n.Scope == ast.SetLocal:
		out.Notice(result.Warningf("25P01", "SET LOCAL can only be used in transaction blocks"))
		return nil
	}
	change := func() error { return s.settings.reset(name) }
	if n.Values != nil {
		value, err := s.settingText(n.Values)
		if err != nil {
			return err
		}
		change = func() error { return s.settings.set(name, value) }
	}
	s.db.ddl.Lock()
	defer s.db.ddl.Unlock()
	if err := change(); err != nil {
		return err
	}
	now, _ := s.settings.Setting(name)
	out.Notice(result.Noticef("%s is %s for all queries of the server, from now on and until it ends", name, now))
	return nil
}

// ofServer refuses to change what is the server's as one client connects.
func ofServer(name string) error {
	return result.Errorf("55P02", "parameter %q cannot be set at connection start", name).
		WithHint("It concerns all queries of the server: SET it by a statement.")
}
