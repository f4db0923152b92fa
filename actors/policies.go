package actors

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LeastLaxity is the default policy: by latest start, born + SLO − cost here −
// costs downstream. What is too late, or has no target, runs by share.
type LeastLaxity struct{}

// Send implements Policy.
func (LeastLaxity) Send(to *Load, m Meta, now int64) int64 { return to.LatestStart(m, now) }

// Pick implements Policy.
func (LeastLaxity) Pick(l *Load, key, now int64) Rank { return l.byDeadline(key, now) }

// EarliestDeadline goes by the time at which results are due, whatever the work
// still to be done costs. What is too late, or has no target, runs by share.
type EarliestDeadline struct{}

// Send implements Policy.
func (EarliestDeadline) Send(to *Load, m Meta, now int64) int64 { return to.Deadline(m, now) }

// Pick implements Policy.
func (EarliestDeadline) Pick(l *Load, key, now int64) Rank { return l.byDeadline(key, now) }

// ShortestJob runs the cheapest message first; nothing keeps dear ones from
// waiting for ever.
type ShortestJob struct{}

// Send implements Policy.
func (ShortestJob) Send(to *Load, m Meta, _ int64) int64 { return to.Expected(m) }

// Pick implements Policy.
func (ShortestJob) Pick(l *Load, key, _ int64) Rank {
	if _, ok := l.asked(); ok {
		return Rank{}
	}
	return Rank{Key: min(key, int64(time.Hour))} // a post's key is its deadline
}

// FirstCome runs messages in the order in which they were sent.
type FirstCome struct{}

// Send implements Policy.
func (FirstCome) Send(_ *Load, _ Meta, now int64) int64 { return now }

// Pick implements Policy.
func (FirstCome) Pick(_ *Load, key, _ int64) Rank { return Rank{Key: key} }

// TokenFair gives every query so many tokens, ns of a worker, in each interval.
// Those that have some left go in the order of arrival, the others by share.
// (After the token-based fair sharing in Xu et al., "Move Fast and Meet
// Deadlines: Fine-grained Real-time Stream Processing with Cameo", NSDI 2021.)
type TokenFair struct {
	Interval time.Duration // 0: 10 ms
	Tokens   time.Duration // 0: a fifth of the interval
}

// Send implements Policy.
func (TokenFair) Send(_ *Load, _ Meta, now int64) int64 { return now }

// Pick implements Policy.
func (f TokenFair) Pick(l *Load, key, _ int64) Rank {
	if r, ok := l.asked(); ok {
		return r
	}
	if l.Used.Interval.Load() == key/f.interval() && l.Used.InInterval.Load() >= f.tokens() {
		return l.share()
	}
	return Rank{Key: key}
}

// Before implements Beforer: a new interval brings new tokens.
func (f TokenFair) Before(l *Load, _ Meta, now int64) {
	if i := now / f.interval(); l.Used.Interval.Load() != i {
		l.Used.Interval.Store(i)
		l.Used.InInterval.Store(0)
	}
}

// After implements Afterer.
func (f TokenFair) After(l *Load, took int64) { l.Used.InInterval.Add(took) }

func (f TokenFair) interval() int64 { return int64(or(f.Interval, 10*time.Millisecond)) }
func (f TokenFair) tokens() int64   { return or(int64(f.Tokens), f.interval()/5) }

// policies are the policies by name; a new one is entered here.
var policies = map[string]Policy{
	"llf":  LeastLaxity{},
	"edf":  EarliestDeadline{},
	"sjf":  ShortestJob{},
	"fifo": FirstCome{},
	"fair": TokenFair{},
}

// lendings are the ways to lend by name.
var lendings = map[string]Lending{
	"reject": Reject{},
	"direct": Direct{},
	"off":    nil,
}

// PolicyNames are the names that PolicyNamed knows, the default first.
var PolicyNames = []string{"llf", "edf", "sjf", "fifo", "fair"}

// LendingNames are the names that LendingNamed knows, the default first.
var LendingNames = []string{"reject", "direct", "off"}

// PolicyNamed returns a policy by its name; "": the default.
func PolicyNamed(name string) (Policy, error) { return named("policy", name, PolicyNames, policies) }

// LendingNamed returns a way to lend by its name; "": the default; nil: none.
func LendingNamed(name string) (Lending, error) {
	return named("lending", name, LendingNames, lendings)
}

// NameOf returns the name of a policy or of a Lending, as PolicyNamed and
// LendingNamed take it; "custom": it has none.
func NameOf(scheduling any) string {
	switch x := scheduling.(type) {
	case nil:
		return "off"
	case LeastLaxity:
		return "llf"
	case EarliestDeadline:
		return "edf"
	case ShortestJob:
		return "sjf"
	case FirstCome:
		return "fifo"
	case TokenFair:
		if x == (TokenFair{}) {
			return "fair"
		}
	case Reject:
		return "reject"
	case Direct:
		return "direct"
	}
	return "custom"
}

func named[T any](what, name string, names []string, all map[string]T) (T, error) {
	if name == "" {
		name = names[0]
	}
	if !slices.Contains(names, name) {
		var none T
		return none, fmt.Errorf("%s %q: want %s", what, name, strings.Join(names, ", "))
	}
	return all[name], nil
}
