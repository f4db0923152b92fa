package relational

import (
	"fmt"
	"slices"
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
	switch n := g.IntN(100); {
	case depth > 0 && n < 15:
		return g.setOperation(depth)
	case depth > 0 && n < 25:
		return g.common(depth)
	case n < 60:
		return g.grouped(depth)
	}
	return g.plain(depth)
}

// common is a query over a CTE, which FROM names and subqueries may name again.
func (g *gen) common(depth int) (string, []column) {
	g.alias++
	name := fmt.Sprintf("w%d", g.alias)
	sql, cols := g.query(depth - 1)
	if strings.HasPrefix(sql, "WITH ") {
		return sql, cols
	}
	saved := g.relations
	g.relations = append(append([]relation{}, saved...), relation{name: name, columns: cols}, relation{name: name, columns: cols})
	defer func() { g.relations = saved }()
	g.alias++
	from, in := g.from(depth)
	more := fmt.Sprintf("r%d", g.alias+1)
	g.alias++
	right := qualified(more, cols)
	from += " " + pick(g, []string{"JOIN", "LEFT JOIN"}) + " " + name + " AS " + more + " ON " + g.condition(in, right, true)
	in = append(in, right...)
	items, out := g.items(in, depth)
	return "WITH " + name + " AS (" + sql + ") SELECT " + items + " FROM " + from + g.where(in, depth), out
}

// plain is a SELECT without grouping.
func (g *gen) plain(depth int) (string, []column) {
	from, in := g.from(depth)
	items, out := g.items(in, depth)
	distinct := ""
	if g.chance(12) {
		distinct = "DISTINCT "
	}
	return "SELECT " + distinct + items + " FROM " + from + g.where(in, depth), out
}

// items is SELECT's list without aggregates.
func (g *gen) items(in scope, depth int) (string, []column) {
	var items []string
	var out []column
	for i := range 1 + g.IntN(4) {
		e, k := g.scalar(in, depth)
		out = append(out, column{fmt.Sprintf("c%d", i+1), k})
		items = append(items, e+" AS "+out[i].name)
	}
	return strings.Join(items, ", "), out
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

// setOperation is UNION, INTERSECT or EXCEPT of two queries of equal columns.
func (g *gen) setOperation(depth int) (string, []column) {
	op := pick(g, []string{"UNION ALL", "UNION", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"})
	var out []column
	for i := range 1 + g.IntN(2) {
		out = append(out, column{fmt.Sprintf("c%d", i+1), pick(g, kinds)})
	}
	side := func() string {
		from, in := g.from(depth - 1)
		var items []string
		for _, c := range out {
			items = append(items, g.ofKind(in, c.kind)+" AS "+c.name)
		}
		return "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(in, 0)
	}
	return side() + " " + op + " " + side(), out
}

// from is FROM's list and what it brings into scope.
func (g *gen) from(depth int) (string, scope) {
	sql, in := g.item(depth)
	for g.chance(45) && len(in) < 14 {
		if g.chance(10) {
			more, right := g.constants()
			sql += pick(g, []string{" CROSS JOIN " + more, " JOIN " + more + " ON " + g.condition(in, right, true), " LEFT JOIN " + more + " ON TRUE"})
			in = append(in, right...)
			continue
		}
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
		case g.chance(50): // a subquery about both
			sql += " JOIN " + more + " ON " + g.condition(in, right, true) + " AND " + g.subquery(slices.Concat(in, right))
		default: // no key between the first two, but with the third
			third, last := g.item(0)
			sql += " CROSS JOIN " + more + " JOIN " + third + " ON " + g.condition(in, last, true) + " AND " + g.condition(right, last, true)
			right = append(right, last...)
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
	r := g.relation()
	if r.topic && g.chance(40) {
		return g.window(r, alias)
	}
	return r.name + " AS " + alias, qualified(alias, r.columns)
}

// relation picks one that a query reads.
func (g *gen) relation() relation {
	r := pick(g, g.relations)
	g.lagging = g.lagging || r.lags
	return r
}

// constants is a relation that is no one's.
func (g *gen) constants() (string, scope) {
	g.alias++
	alias := fmt.Sprintf("r%d", g.alias)
	k := pick(g, []kind{integer, text, date})
	var elements []string
	for range 1 + g.IntN(3) {
		elements = append(elements, g.value(k, true))
	}
	return fmt.Sprintf("unnest(ARRAY[%s]::%s[]) AS %s(u)", strings.Join(elements, ", "), k, alias), scope{{alias + ".u", k}}
}

func qualified(alias string, cols []column) scope {
	out := make(scope, len(cols))
	for i, c := range cols {
		out[i] = column{alias + "." + c.name, c.kind}
	}
	return out
}
