package session

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// setting is a parameter that SET and SHOW know.
type setting struct {
	name   string // as it is shown
	value  string // by default
	what   string // for people
	report bool   // clients are told of changes
	fixed  bool   // it cannot be changed
	check  func(value string) (string, error)
	node   ofNode // not nil: it is the server's, not the session's
}

// known are the settings by their names in lower case.
var known = index([]setting{
	{name: "application_name", what: "Name that the client gave itself.", report: true},
	{name: "bytea_output", value: "hex", what: "Output format of bytea."},
	{name: "check_function_bodies", value: "on", what: "Accepted, without effect."},
	{name: "client_encoding", value: "UTF8", what: "Encoding of texts; always UTF8.", report: true, check: encoding},
	{name: "client_min_messages", value: "notice", what: "Least severity of messages sent.", check: oneOf("debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning", "error")},
	{name: "DateStyle", value: "ISO, MDY", what: "Format of dates; always ISO.", report: true, check: dateStyle},
	{name: "default_tablespace", what: "Accepted, without effect."},
	{name: "default_transaction_isolation", value: "read committed", what: "Accepted, without effect."},
	{name: "default_transaction_read_only", value: "off", what: "Accepted, without effect.", report: true},
	{name: "dirigo.default_slo", what: "Latency target of new queries that state none; empty: best effort.", check: duration},
	{name: "dirigo.lending", what: "What an operator that cannot keep the target alone lends; of the whole server.", check: oneOf(actors.LendingNames...), node: lending{}},
	{name: "dirigo.parallelism", value: "0", what: "Instances of each vertex of new queries; 0: the server's default.", check: within(0, 128)},
	{name: "dirigo.policy", what: "Who runs first; of the whole server.", check: oneOf(actors.PolicyNames...), node: policy{}},
	{name: "dirigo.recent_rows", value: "1000", what: "Last records per partition that a SELECT from a stream reads.", check: within(1, 10_000_000)},
	{name: "dirigo.select_memory", value: "1 GB", what: "Memory that a SELECT may take; none: no limit.", check: memory},
	{name: "extra_float_digits", value: "1", what: "Accepted; floats print their shortest exact form.", check: within(-15, 3)},
	{name: "idle_in_transaction_session_timeout", value: "0", what: "Accepted, without effect."},
	{name: "in_hot_standby", value: "off", what: "Always off.", report: true, fixed: true},
	{name: "integer_datetimes", value: "on", what: "Always on.", report: true, fixed: true},
	{name: "IntervalStyle", value: "postgres", what: "Format of intervals; always postgres.", report: true, check: oneOf("postgres")},
	{name: "is_superuser", value: "on", what: "Always on.", report: true, fixed: true},
	{name: "lc_collate", value: "C", what: "Order of texts: bytewise.", fixed: true},
	{name: "lc_ctype", value: "C.UTF-8", what: "Classes of characters.", fixed: true},
	{name: "lc_messages", value: "C", what: "Accepted, without effect."},
	{name: "lc_monetary", value: "C", what: "Accepted, without effect."},
	{name: "lc_numeric", value: "C", what: "Accepted, without effect."},
	{name: "lc_time", value: "C", what: "Accepted, without effect."},
	{name: "lock_timeout", value: "0", what: "How long a change waits for the lock of its table; 0: 10 s.", check: timeout},
	{name: "max_identifier_length", value: "63", what: "Longest name, in bytes.", fixed: true},
	{name: "row_security", value: "on", what: "Accepted, without effect."},
	{name: "search_path", value: `"$user", public`, what: "Accepted; all objects are in public.", report: false},
	{name: "server_encoding", value: "UTF8", what: "Encoding of texts.", report: true, fixed: true},
	{name: "server_version", what: "The version of PostgreSQL that is spoken, and ours.", report: true, fixed: true},
	{name: "server_version_num", value: "150000", what: "The same as a number.", fixed: true},
	{name: "session_authorization", what: "The user.", report: true, fixed: true},
	{name: "standard_conforming_strings", value: "on", what: "Always on.", report: true, check: oneOf("on")},
	{name: "statement_timeout", value: "0", what: "Longest run of a statement, in ms or with a unit; 0: no limit.", check: timeout},
	{name: "synchronous_commit", value: "on", what: "Accepted, without effect."},
	{name: "TimeZone", value: "UTC", what: "Time zone in which timestamptz values are read and printed.", report: true, check: zoneName},
	{name: "transaction_isolation", value: "read committed", what: "Isolation of the transaction."},
	{name: "transaction_read_only", value: "off", what: "Accepted, without effect."},
	{name: "xmloption", value: "content", what: "Accepted, without effect."},
})

