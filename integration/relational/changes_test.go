package relational

import (
	"fmt"
	"strings"
)

// change is a random INSERT, UPDATE or DELETE on one of the tables.
func (g *gen) change() string {
	t := pick(g, g.tables)
	switch n := g.IntN(10); {
	case n < 5:
		return g.insert(t)
	case n < 8:
		return g.update(t)
	}
	return g.remove(t)
}

func (g *gen) insert(t relation) string {
	if g.chance(12) {
		from := pick(g, g.tables)
		alias := "x"
		in := qualified(alias, from.columns)
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
	var rows []string
	for range 1 + g.IntN(3) {
		var cells []string
		for i, c := range t.columns {
			cells = append(cells, g.value(c.kind, i >= t.key || g.chance(3)))
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	sql := fmt.Sprintf("INSERT INTO %s VALUES %s", t.name, strings.Join(rows, ", "))
	if t.key > 0 {
		switch g.IntN(4) {
		case 0:
			sql += " ON CONFLICT DO NOTHING"
		case 1, 2:
			if len(t.columns) > t.key {
				c := t.columns[t.key+g.IntN(len(t.columns)-t.key)]
				sql += fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s = %s", names(t.columns[:t.key]), c.name, pick(g, []string{"excluded." + c.name, g.value(c.kind, true)}))
			}
		}
	}
	return sql
}

func (g *gen) update(t relation) string {
	in := scope(t.columns)
	if t.key == 1 && g.chance(15) || t.key == len(t.columns) {
		return g.move(t)
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
	return fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", t.name, c.name, e, g.predicateOn(t))
}

// move gives rows another key. Where keys meet on the way but not at the end,
// PostgreSQL refuses by chance; so all rows move to one key, of one column.
func (g *gen) move(t relation) string {
	c := t.columns[0]
	if t.key > 1 {
		return g.remove(t)
	}
	return fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s = %s", t.name, c.name, g.literal(c.kind), c.name, g.literal(c.kind))
}

func (g *gen) remove(t relation) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s", t.name, g.predicateOn(t))
}

// predicateOn is a condition on one table, now and then with a subquery.
func (g *gen) predicateOn(t relation) string {
	if g.chance(10) {
		other := pick(g, g.tables)
		for range 5 {
			c := pick(g, t.columns)
			if same := qualified("o", other.columns).of(c.kind); len(same) > 0 {
				return c.name + " IN (SELECT " + pick(g, same).name + " FROM " + other.name + " AS o)"
			}
		}
	}
	return g.simple(t.columns)
}

// transaction is a few changes between BEGIN and COMMIT or ROLLBACK.
func (g *gen) transaction() []string {
	out := []string{"BEGIN"}
	for range 1 + g.IntN(4) {
		out = append(out, g.change())
	}
	return append(out, pick(g, []string{"COMMIT", "COMMIT", "COMMIT", "ROLLBACK"}))
}
