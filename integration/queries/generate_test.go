package queries

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes random queries. Columns of every relation are a (int),
// b (bigint) and s (text), so that any two can be compared by kind.
type generator struct {
	*rand.Rand
	names int
	// common: there is a query t4 in WITH.
	common bool
	// outer are the names of relations of the queries around, which a subquery
	// may refer to.
	outer []string
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) one(in int) bool { return g.IntN(in) == 0 }

func (g *generator) name() string {
	g.names++
	return fmt.Sprintf("x%d", g.names)
}

func (g *generator) statement() string {
	var rels []string
	for i := range 3 {
		var rows []string
		for range 1 + g.IntN(6) {
			rows = append(rows, fmt.Sprintf("(%s, %s, %s)", g.literal("int"), g.literal("bigint"), g.literal("text")))
		}
		rels = append(rels, fmt.Sprintf("t%d(a, b, s) AS (VALUES %s)", i+1, strings.Join(rows, ", ")))
	}
	if g.one(2) { // a query that may be used more than once
		// Grouped, so that joins of it with itself stay small.
		rels = append(rels, "t4 AS (SELECT a, max(b) AS b, min(s) AS s FROM ("+g.query(1)+") AS q GROUP BY a)")
		g.common = true
	}
	return "WITH " + strings.Join(rels, ",\n") + "\n" + g.query(2)
}

// relation is one of WITH.
func (g *generator) relation() string {
	if g.common && g.one(2) {
		return "t4"
	}
	return g.pick("t1", "t2", "t3")
}

func (g *generator) literal(kind string) string {
	if g.one(5) {
		return "NULL::" + kind
	}
	if kind == "text" {
		return "'" + g.pick("x", "y", "z") + "'::text"
	}
	return fmt.Sprintf("%d::%s", g.IntN(5), kind)
}

// query gives columns a, b and s.
func (g *generator) query(depth int) string {
	if depth > 0 && g.one(6) {
		return fmt.Sprintf("(%s)\n%s (%s)", g.query(depth-1),
			g.pick("UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"), g.query(depth-1))
	}
	from, rels := g.from(depth)
	where := ""
	if !g.one(3) {
		where = "\nWHERE " + g.predicate(rels, depth, 2)
	}
	switch g.IntN(6) {
	case 0:
		return g.grouped(from, where, rels, depth)
	case 1:
		return fmt.Sprintf("SELECT DISTINCT %s, %s, %s\nFROM %s%s", g.column(rels, "a"), g.column(rels, "b"), g.column(rels, "s"), from, where)
	}
	if g.one(12) {
		return fmt.Sprintf("SELECT %s AS a, %s AS b, %s AS s\nFROM %s%s", g.set(rels), g.column(rels, "b"), g.column(rels, "s"), from, where)
	}
	return fmt.Sprintf("SELECT %s AS a, %s AS b, %s AS s\nFROM %s%s",
		g.number(rels, "a", depth), g.number(rels, "b", depth), g.column(rels, "s"), from, where)
}

func (g *generator) grouped(from, where string, rels []string, depth int) string {
	key := g.column(rels, g.pick("a", "s"))
	having := ""
	if g.one(2) {
		having = "\nHAVING count(*) >= " + g.pick("1", "2", "(SELECT count(*) FROM t3)", "(SELECT min(b) FROM t2)")
	}
	if g.one(6) {
		having = "\nHAVING " + g.pick("bool_or", "bool_and", "every") + "(" + g.comparison(rels) + ")"
	}
	first := "max(" + g.column(rels, "a") + ")"
	text := "min(" + g.column(rels, "s") + ")"
	switch g.IntN(6) {
	case 0:
		column := g.column(rels, "s")
		text = fmt.Sprintf("string_agg(%s%s, '-' ORDER BY %s%s)", g.pick("", "DISTINCT "), column, column, g.pick("", " DESC"))
	case 1:
		text = fmt.Sprintf("array_agg(%s ORDER BY %s%s)::text", g.column(rels, "b"), g.column(rels, "b"), g.pick("", " NULLS FIRST", " DESC"))
		if column := text[len("array_agg("):strings.Index(text, " ORDER")]; !strings.Contains(text, "ORDER BY "+column) {
			text = "array_agg(" + column + " ORDER BY " + column + ")::text" // so that there is one answer
		}
	}
	if strings.HasSuffix(key, "a") {
		first = key
	} else {
		text = key
	}
	second := fmt.Sprintf("count(%s%s)", g.pick("", "DISTINCT "), g.column(rels, "b"))
	if depth > 0 && g.one(4) {
		second = "(SELECT count(*) FROM t2 WHERE " + key + " = t2." + key[strings.LastIndex(key, ".")+1:] + ")"
	}
	return fmt.Sprintf("SELECT %s AS a, %s AS b, %s AS s\nFROM %s%s\nGROUP BY %s%s", first, second, text, from, where, key, having)
}

