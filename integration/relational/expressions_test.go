package relational

import "fmt"

// scalar is an expression over a scope and its kind; with depth left it may be a
// subquery.
func (g *gen) scalar(in scope, depth int) (string, kind) {
	c := pick(g, in)
	switch g.IntN(10) {
	case 0:
		if n := in.of(integer); len(n) > 0 {
			return "CAST(" + pick(g, n).name + " + " + g.literal(integer) + " AS BIGINT)", bigint
		}
	case 1:
		return "CASE WHEN " + g.simple(in) + " THEN " + c.name + " ELSE " + g.value(c.kind, true) + " END", c.kind
	case 2:
		return "COALESCE(" + c.name + ", " + g.literal(c.kind) + ")", c.kind
	case 3, 4:
		return g.derived(c)
	case 5:
		if depth > 0 {
			return g.single(in, c)
		}
	}
	return c.name, c.kind
}

// derived is something that a column's kind has functions for.
func (g *gen) derived(c column) (string, kind) {
	of := func(k kind, forms ...string) (string, kind) { return fmt.Sprintf(pick(g, forms), c.name), k }
	switch c.kind {
	case integer:
		return of(integer, "abs(%s)", "NULLIF(%s, 1)", "-%s")
	case text:
		if g.chance(40) {
			return of(integer, "length(%s)")
		}
		return of(text, "%s || 'z'", "substr(%s, 1, 1)")
	case date:
		return of(date, "%s + 1")
	case timestamp:
		return of(timestamp, "date_trunc('hour', %s)", "%s + INTERVAL '10 minutes'")
	case clock:
		return of(clock, "%s + INTERVAL '1 hour'")
	case bytea:
		return of(integer, "length(%s)")
	case uuid:
		return of(text, "CAST(%s AS TEXT)")
	case jsonb:
		if g.chance(50) {
			return of(text, "%s ->> 'a'", "jsonb_typeof(%s)")
		}
		return of(jsonb, "%s -> 'a'", "%s #> '{b,0}'", "jsonb_build_object('k', %s)")
	case integers:
		return of(integer, "%s[1]", "cardinality(%s)")
	case texts:
		return of(text, "%s[2]", "array_to_string(%s, '+')")
	}
	return c.name, c.kind
}

// single is a scalar subquery of one row: an aggregate, by itself or for a row
// outside.
func (g *gen) single(in scope, c column) (string, kind) {
	from, d, filter, ok := g.inner(c.kind)
	if !ok {
		return c.name, c.kind
	}
	if g.chance(60) {
		filter = correlated(c, d, filter)
	}
	if g.chance(40) || !d.kind.hasExtremes() {
		return "(SELECT count(*) FROM " + from + filter + ")", bigint
	}
	return "(SELECT " + pick(g, []string{"min", "max"}) + "(" + d.name + ") FROM " + from + filter + ")", d.kind
}

// ofKind is an expression of a wanted kind.
func (g *gen) ofKind(in scope, k kind) string {
	if same := in.of(k); len(same) > 0 && g.chance(85) {
		return pick(g, same).name
	}
	return "CAST(" + g.value(k, true) + " AS " + string(k) + ")"
}

// aggregate is a call of an aggregate function and its kind. Those that keep an
// order have one that leaves nothing open: by the value itself.
func (g *gen) aggregate(in scope) (string, kind) {
	numbers := append(append(in.of(integer), in.of(bigint)...), in.of(numeric)...)
	filter := ""
	if g.chance(15) {
		filter = " FILTER (WHERE " + g.simple(in) + ")"
	}
	c := pick(g, in)
	distinct := pick(g, []string{"", "", "DISTINCT "})
	switch n := g.IntN(10); {
	case n == 0:
		return "count(" + c.name + ")" + filter, bigint
	case n == 1:
		return "count(DISTINCT " + c.name + ")" + filter, bigint
	case n <= 3 && len(numbers) > 0:
		// Its type is what the text says: sums widen.
		return "CAST(sum(" + distinct + pick(g, numbers).name + ")" + filter + " AS NUMERIC(8,2))", numeric
	case n == 4 && len(numbers) > 0:
		return "CAST(avg(" + distinct + pick(g, numbers).name + ")" + filter + " AS NUMERIC(8,2))", numeric
	case n <= 6 && c.kind.hasExtremes():
		return pick(g, []string{"min", "max"}) + "(" + c.name + ")" + filter, c.kind
	case n == 7:
		if some, k, ok := g.collection(in, distinct); ok {
			return some + filter, k
		}
	case n == 8 && len(in.of(boolean)) > 0:
		return pick(g, []string{"bool_and", "bool_or", "every"}) + "(" + pick(g, in.of(boolean)).name + ")" + filter, boolean
	}
	return "count(*)" + filter, bigint
}

// collection is array_agg or string_agg.
func (g *gen) collection(in scope, distinct string) (string, kind, bool) {
	order := pick(g, []string{"", " DESC", " NULLS FIRST"})
	if t := in.of(text); len(t) > 0 && g.chance(70) {
		x := pick(g, t).name
		if g.chance(50) {
			return "string_agg(" + distinct + x + ", ',' ORDER BY " + x + order + ")", text, true
		}
		return "array_agg(" + distinct + x + " ORDER BY " + x + order + ")", texts, true
	}
	if n := in.of(integer); len(n) > 0 {
		x := pick(g, n).name
		return "array_agg(" + distinct + x + " ORDER BY " + x + order + ")", integers, true
	}
	return "", "", false
}
