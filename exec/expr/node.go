// Package expr compiles scalar expressions and evaluates them a batch at a
// time. Node is the form that the planner builds, rewrites and stores; Program
// is what operators run. Semantics are PostgreSQL's.
package expr

import "github.com/dirigo-stream/dirigo/exec/batch"

// Node is a typed scalar expression: immutable, and stored as JSON with plans.
type Node struct {
	Op   Op         `json:"op"`
	Type batch.Type `json:"t"`
	// Col is the input column of an OpCol.
	Col int `json:"c,omitempty"`
	// Name is the column's name (OpCol, for people), or the function's (OpCall):
	// the overload is found again by Name and the types of Args.
	Name string `json:"n,omitempty"`
	// Text is the value of an OpConst as PostgreSQL would print it; Null says
	// that it is NULL.
	Text string  `json:"v,omitempty"`
	Null bool    `json:"z,omitempty"`
	Args []*Node `json:"a,omitempty"`
}

// Op is the kind of a Node.
type Op string

// The ops. Operators of SQL are calls: "+", "=", "and", "or", "not", "is null",
// "is distinct from", "like", "||", "in", "coalesce", "extract" and so on;
// OpCase has Args cond, value, cond, value, …, else; OpCast converts Args[0]
// to Type.
const (
	OpCol   Op = "col"
	OpConst Op = "const"
	OpCall  Op = "call"
	OpCase  Op = "case"
	OpCast  Op = "cast"
)
