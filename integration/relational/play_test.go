package relational

import (
	"encoding/json"
	"fmt"
	"strings"
)

// play makes the steps of a case one by one; try says whether a step was taken.
func (g *gen) play(try func(step) bool, v variant) {
	for range 2 + g.IntN(2) {
		try(step{statement, g.table()})
	}
	for range g.IntN(3) {
		try(step{stream, g.stream()})
	}
	for _, t := range g.tables {
		if g.chance(80) { // the others begin empty
			try(step{load, g.rows(t, 5+g.IntN(30))})
		}
	}
	for range 3 * len(g.streams) {
		try(step{records, g.records()})
	}
	g.changes(try, g.IntN(12))
	for range 2 + g.IntN(3) {
		g.view(try)
		g.changes(try, g.IntN(4))
	}
	for range 3 + g.IntN(3) {
		g.changes(try, 1+g.IntN(8))
		if g.chance(30) {
			try(g.concurrently())
		}
		switch {
		case g.chance(15):
			g.view(try)
		case g.chance(15):
			g.drop(try)
		}
		if v.restarts() && g.chance(40) {
			try(step{restart, ""})
		}
		for range g.IntN(3) {
			g.ask(try, false)
		}
		try(step{check, ""})
		if g.chance(50) {
			g.ask(try, true)
		}
	}
}

// changes changes tables, and now and then appends to streams.
func (g *gen) changes(try func(step) bool, n int) {
	for range n {
		switch {
		case len(g.streams) > 0 && g.chance(30):
			try(step{records, g.records()})
		case g.chance(15):
			for _, s := range g.transaction() {
				try(s)
			}
		default:
			try(g.change(false))
		}
	}
}

// view makes a view over what there is, other views included.
func (g *gen) view(try func(step) bool) {
	if r, sql := g.viewOf(); try(step{view, sql}) {
		g.relations = append(g.relations, r)
	}
}

// viewOf makes a view's name and query.
func (g *gen) viewOf() (r relation, sql string) {
	g.views++
	name := fmt.Sprintf("%sv%d", g.prefix, g.views)
	g.lagging = false
	sql, cols := g.query(2)
	if len(g.streams) > 0 && g.chance(35) {
		if closing, of, ok := g.closing(); ok {
			sql, cols, g.lagging = closing, of, true
		}
	}
	return relation{name: name, columns: cols, lags: g.lagging, view: true}, name + " AS " + sql
}

// drop drops a view, which is refused while others read it.
func (g *gen) drop(try func(step) bool) {
	if r := pick(g, g.relations); r.view && try(step{drop, r.name}) {
		g.forget(r.name)
	}
}

// ask asks both at once: after FLUSH whatever there is, else only what does not
// depend on a stream, as a session sees what it has written.
func (g *gen) ask(try func(step) bool, flushed bool) {
	q := g.question()
	if g.lagging && !flushed {
		return
	}
	if flushed {
		try(q)
		return
	}
	t := pick(g, g.tables)
	change := step{statement, pick(g, []string{g.insert(t, true), g.update(t, true)})}
	text, _ := json.Marshal([]string{change.String(), q.String()})
	try(step{chase, string(text)})
}

// question is a query, with an order or without.
func (g *gen) question() step {
	g.lagging = false
	if g.chance(25) {
		if r := g.relation(); r.view {
			return step{query, "SELECT * FROM " + r.name}
		}
	}
	sql, cols := g.query(2)
	if !g.chance(30) || strings.HasPrefix(sql, "WITH ") {
		return step{query, sql}
	}
	// In the order of all columns equal rows alone tie.
	var order []string
	for i := range cols {
		order = append(order, fmt.Sprint(i+1)+pick(g, []string{"", " DESC", " NULLS FIRST", " DESC NULLS LAST"}))
	}
	sql = "SELECT * FROM (" + sql + ") AS q ORDER BY " + strings.Join(order, ", ")
	if g.chance(60) {
		sql += fmt.Sprintf(" LIMIT %d OFFSET %d", g.IntN(6), g.IntN(3))
	}
	return step{ordered, sql}
}
