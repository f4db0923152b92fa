package relational

import (
	"fmt"
	"strings"
)

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
	if a, b := left.of(timestamp), right.of(timestamp); more && len(a) > 0 && len(b) > 0 && g.chance(40) {
		// Between two watermarked columns it bounds what is kept.
		x, y := pick(g, a).name, pick(g, b).name
		on = append(on, pick(g, []string{
			x + " BETWEEN " + y + " - INTERVAL '20 minutes' AND " + y + " + INTERVAL '5 minutes'",
			x + " >= " + y + " AND " + x + " < " + y + " + INTERVAL '15 minutes'",
		}))
	}
	if more && g.chance(20) {
		on = append(on, g.simple(append(append(scope{}, left...), right...)))
	}
	return strings.Join(on, " AND ")
}

func (g *gen) where(in scope, depth int) string {
	if g.chance(60) {
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
	for range 8 {
		c := pick(g, in)
		from, d, filter, ok := g.inner(c.kind)
		if !ok {
			continue
		}
		switch g.IntN(5) {
		case 0:
			return c.name + " IN (SELECT " + d.name + " FROM " + from + filter + ")"
		case 1:
			return c.name + " NOT IN (SELECT " + d.name + " FROM " + from + filter + ")"
		case 2, 3:
			return pick(g, []string{"", "NOT "}) + "EXISTS (SELECT 1 FROM " + from + correlated(c, d, filter) + ")"
		}
		if c.kind.hasExtremes() {
			return c.name + pick(g, []string{" = ", " < ", " >= "}) + "(SELECT max(" + d.name + ") FROM " + from + filter + ")"
		}
	}
	return g.simple(in)
}

// inner is the relation of a subquery: its FROM, a column of a kind, and WHERE.
func (g *gen) inner(k kind) (from string, d column, filter string, ok bool) {
	g.alias++
	alias := fmt.Sprintf("s%d", g.alias)
	r := pick(g, g.relations)
	cols := qualified(alias, r.columns)
	same := cols.of(k)
	if len(same) == 0 {
		return "", column{}, "", false
	}
	g.lagging = g.lagging || r.lags
	if g.chance(40) {
		filter = " WHERE " + g.simple(cols)
	}
	return r.name + " AS " + alias, pick(g, same), filter, true
}

// correlated is a subquery's WHERE with an equality to a column outside.
func correlated(outside, inside column, filter string) string {
	where := " WHERE " + inside.name + " = " + outside.name
	if filter != "" {
		where += " AND " + strings.TrimPrefix(filter, " WHERE ")
	}
	return where
}

// simple is a condition on columns and constants.
func (g *gen) simple(in scope) string {
	c := pick(g, in)
	if g.chance(50) {
		switch c.kind {
		case boolean:
			return pick(g, []string{c.name, "NOT " + c.name, c.name + " IS TRUE", c.name + " IS NULL"})
		case jsonb:
			return c.name + pick(g, []string{` @> '{"a": 1}'`, ` ? 'a'`, ` ->> 'a' = '2'`, ` #> '{b,0}' = '1'::JSONB`, ` -> 'b' IS NULL`})
		case integers:
			return fmt.Sprintf(pick(g, []string{"1 = ANY(%s)", "%s[1] = 1", "cardinality(%s) > 1", "3 <> ALL(%s)"}), c.name)
		}
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
