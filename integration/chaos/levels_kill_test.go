package chaos

import (
	"strings"
	"testing"
	"time"
)

// levels is views three levels deep over two streams and a table: agree comes
// to the same numbers on two ways, over views and from the streams themselves,
// which must agree at every moment.
func levels(r *relations) {
	r.view("per_a", "k, n, total", `SELECT k, count(*) AS n, sum(v) AS total FROM a GROUP BY k`, perKeyOf("a"))
	r.view("per_b", "k, n, total", `SELECT k, count(*) AS n, sum(v) AS total FROM b GROUP BY k`, perKeyOf("b"))
	r.view("over_views", "grp, na, nb, total", `SELECT i.grp, sum(coalesce(p.n, 0)) AS na, sum(coalesce(q.n, 0)) AS nb, sum(coalesce(p.total, 0) + coalesce(q.total, 0)) AS total
		FROM items i LEFT JOIN per_a p ON p.k = i.k LEFT JOIN per_b q ON q.k = i.k GROUP BY i.grp`, wantGroups)
	const direct = `SELECT i.grp, sum(x.a) AS na, sum(x.b) AS nb, sum(x.v) AS total
		FROM items i JOIN (SELECT k, 1 AS a, 0 AS b, v FROM a UNION ALL SELECT k, 0, 1, v FROM b UNION ALL SELECT k, 0, 0, 0 FROM items) x ON x.k = i.k GROUP BY i.grp`
	r.view("agree", twoWays, `SELECT o.grp, o.na, d.na AS na2, o.nb, d.nb AS nb2, o.total, d.total AS total2
		FROM over_views o FULL JOIN (`+direct+`) d ON o.grp = d.grp`, wantTwice)
	r.topic("agree_topic", twoWays, `SELECT `+twoWays+` FROM agree WHERE grp IS NOT NULL`, wantTwice)
}

const twoWays = "grp, na, na2, nb, nb2, total, total2"

func wantGroups(w *world) (rows [][]int64) {
	a, b := perKey(w.streams["a"]), perKey(w.streams["b"])
	m := map[int64][3]int64{}
	for k, x := range w.items {
		c := m[x.grp]
		m[x.grp] = [3]int64{c[0] + a[k][0], c[1] + b[k][0], c[2] + a[k][1] + b[k][1]}
	}
	for g, c := range m {
		rows = append(rows, []int64{g, c[0], c[1], c[2]})
	}
	return rows
}

func wantTwice(w *world) (rows [][]int64) {
	for _, r := range wantGroups(w) {
		rows = append(rows, []int64{r[0], r[1], r[1], r[2], r[2], r[3], r[3]})
	}
	return rows
}

// halfMoment says what is wrong with a row of agree whose two ways do not
// agree; "" of one that is right.
func halfMoment(cells []string) string {
	if len(cells) != 7 || cells[1] != cells[2] || cells[3] != cells[4] || cells[5] != cells[6] || cells[0] == `\N` {
		return "a moment that never was: " + strings.Join(cells, " ")
	}
	return ""
}

// TestKillThreeLevels: SIGKILL under views on views on views over two streams
// and a table, with an upsert topic, SELECT and SUBSCRIBE at the top.
func TestKillThreeLevels(t *testing.T) {
	violently(t, "", []string{"a", "b"}, func(r *relations, seed uint64) {
		for _, f := range r.feeds {
			f.drift, f.keys = 0, 600
		}
		r.table(2, 600, seed)
		levels(r)
		watch := r.subscribe("agree", halfMoment)
		r.run()
		for range shortKills() {
			r.blow()
			for _, row := range r.n.query("SELECT " + twoWays + " FROM agree") {
				if wrong := halfMoment(row); wrong != "" {
					r.t.Errorf("SELECT: %s", wrong)
				}
			}
		}
		time.Sleep(300 * time.Millisecond)
		r.after = func() { // nothing flows any more
			watch.settle(lines(wantTwice(r.world())))
			r.topicAgrees("agree_topic", halfMoment)
		}
	})
}
