package relational

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// kind is a column's type, as both engines spell it.
type kind string

// The types of random columns. None of them rounds: equal rows are equal texts.
const (
	integer kind = "INT"
	bigint  kind = "BIGINT"
	text    kind = "TEXT"
	numeric kind = "NUMERIC(8,2)"
	boolean kind = "BOOLEAN"
	date    kind = "DATE"
)

var kinds = []kind{integer, integer, integer, bigint, text, text, numeric, boolean, date}

// column is a column of a relation that a query may name.
type column struct {
	name string
	kind kind
}

// relation is a table or a view.
type relation struct {
	name    string
	columns []column
	key     int // the first key columns are the primary key; 0: none
}

// gen makes everything random of one case.
type gen struct {
	*rand.Rand
	relations []relation // what queries may read
	tables    []relation
	prefix    string
	alias     int
}

func newGen(seed uint64) *gen {
	return &gen{Rand: rand.New(rand.NewPCG(seed, 7)), prefix: fmt.Sprintf("c%d_", seed)}
}

func pick[T any](g *gen, of []T) T { return of[g.IntN(len(of))] }

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

// table makes CREATE TABLE of a random relation.
func (g *gen) table() string {
	r := relation{name: fmt.Sprintf("%st%d", g.prefix, len(g.tables)+1)}
	n := 2 + g.IntN(3)
	if g.chance(75) {
		r.key = 1 + g.IntN(100)/75
	}
	for i := range n {
		k := pick(g, kinds)
		if i < r.key {
			k = pick(g, []kind{integer, integer, bigint, text})
		}
		r.columns = append(r.columns, column{fmt.Sprintf("%c%d", 'a'+i, len(g.tables)+1), k})
	}
	var parts []string
	for _, c := range r.columns {
		parts = append(parts, c.name+" "+string(c.kind))
	}
	if r.key > 0 {
		parts = append(parts, "PRIMARY KEY ("+names(r.columns[:r.key])+")")
	}
	g.tables = append(g.tables, r)
	g.relations = append(g.relations, r)
	return fmt.Sprintf("CREATE TABLE %s (%s)", r.name, strings.Join(parts, ", "))
}

func names(cs []column) string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.name
	}
	return strings.Join(out, ", ")
}

// literal is a constant of a kind, from a domain so small that values meet.
func (g *gen) literal(k kind) string {
	switch k {
	case integer, bigint:
		return fmt.Sprint(g.IntN(7) - 1)
	case text:
		return "'" + pick(g, []string{"", "a", "b", "ab", "B", "ä", "c d"}) + "'"
	case numeric:
		return pick(g, []string{"0", "1.5", "-2.25", "10.00", "3.1"})
	case boolean:
		return pick(g, []string{"TRUE", "FALSE"})
	}
	return "DATE '2024-0" + fmt.Sprint(1+g.IntN(3)) + "-15'"
}

// value is a literal, or NULL now and then.
func (g *gen) value(k kind, nullable bool) string {
	if nullable && g.chance(20) {
		return "NULL"
	}
	return g.literal(k)
}