func index(list []setting) map[string]setting {
	m := make(map[string]setting, len(list))
	for _, s := range list {
		m[strings.ToLower(s.name)] = s
	}
	return m
}

// settings are the values of one session: what differs from the default.
type settings struct {
	db      *DB
	user    string
	changed map[string]string // nil until the first change: most sessions have none
	start   map[string]string // what the client asked for when it connected: RESET goes back to it
	zone    *time.Location
	timeout time.Duration
}

func newSettings(db *DB) *settings { return &settings{db: db, zone: time.UTC} }

// startup takes what the client sent when it connected.
func (s *settings) startup(params map[string]string) error {
	for name, value := range params {
		if name == "options" {
			if err := s.options(value); err != nil {
				return err
			}
			continue
		}
		if err := s.atStart(strings.ToLower(name), value); err != nil {
			return err
		}
	}
	s.start = maps.Clone(s.changed)
	return nil
}

// options reads the command line that the parameter options holds: -c a=b.
func (s *settings) options(line string) error {
	words := strings.Fields(line)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "-c" && i+1 < len(words) {
			i++
			word = words[i]
		} else {
			word = strings.TrimPrefix(strings.TrimPrefix(word, "-c"), "--")
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return result.Errorf(result.CodeSyntax, "invalid command-line argument for server process: %s", words[i])
		}
		if err := s.atStart(strings.ToLower(strings.ReplaceAll(name, "-", "_")), value); err != nil {
			return err
		}
	}
	return nil
}

// atStart changes a setting as the client connects.
func (s *settings) atStart(name, value string) error {
	if known[name].node != nil {
		return ofServer(name)
	}
	return s.set(name, value)
}

// Setting returns the value of a setting by its name in lower case.
func (s *settings) Setting(name string) (string, bool) {
	if v, ok := s.changed[name]; ok {
		return v, true
	}
	k, ok := known[name]
	if k.node != nil {
		return k.node.value(s.db.cfg.Engine), true
	}
	switch name {
	case "server_version":
		return s.db.version(), true
	case "session_authorization":
		return s.user, true
	}
	return k.value, ok
}

// set changes a setting. Names with a dot that nobody knows are kept, as
// PostgreSQL keeps those of extensions.
func (s *settings) set(name, value string) error {
	k, ok := known[name]
	switch {
	case !ok && (!strings.Contains(name, ".") || strings.HasPrefix(name, "dirigo.")):
		return unknownSetting(name)
	case k.fixed:
		return result.Errorf("55P02", "parameter %q cannot be changed", k.name)
	}
	if k.check != nil {
		var err error
		if value, err = k.check(value); err != nil {
			e := result.Errorf(result.CodeInvalidValue, "invalid value for parameter %q: %q", k.name, value)
			if errors.As(err, new(*choiceError)) {
				return e.WithHint("%s", err)
			}
			return e.WithDetail("%s", err)
		}
	}
	if k.node != nil {
		return k.node.change(s.db.cfg.Engine, value)
	}
	if s.changed == nil {
		s.changed = map[string]string{}
	}
	s.changed[name] = value
	s.apply(name)
	return nil
}

