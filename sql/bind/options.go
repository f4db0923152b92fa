package bind

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// The engine's own options, by what they belong to; the others are the
// connector's.
var (
	sourceOptions = []string{"connector", "start", "idle_timeout", "on_idle", "key"}
	queryOptions  = []string{"slo", "allowed_lateness", "parallelism", "checkpoint_interval", "state_ttl", "memory", "dead_letter"}
	sinkOptions   = append([]string{"connector", "delivery", "key"}, queryOptions...)
)

// options reads a WITH list. The first mistake is kept in err.
type options struct {
	list ast.Options
	// written are the options with their defaults, as the catalog keeps them.
	written map[string]string
	err     error
}

func newOptions(list ast.Options) *options { return &options{list: list, written: map[string]string{}} }

func (o *options) fail(at ast.Pos, format string, args ...any) *Error {
	e := fail(codeInvalidParameter, at, format, args...)
	if o.err == nil {
		o.err = e
	}
	return e
}

// later refuses an option that is known and has no effect yet.
func (o *options) later(name, hint string) {
	if opt := o.list.Lookup(name); opt != nil && o.err == nil {
		o.err = fail(codeFeature, opt.ValPos, "option %s is not supported yet", name).hint("%s", hint)
	}
}

// text returns an option's value, or its default, which is written out unless empty.
func (o *options) text(name, def string) string {
	value := def
	if opt := o.list.Lookup(name); opt != nil {
		value = opt.Value
	}
	if value != "" {
		o.written[name] = value
	}
	return value
}

// word returns an option with few values; the first is the default.
func (o *options) word(name string, allowed ...string) string {
	value := strings.ToLower(o.text(name, allowed[0]))
	if value == "" {
		return ""
	}
	if !slices.Contains(allowed, value) {
		allowed = slices.DeleteFunc(slices.Clone(allowed), func(w string) bool { return w == "" })
		e := o.fail(o.list.Lookup(name).ValPos, "invalid value for option %q: %q", name, value)
		e.hint("It is one of %s.", strings.Join(allowed, ", "))
	}
	return value
}

// duration returns an option such as '50 ms'; 0 where it is not given.
func (o *options) duration(name string) time.Duration {
	opt := o.list.Lookup(name)
	if opt == nil {
		return 0
	}
	o.written[name] = opt.Value
	d, err := Duration(opt.Value)
	if err != nil {
		o.fail(opt.ValPos, "invalid value for option %q: %s", name, err).hint("Write a number with its unit, such as '50 ms' or '10 seconds'.")
	}
	return d
}

// slo returns the latency target; 0: best effort, or not given.
func (o *options) slo() time.Duration {
	if opt := o.list.Lookup("slo"); opt != nil && isNone(opt.Value) {
		o.written["slo"] = "none"
		return 0
	}
	return o.duration("slo")
}

func isNone(text string) bool { return strings.EqualFold(strings.TrimSpace(text), "none") }

// SLO reads a latency target: a duration with its unit, or none, which gives 0.
func SLO(text string) (time.Duration, error) {
	if isNone(text) {
		return 0, nil
	}
	return Duration(text)
}

// Duration reads a positive duration with its unit: '50 ms', '1.5 seconds', '1 hour'.
func Duration(text string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
		return 0, errors.New("the unit is missing")
	}
	span, err := batch.ParseSpan([]byte(text))
	switch {
	case err != nil:
		return 0, err
	case span.Months != 0:
		return 0, errors.New("months and years have no fixed length")
	}
	micros := int64(span.Days)*batch.Day + span.Micros
	if micros < 0 || micros > int64(1<<63-1)/1000 {
		return 0, errors.New("it is out of range")
	}
	return time.Duration(micros) * time.Microsecond, nil
}

// number returns a whole number in a range, or 0 where it is not given.
func (o *options) number(name string, least, most int) int {
	opt := o.list.Lookup(name)
	if opt == nil {
		return 0
	}
	o.written[name] = opt.Value
	n, err := strconv.Atoi(opt.Value)
	if err != nil || n < least || n > most {
		o.fail(opt.ValPos, "invalid value for option %q: %q", name, opt.Value).hint("It is a whole number from %d to %d.", least, most)
	}
	return n
}

// only refuses every option that is not among known.
func (o *options) only(what string, known []string) {
	for _, opt := range o.list {
		if !slices.Contains(known, strings.ToLower(opt.Name)) {
			o.unknown(opt, what, known)
			return
		}
	}
}

func (o *options) unknown(opt ast.Option, what string, known []string) {
	e := o.fail(opt.Pos, "unrecognized option %q of a %s", opt.Name, what)
	if near := catalog.Nearest(strings.ToLower(opt.Name), known); near != "" {
		e.hint("Perhaps you meant %q.", near)
	} else {
		e.hint("It has %s.", strings.Join(known, ", "))
	}
}

// misplaced are the engine's options that belong to something else.
func (o *options) misplaced(mine []string, what, elsewhere string, others []string) {
	for _, opt := range o.list {
		name := strings.ToLower(opt.Name)
		if slices.Contains(others, name) && !slices.Contains(mine, name) {
			o.fail(opt.Pos, "option %q does not belong to a %s", opt.Name, what).hint("It is an option of %s.", elsewhere)
			return
		}
	}
}

// connector returns what is left for the connector, and checks the names where
// the connector says which it knows.
func (o *options) connector(b *binder, mine []string, what string) (name string, spec map[string]string) {
	opt := o.list.Lookup("connector")
	if opt == nil {
		e := o.fail(ast.NoPos, "option connector is missing")
		e.hint("There are %s: WITH (connector = '...', ...).", strings.Join(b.connectorNames(), ", "))
		return "", nil
	}
	name = strings.ToLower(opt.Value)
	o.written["connector"] = name
	if _, ok := b.env.Connectors[name]; !ok {
		o.fail(opt.ValPos, "connector %q does not exist", opt.Value).connectorHint(name, b.connectorNames())
		return name, nil
	}
	spec = map[string]string{}
	for _, opt := range o.list {
		if n := strings.ToLower(opt.Name); !slices.Contains(mine, n) {
			spec[n] = opt.Value
			o.written[n] = opt.Value
		}
	}
	if b.env.OptionNames != nil {
		if known := b.env.OptionNames(name); len(known) > 0 {
			o.only(name+" "+what, append(slices.Clone(mine), known...))
		}
	}
	return name, spec
}

func (e *Error) connectorHint(name string, names []string) {
	if e.nearest(name, names); e.Hint == "" {
		e.hint("There are %s.", strings.Join(names, ", "))
	}
}

func (b *binder) connectorNames() []string { return slices.Sorted(maps.Keys(b.env.Connectors)) }

// OptionError places an error of a connector at the option it names.
func OptionError(err error, with ast.Options) error {
	var wrong *connectors.OptionError
	if !errors.As(err, &wrong) {
		return err
	}
	e := fail(codeInvalidParameter, ast.NoPos, "option %q: %s", wrong.Option, wrong.Message)
	e.Hint = wrong.Hint
	if opt := with.Lookup(wrong.Option); opt != nil {
		e.Pos = opt.Pos
	}
	return e
}