// number is an integer expression: mostly a column.
func (g *generator) number(rels []string, column string, depth int) string {
	switch {
	case depth > 0 && g.one(8):
		return "(" + g.scalar(rels, column) + ")"
	case depth > 0 && g.one(16):
		inner := g.name()
		return fmt.Sprintf("array_length(ARRAY(SELECT %s.%s FROM %s AS %s WHERE %s), 1)", inner, column, g.relation(), inner, g.equality(rels, inner))
	case depth > 0 && g.one(12):
		return "CASE WHEN " + g.membership(rels, depth) + " THEN 1 ELSE 0 END"
	case g.one(10):
		return fmt.Sprintf("coalesce(%s, %d)", g.column(rels, column), g.IntN(4))
	}
	return g.column(rels, column)
}

// set is a function that gives rows, of integers.
func (g *generator) set(rels []string) string {
	if g.one(2) {
		return fmt.Sprintf("generate_series(%s, %d)", g.column(rels, "a"), g.IntN(5))
	}
	return fmt.Sprintf("unnest(ARRAY[%s, %s])", g.column(rels, "a"), g.pick("1", "NULL", g.column(rels, "a")))
}

func (g *generator) column(rels []string, column string) string {
	return rels[g.IntN(len(rels))] + "." + column
}

// from gives a FROM list and the names in it.
func (g *generator) from(depth int) (string, []string) {
	text, name := g.item(depth)
	rels := []string{name}
	for range g.IntN(3) {
		item, name := g.item(depth)
		all := append(append([]string{}, rels...), name)
		switch g.IntN(7) {
		case 0:
			text += ", " + item
		case 1:
			text += " CROSS JOIN " + item
		default:
			kind := g.pick("JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
			on := fmt.Sprintf("%s = %s", g.column(rels, g.pick("a", "b")), name+"."+g.pick("a", "b"))
			if g.one(4) {
				on = fmt.Sprintf("%s = %s", g.column(rels, "s"), name+".s")
			}
			if g.one(3) && kind != "FULL JOIN" {
				on += " AND " + g.comparison(all)
			}
			if g.one(8) && kind != "FULL JOIN" {
				on = g.comparison(all)
			}
			text += "\n  " + kind + " " + item + " ON " + on
		}
		rels = all
	}
	return text, rels
}

func (g *generator) item(depth int) (text, name string) {
	name = g.name()
	if depth > 0 && g.one(4) {
		outer := g.outer
		g.outer = nil
		defer func() { g.outer = outer }()
		return "(" + g.query(depth-1) + ") AS " + name, name
	}
	return g.relation() + " AS " + name, name
}

func (g *generator) predicate(rels []string, depth, size int) string {
	if size > 0 && g.one(2) {
		return g.predicate(rels, depth, size-1) + g.pick(" AND ", " AND ", " OR ") + g.predicate(rels, depth, size-1)
	}
	if depth > 0 && g.one(2) {
		return g.membership(rels, depth)
	}
	if g.one(6) {
		return "NOT (" + g.comparison(rels) + ")"
	}
	return g.comparison(rels)
}

func (g *generator) comparison(rels []string) string {
	switch g.IntN(6) {
	case 0:
		return g.column(rels, g.pick("a", "b", "s")) + g.pick(" IS NULL", " IS NOT NULL")
	case 1:
		return g.column(rels, "s") + " " + g.pick("=", "<>", "<", "IS DISTINCT FROM") + " '" + g.pick("x", "y") + "'"
	case 2:
		return fmt.Sprintf("%s %s %d", g.column(rels, g.pick("a", "b")), g.pick("=", "<>", "<", ">="), g.IntN(5))
	case 3:
		return fmt.Sprintf("%s + 1 > %s", g.column(rels, "a"), g.column(rels, "b"))
	}
	return g.column(rels, g.pick("a", "b")) + g.pick(" = ", " <> ", " < ", " IS NOT DISTINCT FROM ") + g.column(rels, g.pick("a", "b"))
}

// membership is EXISTS, IN, ANY, ALL or a comparison with a scalar subquery.
func (g *generator) membership(rels []string, depth int) string {
	inner := g.name()
	rel := g.relation() + " AS " + inner
	where := g.condition(rels, inner)
	column := g.pick("a", "b")
	switch g.IntN(6) {
	case 0, 1:
		if depth > 1 && g.one(3) {
			where += " AND " + g.membership([]string{inner}, depth-1)
		}
		return g.pick("", "NOT ") + "EXISTS (SELECT 1 FROM " + rel + " WHERE " + where + ")"
	case 2:
		return fmt.Sprintf("%s %sIN (SELECT %s FROM %s)", g.column(rels, g.pick("a", "b")), g.pick("", "NOT "), inner+"."+column, rel)
	case 3:
		return fmt.Sprintf("%s %sIN (SELECT %s FROM %s WHERE %s)", g.column(rels, g.pick("a", "b")), g.pick("", "NOT "), inner+"."+column, rel, where)
	case 4:
		return fmt.Sprintf("%s %s %s (SELECT %s FROM %s WHERE %s)", g.column(rels, "a"), g.pick("=", "<>", "<", ">="),
			g.pick("ANY", "ALL"), inner+"."+column, rel, g.equality(rels, inner))
	}
	return fmt.Sprintf("%s %s (%s)", g.column(rels, column), g.pick("=", "<", ">"), g.scalar(rels, column))
}

// condition relates a subquery's relation to the query around it, or not.
func (g *generator) condition(rels []string, inner string) string {
	switch g.IntN(4) {
	case 0:
		return g.comparison([]string{inner})
	case 1:
		return g.equality(rels, inner) + " AND " + g.comparison([]string{inner, rels[g.IntN(len(rels))]})
	}
	return g.equality(rels, inner)
}

func (g *generator) equality(rels []string, inner string) string {
	if g.one(4) {
		return inner + ".s = " + g.column(rels, "s")
	}
	return inner + "." + g.pick("a", "b") + " = " + g.column(rels, g.pick("a", "b"))
}

// scalar is a query of one row, or of one row at most for PostgreSQL to check.
func (g *generator) scalar(rels []string, column string) string {
	inner := g.name()
	rel := g.relation() + " AS " + inner
	switch g.IntN(5) {
	case 0:
		return fmt.Sprintf("SELECT %s(%s.%s) FROM %s", g.pick("min", "max"), inner, column, rel)
	case 1:
		return fmt.Sprintf("SELECT count(*) + 1 FROM %s WHERE %s", rel, g.equality(rels, inner))
	case 2:
		return fmt.Sprintf("SELECT %s.%s FROM %s WHERE %s", inner, column, rel, g.equality(rels, inner))
	case 3:
		return fmt.Sprintf("SELECT coalesce(max(%s.%s), 0) FROM %s WHERE %s", inner, column, rel, g.equality(rels, inner))
	}
	return fmt.Sprintf("SELECT max(%s.%s) + %s FROM %s WHERE %s", inner, column, g.column(rels, column), rel, g.equality(rels, inner))
}