// apply takes over settings that are asked for often.
func (s *settings) apply(name string) {
	value, _ := s.Setting(name)
	switch name {
	case "timezone":
		s.zone, _ = location(value)
	case "statement_timeout":
		s.timeout, _ = milliseconds(value)
	}
}

// reset goes back to what the session began with.
func (s *settings) reset(name string) error {
	k, ok := known[name]
	if !ok && !strings.Contains(name, ".") {
		return unknownSetting(name)
	}
	if k.fixed {
		return result.Errorf("55P02", "parameter %q cannot be changed", k.name)
	}
	if k.node != nil {
		return k.node.change(s.db.cfg.Engine, "")
	}
	if v, ok := s.start[name]; ok {
		return s.set(name, v)
	}
	delete(s.changed, name)
	s.apply(name)
	return nil
}

func (s *settings) copy() map[string]string { return maps.Clone(s.changed) }

// back ends a transaction: a rollback undoes every SET, a commit every SET LOCAL.
func (s *settings) back(t transaction, commit bool, out result.Sink) {
	names := slices.Collect(maps.Keys(t.local))
	if !commit {
		names = append(slices.Collect(maps.Keys(s.changed)), slices.Collect(maps.Keys(t.before))...)
	}
	for _, name := range names {
		was, _ := s.Setting(name)
		if v, ok := t.before[name]; ok {
			s.changed[name] = v
		} else {
			delete(s.changed, name)
		}
		s.apply(name)
		if now, _ := s.Setting(name); now != was {
			s.tell(name, out)
		}
	}
}

// tell reports a setting to the client, if it is one that clients follow.
func (s *settings) tell(name string, out result.Sink) {
	if k := known[name]; k.report {
		v, _ := s.Setting(name)
		out.Setting(k.name, v)
	}
}

func (s *settings) reported(f func(name, value string)) {
	for _, name := range followed() {
		v, _ := s.Setting(name)
		f(known[name].name, v)
	}
}

// followed returns the settings that clients are told of, in order.
var followed = sync.OnceValue(func() []string {
	names := slices.Sorted(maps.Keys(known))
	return slices.DeleteFunc(names, func(name string) bool { return !known[name].report })
})

// All calls yield with every setting, by name.
func (s *settings) All(yield func(name, value, description string) bool) {
	for _, name := range slices.Sorted(maps.Keys(known)) {
		v, _ := s.Setting(name)
		if !yield(known[name].name, v, known[name].what) {
			return
		}
	}
}

// limit bounds a statement by statement_timeout.
func (s *settings) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, s.timeout, result.ErrTimeout)
}

func (s *settings) number(name string) int {
	v, _ := s.Setting(name)
	n, _ := strconv.Atoi(v)
	return n
}

// defaultSLO is the latency target of queries that state none.
func (s *settings) defaultSLO() time.Duration {
	v, _ := s.Setting("dirigo.default_slo")
	d, _ := bind.Duration(v)
	return d
}

// selectMemory is what a SELECT may keep, bytes; 0: no limit.
func (s *settings) selectMemory() int64 {
	v, _ := s.Setting("dirigo.select_memory")
	n, _ := bind.Memory(v)
	return n
}

// heard drops the notices that client_min_messages silences.
func (s *settings) heard(out result.Sink) result.Sink {
	switch v, _ := s.Setting("client_min_messages"); v {
	case "warning":
		return quiet{out, false}
	case "error":
		return quiet{out, true}
	}
	return out
}

type quiet struct {
	result.Sink
	warnings bool // drop them too
}

// Notice implements result.Sink.
func (q quiet) Notice(n *result.Error) {
	if n.Severity == "WARNING" && !q.warnings {
		q.Sink.Notice(n)
	}
}

// Next implements result.Input, where the client's sink does.
func (q quiet) Next(ctx context.Context) ([]byte, error) {
	if in, ok := q.Sink.(result.Input); ok {
		return in.Next(ctx)
	}
	return nil, io.EOF
}
