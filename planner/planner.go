// Package planner is the way from a bound query to a job graph, in one call for
// continuous queries and one for SELECTs.
package planner

import (
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/physical"
)

// Continuous returns the graph of a plan that ends in a Materialize or a Sink
// and runs until it is dropped.
func Continuous(plan logical.Node, o physical.Options) (*job.Graph, error) {
	return physical.Compile(plan, o)
}

// Bounded returns the graph of a SELECT: one instance of everything.
func Bounded(plan logical.Node) (*job.Graph, error) {
	if _, ok := plan.(*logical.Collect); !ok {
		plan = &logical.Collect{Input: plan}
	}
	return physical.Compile(plan, physical.Options{Parallelism: 1, Bounded: true})
}
