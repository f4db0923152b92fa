// Package physical turns a logical plan into a job graph: it fuses stateless
// operators into chains, cuts at hash exchanges, decides into how many
// instances each vertex is cut and which may lend, and prints the result for
// EXPLAIN. It knows nothing of SQL, catalogs or running actors.
package physical

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Version is that of the graphs made here. StateVersion is that of the layout
// of operators' state.
const (
	Version      = 1
	StateVersion = 1
)

// DefaultKeyGroups is how finely state is cut for moving and loading.
const DefaultKeyGroups = 128

// Options of one compilation; zero values have defaults.
type Options struct {
	// Parallelism is the number of instances of a vertex that can have more
	// than one; 0: 1.
	Parallelism int
	KeyGroups   int // 0: DefaultKeyGroups
	// Bounded says that the plan is a SELECT, which may look rows up by key.
	Bounded bool
	// Partitions returns how many partitions a relation has, if that is known:
	// more readers than that would stand idle. nil, or 0: unknown.
	Partitions func(relation uint64) int
}

// Compile returns the graph of a plan whose root is a Materialize, Sink or Collect.
func Compile(root logical.Node, o Options) (*job.Graph, error) {
	c := &compiler{options: o, graph: &job.Graph{Version: Version, KeyGroups: o.KeyGroups}}
	if c.options.Parallelism < 1 {
		c.options.Parallelism = 1
	}
	if c.graph.KeyGroups == 0 {
		c.graph.KeyGroups = DefaultKeyGroups
	}
	c.options.Parallelism = min(c.options.Parallelism, c.graph.KeyGroups)
	var err error
	switch root := root.(type) {
	case *logical.Materialize:
		_, err = c.materialize(root.Input, root.Key)
	case *logical.Sink:
		err = c.sink(root)
	case *logical.Collect:
		_, err = c.compile(root.Input)
	default:
		err = fmt.Errorf("plan ends in %q, which is no root", root.Line())
	}
	if err != nil {
		return nil, err
	}
	share(c.graph, o.Bounded)
	return c.graph, nil
}

// compiler builds a graph from the leaves up: inputs before consumers.
type compiler struct {
	options Options
	graph   *job.Graph
}

// at is the open end of a chain: a vertex that may take more operators.
type at struct {
	vertex int // index into the graph
	// by are the output columns by whose key groups rows lie on instances; nil:
	// they lie as their source had them.
	by []int
}

// vertex begins a new vertex.
func (c *compiler) vertex(v job.Vertex) at {
	v.ID = len(c.graph.Vertices) + 1
	c.graph.Vertices = append(c.graph.Vertices, v)
	return at{vertex: len(c.graph.Vertices) - 1}
}

func (c *compiler) of(a at) *job.Vertex { return &c.graph.Vertices[a.vertex] }

// ends notes what the vertex puts out after another operator.
func (c *compiler) ends(a at, schema batch.Schema, updating bool) {
	v := c.of(a)
	v.Schema, v.Updating = schema, updating
}

// id returns the id of the vertex, for an Input.
func (c *compiler) id(a at) int { return c.of(a).ID }
