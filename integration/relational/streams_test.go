package relational

import (
	"fmt"
	"strings"
	"time"
)

// topic is a stream of a case. PostgreSQL has a table of the same rows.
//
// Event time never falls within a partition, so no row is late, wherever the
// watermark stands when a query begins to read: what a query rejects would be
// missing from its rows, and PostgreSQL knows no lateness.
type topic struct {
	relation
	partitions int
	watermark  bool
	at         []time.Time // of each partition's last row
}

var epoch = time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC)

// stream makes the step that declares a stream: partitions, name, columns. The
// first column is event time.
func (g *gen) stream() string {
	s := &topic{partitions: 1 + g.IntN(3), watermark: g.chance(70)}
	for range s.partitions {
		s.at = append(s.at, epoch)
	}
	n := fmt.Sprint(len(g.streams) + 1)
	s.relation = relation{name: g.prefix + "s" + n, lags: true, topic: true}
	s.columns = append([]column{{"ts" + n, timestamp}}, g.columns("s"+n, 1+g.IntN(3), 0)...)
	parts := definitions(s.columns)
	if s.watermark {
		parts = append(parts, fmt.Sprintf("WATERMARK FOR ts%s AS ts%s - INTERVAL '%d minutes'", n, n, 5*g.IntN(4)))
	}
	g.streams = append(g.streams, s)
	g.relations = append(g.relations, s.relation)
	return fmt.Sprintf("%d %s (%s)", s.partitions, s.name, strings.Join(parts, ", "))
}

// records makes the step that appends rows to a partition of a stream.
func (g *gen) records() string {
	s := pick(g, g.streams)
	p := g.IntN(s.partitions)
	var rows []string
	for range 1 + g.IntN(6) {
		s.at[p] = s.at[p].Add(time.Duration(g.IntN(7)) * 5 * time.Minute / time.Duration(pick(g, []int{1, 1, 1, 2})))
		fields := []string{fmt.Sprintf("%q: %q", s.columns[0].name, s.at[p].Format("2006-01-02 15:04:05"))}
		for _, c := range s.columns[1:] {
			fields = append(fields, fmt.Sprintf("%q: %s", c.name, g.field(c.kind)))
		}
		rows = append(rows, "{"+strings.Join(fields, ", ")+"}")
	}
	return fmt.Sprintf("%d %s [%s]", p, s.name, strings.Join(rows, ", "))
}

// window is a stream under a window function, with the columns that it adds.
func (g *gen) window(s relation, alias string) (string, scope) {
	in := qualified(alias, append([]column{{"window_start", timestamp}, {"window_end", timestamp}}, s.columns...))
	call := pick(g, []string{
		"TUMBLE(%s, %s, INTERVAL '10 minutes')", "TUMBLE(%s, %s, INTERVAL '1 hour')",
		"HOP(%s, %s, INTERVAL '10 minutes', INTERVAL '30 minutes')", "HOP(%s, %s, INTERVAL '5 minutes', INTERVAL '10 minutes')",
	})
	return fmt.Sprintf(call, s.name, s.columns[0].name) + " AS " + alias, in
}

// closing is a query whose windows come once they have closed.
func (g *gen) closing() (string, []column, bool) {
	s := pick(g, g.streams)
	if !s.watermark {
		return "", nil, false
	}
	g.alias++
	from, in := g.window(s.relation, fmt.Sprintf("r%d", g.alias))
	out := []column{{"c1", timestamp}}
	sql := "SELECT " + in[1].name + " AS c1"
	keys := names([]column(in[:2]))
	if g.chance(60) {
		c := pick(g, in[3:])
		keys += ", " + c.name
		out = append(out, column{"c2", c.kind})
		sql += ", " + c.name + " AS c2"
	}
	for range 1 + g.IntN(2) {
		e, k := g.aggregate(in[2:])
		out = append(out, column{fmt.Sprintf("c%d", len(out)+1), k})
		sql += ", " + e + " AS " + out[len(out)-1].name
	}
	where := ""
	if g.chance(30) {
		where = " WHERE " + g.simple(in[3:])
	}
	return sql + " FROM " + from + where + " GROUP BY " + keys + " EMIT ON WINDOW CLOSE", out, true
}
