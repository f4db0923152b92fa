package relational

import (
	"fmt"
	"strings"
)

// scope is what an expression may name: columns with their alias.
type scope []column

func (s scope) of(k kind) scope {
	var out scope
	for _, c := range s {
		if c.kind == k {
			out = append(out, c)
		}
	}
	return out
}

// query makes a SELECT and the columns that it gives, named c1, c2, ….
func (g *gen) query(depth int) (string, []column) {
	if depth > 0 && g.chance(15) {
		return g.setOperation(depth)
	}
	if g.chance(40) {
		return g.grouped(depth)
	}
	return g.plain(depth)
}

// plain is a SELECT without grouping.
func (g *gen) plain(depth int) (string, []column) {
	from, in := g.from(depth)
	var items []string
	var out []column
	for i := range 1 + g.IntN(4) {
		e, k := g.scalar(in)
		out = append(out, column{fmt.Sprintf("c%d", i+1), k})
		items = append(items, e+" AS "+out[i].name)
	}
	distinct := ""
	if g.chance(12) {
		distinct = "DISTINCT "
	}
	return "SELECT " + distinct + strings.Join(items, ", ") + " FROM " + from + g.where(in, depth), out
}

// grouped is a SELECT with aggregates, by up to two columns.
func (g *gen) grouped(depth int) (string, []column) {
	from, in := g.from(depth)
	var items, keys []string
	var out []column
	for range g.IntN(3) {
		c := pick(g, in)
		keys = append(keys, c.name)
		out = append(out, column{fmt.Sprintf("c%d", len(out)+1), c.kind})
		items = append(items, c.name+" AS "+out[len(out)-1].name)
	}
	for range 1 + g.IntN(3) {
		e, k := g.aggregate(in)
		out = append(out, column{fmt.Sprintf("c%d", len(out)+1), k})
		items = append(items, e+" AS "+out[len(out)-1].name)
	}
	sql := "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(in, depth)
	if len(keys) > 0 {
		sql += " GROUP BY " + strings.Join(keys, ", ")
	}
	if g.chance(20) {
		sql += " HAVING count(*) " + pick(g, []string{">", ">=", "<"}) + " " + fmt.Sprint(g.IntN(4))
	}
	return sql, out
}

func (g *gen) aggregate(in scope) (string, kind) {
	numbers := append(append(in.of(integer), in.of(bigint)...), in.of(numeric)...)
	filter := ""
	if g.chance(15) {
		filter = " FILTER (WHERE " + g.simple(in) + ")"
	}
	c := pick(g, in)
	switch n := g.IntN(8); {
	case n == 0:
		return "count(" + c.name + ")" + filter, bigint
	case n == 1:
		return "count(DISTINCT " + c.name + ")" + filter, bigint
	case n <= 3 && len(numbers) > 0:
		// Its type is what the text says: sums widen.
		return "CAST(sum(" + pick(g, numbers).name + ")" + filter + " AS NUMERIC(8,2))", numeric
	case n == 4 && len(numbers) > 0:
		return "CAST(avg(" + pick(g, numbers).name + ")" + filter + " AS NUMERIC(8,2))", numeric
	case n <= 6 && c.kind != boolean:
		return pick(g, []string{"min", "max"}) + "(" + c.name + ")" + filter, c.kind
	}
	return "count(*)" + filter, bigint
}

