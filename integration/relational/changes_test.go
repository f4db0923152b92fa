package relational

import (
	"fmt"
	"strings"
)

// change is a random INSERT, UPDATE, DELETE or COPY on one of the tables; inside
// of a transaction it reads tables alone, as views show what is committed.
func (g *gen) change(inside bool) step {
	t := pick(g, g.tables)
	switch n := g.IntN(20); {
	case n < 2:
		return step{load, g.rows(t, 1+g.IntN(20))}
	case n < 10:
		return step{statement, g.returning(t, g.insert(t, inside))}
	case n < 17:
		return step{statement, g.returning(t, g.update(t, inside))}
	}
	return step{statement, g.returning(t, g.remove(t, inside))}
}

// returning adds RETURNING now and then.
func (g *gen) returning(t relation, sql string) string {
	if !g.chance(20) {
		return sql
	}
	if g.chance(50) {
		return sql + " RETURNING *"
	}
	e, _ := g.scalar(scope(t.columns), 0)
	return sql + " RETURNING " + e + " AS r, " + t.columns[0].name
}

// rows is COPY's data for a table: its name, then lines.
func (g *gen) rows(t relation, n int) string {
	var b strings.Builder
	seen := map[string]bool{}
	for range n {
		var cells []string
		for i, c := range t.columns {
			cells = append(cells, g.cell(c.kind, i >= t.key))
		}
		// Rows that collide are COPY's to refuse, but not mostly.
		key := strings.Join(cells[:t.key], "\t")
		if t.key > 0 && seen[key] && !g.chance(2) {
			continue
		}
		seen[key] = true
		b.WriteString(strings.Join(cells, "\t") + "\n")
	}
	return fmt.Sprintf("%s %q", t.name, b.String())
}

func (g *gen) insert(t relation, inside bool) string {
	if g.chance(12) {
		return g.insertQuery(t, inside)
	}
	var rows []string
	for range 1 + g.IntN(3) {
		var cells []string
		for i, c := range t.columns {
			cell := g.value(c.kind, i >= t.key || g.chance(3))
			if from := g.readable(inside); i >= t.key && c.kind.hasExtremes() && g.chance(4) {
				if same := from.columns; len(scope(same).of(c.kind)) > 0 {
					cell = "(SELECT max(" + pick(g, scope(same).of(c.kind)).name + ") FROM " + from.name + ")"
				}
			}
			cells = append(cells, cell)
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	sql := fmt.Sprintf("INSERT INTO %s VALUES %s", t.name, strings.Join(rows, ", "))
	if t.key == 0 {
		return sql
	}
	switch n := g.IntN(4); {
	case n == 0:
		sql += " ON CONFLICT DO NOTHING"
	case n <= 2 && len(t.columns) > t.key:
		c := t.columns[t.key+g.IntN(len(t.columns)-t.key)]
		sql += fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s = %s", names(t.columns[:t.key]), c.name, pick(g, []string{"excluded." + c.name, g.value(c.kind, true)}))
	}
	return sql
}

func (g *gen) insertQuery(t relation, inside bool) string {
	from := g.readable(inside)
	in := qualified("x", from.columns)
	var items []string
	for i, c := range t.columns {
		if t.key > 0 && i >= t.key {
			// Of two rows with one key the first is taken, and which is first is open.
			items = append(items, "CAST("+g.value(c.kind, true)+" AS "+string(c.kind)+")")
			continue
		}
		items = append(items, g.ofKind(in, c.kind))
	}
	sql := fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s AS x WHERE %s", t.name, strings.Join(items, ", "), from.name, g.simple(in))
	if t.key > 0 {
		sql += " ON CONFLICT DO NOTHING"
	}
	return sql
}

func (g *gen) update(t relation, inside bool) string {
	in := scope(t.columns)
	if t.key == 1 && g.chance(15) || t.key == len(t.columns) {
		return g.move(t, inside)
	}
	c := t.columns[t.key+g.IntN(len(t.columns)-t.key)]
	e := g.value(c.kind, true)
	switch {
	case c.kind == integer && g.chance(50):
		e = c.name + " + 1"
	case g.chance(30):
		if same := in.of(c.kind); len(same) > 1 {
			e = pick(g, same).name
		}
	}
	return fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", t.name, c.name, e, g.predicateOn(t, inside))
}

// move gives rows another key. Where keys meet on the way but not at the end,
// PostgreSQL refuses by chance; so all rows move to one key, of one column.
func (g *gen) move(t relation, inside bool) string {
	c := t.columns[0]
	if t.key > 1 {
		return g.remove(t, inside)
	}
	return fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s = %s", t.name, c.name, g.literal(c.kind), c.name, g.literal(c.kind))
}

func (g *gen) remove(t relation, inside bool) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s", t.name, g.predicateOn(t, inside))
}

// predicateOn is a condition on one table, now and then with a subquery.
func (g *gen) predicateOn(t relation, inside bool) string {
	if g.chance(10) {
		other := g.readable(inside)
		for range 5 {
			c := pick(g, t.columns)
			if same := qualified("o", other.columns).of(c.kind); len(same) > 0 {
				return c.name + " IN (SELECT " + pick(g, same).name + " FROM " + other.name + " AS o)"
			}
		}
	}
	if g.chance(60) { // few rows, so that some stay
		return t.columns[0].name + " = " + g.literal(t.columns[0].kind)
	}
	return g.simple(t.columns)
}

// readable is a relation whose rows a statement sees as of now: not those that
// show a stream's.
func (g *gen) readable(inside bool) relation {
	if r := pick(g, g.relations); !inside && !r.lags {
		return r
	}
	return pick(g, g.tables)
}

// transaction is a few changes and queries between BEGIN and COMMIT or ROLLBACK.
func (g *gen) transaction() []step {
	out := []step{{statement, "BEGIN"}}
	for range 1 + g.IntN(4) {
		out = append(out, g.change(true))
		if g.chance(25) {
			out = append(out, g.inside())
		}
	}
	return append(out, step{statement, pick(g, []string{"COMMIT", "COMMIT", "COMMIT", "ROLLBACK"})})
}

// inside is a query that a transaction asks of the tables that it changes.
func (g *gen) inside() step {
	saved := g.relations
	g.relations = g.tables
	defer func() { g.relations = saved }()
	sql, _ := g.query(1)
	return step{query, sql}
}
