package chaos

import "testing"

// often is how many rows make a key one that comes often.
const often = 4

// selfJoin is queries that join a stream with views over the same stream.
func selfJoin(r *relations) {
	// each maps every row of the stream and the count and sum of its key.
	each := func(f func(e event, c [2]int64) []int64) naive {
		return func(w *world) (rows [][]int64) {
			per := perKey(w.streams["s"])
			for _, e := range w.streams["s"] {
				if row := f(e, per[e.k]); row != nil {
					rows = append(rows, row)
				}
			}
			return rows
		}
	}
	r.view("per_key", "k, n, total", `SELECT k, count(*) AS n, sum(v) AS total FROM s GROUP BY k`, perKeyOf("s"))
	r.view("frequent", "k, n", `SELECT k, count(*) AS n FROM s GROUP BY k HAVING count(*) >= 4`,
		func(w *world) (rows [][]int64) {
			for k, c := range perKey(w.streams["s"]) {
				if c[0] >= often {
					rows = append(rows, []int64{k, c[0]})
				}
			}
			return rows
		})
	r.view("each", "id, k, v, n, total", `SELECT s.id, s.k, s.v, p.n, p.total FROM s JOIN per_key p ON s.k = p.k`,
		each(func(e event, c [2]int64) []int64 { return []int64{e.id, e.k, e.v, c[0], c[1]} }))
	r.view("outer_each", "id, n", `SELECT s.id, f.n FROM s LEFT JOIN frequent f ON s.k = f.k`,
		each(func(e event, c [2]int64) []int64 {
			if c[0] < often {
				return []int64{e.id, null}
			}
			return []int64{e.id, c[0]}
		}))
	r.view("rare", "id", `SELECT id FROM s WHERE NOT EXISTS (SELECT 1 FROM frequent f WHERE f.k = s.k)`,
		each(func(e event, c [2]int64) []int64 {
			if c[0] < often {
				return []int64{e.id}
			}
			return nil
		}))
	r.topic("products", "k, rows, total", `SELECT s.k, count(*) AS rows, sum(p.total) AS total FROM s JOIN per_key p ON s.k = p.k GROUP BY s.k`,
		func(w *world) (rows [][]int64) {
			for k, c := range perKey(w.streams["s"]) {
				rows = append(rows, []int64{k, c[0], c[0] * c[1]})
			}
			return rows
		})
}

// TestKillStreamJoinedWithItsView: SIGKILL while a stream is joined with views
// over the same stream. Each row of the stream must meet exactly the view that
// holds all rows, its own included.
func TestKillStreamJoinedWithItsView(t *testing.T) {
	violently(t, "", []string{"s"}, func(r *relations, _ uint64) {
		r.feeds[0].feed(5_000)
		selfJoin(r)
		r.run()
		for range shortKills() {
			r.blow()
		}
	})
}