// setOperation is UNION, INTERSECT or EXCEPT of two queries of equal columns.
func (g *gen) setOperation(depth int) (string, []column) {
	op := pick(g, []string{"UNION ALL", "UNION", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"})
	var want []kind
	for range 1 + g.IntN(2) {
		want = append(want, pick(g, kinds))
	}
	side := func() string {
		from, in := g.from(depth - 1)
		var items []string
		for i, k := range want {
			items = append(items, g.ofKind(in, k)+fmt.Sprintf(" AS c%d", i+1))
		}
		return "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(in, 0)
	}
	var out []column
	for i, k := range want {
		out = append(out, column{fmt.Sprintf("c%d", i+1), k})
	}
	return side() + " " + op + " " + side(), out
}

// from is FROM's list and what it brings into scope.
func (g *gen) from(depth int) (string, scope) {
	sql, in := g.item(depth)
	for g.chance(45) && len(in) < 14 {
		more, right := g.item(depth)
		switch n := g.IntN(10); {
		case n < 4:
			sql += " JOIN " + more + " ON " + g.condition(in, right, true)
		case n < 7:
			sql += " LEFT JOIN " + more + " ON " + g.condition(in, right, true)
		case n == 7:
			sql += " RIGHT JOIN " + more + " ON " + g.condition(in, right, true)
		case n == 8:
			sql += " FULL JOIN " + more + " ON " + g.condition(in, right, false)
		default:
			sql += " CROSS JOIN " + more
			if !strings.HasPrefix(more, "(SELECT count") {
				sql = strings.TrimSuffix(sql, " CROSS JOIN "+more) + " JOIN " + more + " ON " + g.condition(in, right, true)
			}
		}
		in = append(in, right...)
	}
	return sql, in
}

// item is one relation of FROM under an alias.
func (g *gen) item(depth int) (string, scope) {
	g.alias++
	alias := fmt.Sprintf("r%d", g.alias)
	if depth > 0 && g.chance(15) {
		sql, cols := g.query(depth - 1)
		return "(" + sql + ") AS " + alias, qualified(alias, cols)
	}
	r := pick(g, g.relations)
	return r.name + " AS " + alias, qualified(alias, r.columns)
}

func qualified(alias string, cols []column) scope {
	out := make(scope, len(cols))
	for i, c := range cols {
		out[i] = column{alias + "." + c.name, c.kind}
	}
	return out
}

// condition joins two scopes: by equality where they have a kind in common, and
// sometimes by something more.
func (g *gen) condition(left, right scope, more bool) string {
	var on []string
	for range 8 {
		a := pick(g, left)
		if same := right.of(a.kind); len(same) > 0 {
			op := " = "
			if more && g.chance(8) {
				op = " IS NOT DISTINCT FROM "
			}
			on = append(on, a.name+op+pick(g, same).name)
			break
		}
	}
	if len(on) == 0 {
		a, b := pick(g, left), pick(g, right)
		on = append(on, "CAST("+a.name+" AS TEXT) = CAST("+b.name+" AS TEXT)")
	}
	if more && g.chance(30) {
		on = append(on, g.simple(append(append(scope{}, left...), right...)))
	}
	return strings.Join(on, " AND ")
}

func (g *gen) where(in scope, depth int) string {
	if g.chance(45) {
		return ""
	}
	return " WHERE " + g.predicate(in, depth)
}

// predicate is a condition; with depth left it may hold a subquery.
func (g *gen) predicate(in scope, depth int) string {
	switch n := g.IntN(12); {
	case n < 2:
		return "(" + g.predicate(in, depth) + " AND " + g.predicate(in, depth) + ")"
	case n == 2:
		return "(" + g.simple(in) + " OR " + g.simple(in) + ")"
	case n < 6 && depth > 0:
		return g.subquery(in)
	}
	return g.simple(in)
}

// subquery is IN, NOT IN, EXISTS, NOT EXISTS, or a comparison with a scalar one.
func (g *gen) subquery(in scope) string {
	g.alias++
	alias := fmt.Sprintf("s%d", g.alias)
	r := pick(g, g.relations)
	cols := qualified(alias, r.columns)
	from := r.name + " AS " + alias
	for range 8 {
		c := pick(g, in)
		same := cols.of(c.kind)
		if len(same) == 0 {
			continue
		}
		d := pick(g, same)
		filter := ""
		if g.chance(40) {
			filter = " WHERE " + g.simple(cols)
		}
		switch g.IntN(5) {
		case 0:
			return c.name + " IN (SELECT " + d.name + " FROM " + from + filter + ")"
		case 1:
			return c.name + " NOT IN (SELECT " + d.name + " FROM " + from + filter + ")"
		case 2, 3:
			not := pick(g, []string{"", "NOT "})
			if filter != "" {
				filter = " AND " + strings.TrimPrefix(filter, " WHERE ")
			}
			return not + "EXISTS (SELECT 1 FROM " + from + " WHERE " + d.name + " = " + c.name + filter + ")"
		}
		if c.kind != boolean {
			return c.name + pick(g, []string{" = ", " < ", " >= "}) + "(SELECT max(" + d.name + ") FROM " + from + filter + ")"
		}
	}
	return g.simple(in)
}

// simple is a condition on columns and constants.
func (g *gen) simple(in scope) string {
	c := pick(g, in)
	if c.kind == boolean {
		return pick(g, []string{c.name, "NOT " + c.name, c.name + " IS TRUE", c.name + " IS NULL"})
	}
	switch g.IntN(6) {
	case 0:
		return c.name + pick(g, []string{" IS NULL", " IS NOT NULL"})
	case 1:
		return c.name + " IN (" + g.literal(c.kind) + ", " + g.literal(c.kind) + ")"
	case 2:
		return c.name + " BETWEEN " + g.literal(c.kind) + " AND " + g.literal(c.kind)
	case 3:
		if same := in.of(c.kind); len(same) > 1 {
			return c.name + pick(g, []string{" = ", " <> ", " <= "}) + pick(g, same).name
		}
	}
	return c.name + pick(g, []string{" = ", " <> ", " < ", " > "}) + g.literal(c.kind)
}

// scalar is an expression over a scope and its kind.
func (g *gen) scalar(in scope) (string, kind) {
	c := pick(g, in)
	switch g.IntN(8) {
	case 0:
		if n := in.of(integer); len(n) > 0 {
			return "CAST(" + pick(g, n).name + " + " + g.literal(integer) + " AS BIGINT)", bigint
		}
	case 1:
		return "CASE WHEN " + g.simple(in) + " THEN " + c.name + " ELSE " + g.value(c.kind, true) + " END", c.kind
	case 2:
		return "COALESCE(" + c.name + ", " + g.literal(c.kind) + ")", c.kind
	}
	return c.name, c.kind
}

// ofKind is an expression of a wanted kind.
func (g *gen) ofKind(in scope, k kind) string {
	if same := in.of(k); len(same) > 0 && g.chance(85) {
		return pick(g, same).name
	}
	return "CAST(" + g.value(k, true) + " AS " + string(k) + ")"
}
