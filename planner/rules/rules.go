// Package rules rewrites logical plans, one rewrite a file: each takes a plan
// and returns one that means the same and costs less, or, for the two that
// decide about time (windows and late rows), one that says how state is closed.
// It knows nothing of SQL text, catalogs or workers.
package rules

import (
	"time"

	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Emit says when a continuous query shows the results of its windows.
type Emit uint8

// The ways to emit.
const (
	Changes    Emit = iota // windows update as rows come
	CloseIfCan             // windows over a watermark leave once, when it has passed
	CloseOrErr             // the same, and any other aggregate is refused
)

// Config says what a plan is rewritten for.
type Config struct {
	Emit Emit
	// Lateness is how far, in microseconds, rows may lie behind the watermark
	// and still be counted.
	Lateness int64
	// TTL is how long, in microseconds, state is kept that nothing touches; 0: for
	// ever. State that ends with the watermark does so all the same.
	TTL int64
	// Punctual rejects rows later than Lateness wherever they come from, so that
	// what the plan puts out keeps its watermarks for those who read it.
	Punctual bool
	// Zone is the time zone in which constants are computed; nil: UTC.
	Zone *time.Location
}

// Continuous rewrites the plan of a continuous query. The error is a *NotClosable.
func Continuous(plan logical.Node, c Config) (logical.Node, error) {
	plan = Closing(common(plan, c.Zone, Connect), c.Emit != Changes, c.Lateness)
	if c.Emit == CloseOrErr {
		if err := Closes(plan); err != nil {
			return nil, err
		}
	}
	return TTL(Late(common(Distinct(plan), c.Zone, Connect), c.Lateness, c.Punctual), c.TTL), nil
}

// Bounded rewrites the plan of a SELECT, which has an end: nothing closes early
// and nothing comes late.
func Bounded(plan logical.Node, zone *time.Location) logical.Node {
	once := common(plan, zone, Order)
	if plan = Distinct(once); plan == once {
		return once
	}
	return common(plan, zone, Order)
}

// common are the rewrites that every plan gets, each leaving what the next uses.
func common(plan logical.Node, zone *time.Location, order func(logical.Node) logical.Node) logical.Node {
	return Merge(Prune(Merge(Equate(Merge(order(Merge(Pushdown(Fold(plan, zone)))))))))
}

// Closing decides, from the sources up, what ends with the watermark: windows
// and the state of joins bounded in time. What is above goes by what is below.
func Closing(n logical.Node, onClose bool, lateness int64) logical.Node {
	return logical.Transform(n, func(n logical.Node) logical.Node {
		if j, ok := n.(*logical.Join); ok {
			return bounded(j, onClose, lateness)
		}
		return fused(n, onClose, lateness)
	})
}
