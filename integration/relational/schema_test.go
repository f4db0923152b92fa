package relational

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// column is a column of a relation that a query may name.
type column struct {
	name string
	kind kind
}

// relation is a table, a stream, a view, or a CTE.
type relation struct {
	name    string
	columns []column
	key     int  // the first key columns are the primary key; 0: none
	lags    bool // it shows what a stream brings only after FLUSH
	topic   bool // it is a stream
	view    bool
}

// gen makes everything random of one case.
type gen struct {
	*rand.Rand
	relations []relation // what queries may read
	tables    []relation
	streams   []*topic
	prefix    string
	alias     int
	views     int
	lagging   bool // what has been generated since it was last false reads a relation that lags
	nulls     int  // percent of values
	spread    int  // how many integers there are
}

func newGen(seed uint64) *gen {
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 7)), prefix: fmt.Sprintf("c%d_", seed)}
	g.nulls = pick(g, []int{20, 20, 20, 0, 60})
	g.spread = pick(g, []int{7, 7, 7, 3, 25})
	return g
}

func pick[T any](g *gen, of []T) T { return of[g.IntN(len(of))] }

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

// table makes CREATE TABLE of a random relation.
func (g *gen) table() string {
	r := relation{name: fmt.Sprintf("%st%d", g.prefix, len(g.tables)+1)}
	if g.chance(75) {
		r.key = 1 + g.IntN(100)/75
	}
	r.columns = g.columns(fmt.Sprint(len(g.tables)+1), 2+g.IntN(3), r.key)
	parts := definitions(r.columns)
	if r.key > 0 {
		parts = append(parts, "PRIMARY KEY ("+names(r.columns[:r.key])+")")
	}
	g.tables = append(g.tables, r)
	g.relations = append(g.relations, r)
	return fmt.Sprintf("CREATE TABLE %s (%s)", r.name, strings.Join(parts, ", "))
}

// columns makes n columns a, b, … with a suffix; the first key ones can be a key.
func (g *gen) columns(suffix string, n, key int) []column {
	var out []column
	for i := range n {
		k := pick(g, kinds)
		if i < key {
			k = pick(g, []kind{integer, integer, integer, bigint, text, text, uuid, date})
		}
		out = append(out, column{string(rune('a'+i)) + suffix, k})
	}
	return out
}

func definitions(cs []column) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.name+" "+string(c.kind))
	}
	return out
}

func names(cs []column) string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.name
	}
	return strings.Join(out, ", ")
}

// forget takes a relation that was dropped out of what queries read.
func (g *gen) forget(name string) {
	g.relations = slices.DeleteFunc(g.relations, func(r relation) bool { return r.name == name })
}
