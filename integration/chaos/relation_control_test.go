package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRelationCheckersSeeOneRow: what the tests of kills over views and tables
// end with finds one row of a stream lost, twice or changed by one, and one row
// of the table lost, changed, or there again, in each kind of query.
func TestRelationCheckersSeeOneRow(t *testing.T) {
	seed := seedOf(t)
	r := newRelations(t, seed, 2, "", "s", "a", "b")
	r.table(2, 40, seed)
	for _, f := range r.feeds {
		f.keys, f.drift = 40, 0
		f.feed(300)
	}
	selfJoin(r)
	levels(r)
	r.view("graded", "k, n, grp", `SELECT p.k, p.n, i.grp FROM per_key p JOIN items i ON p.k = i.k`, wantGraded)
	for i, c := range newcomers {
		r.view(fmt.Sprintf("new_%d", i), c.columns, c.sql, c.want)
	}
	r.ws.run()
	time.Sleep(300 * time.Millisecond)
	r.ws.halt()
	r.n.caughtUp()
	w := r.world()
	r.check(w) // right as it is
	one := slices.IndexFunc(w.streams["s"], func(e event) bool { _, ok := w.items[e.k]; return ok && e.v != 0 })
	if t.Failed() || one < 0 {
		t.Fatalf("%s: nothing to forge", w)
	}
	key := w.streams["s"][one].k
	for _, c := range []struct {
		name  string
		seen  []string
		forge func(w *world)
	}{
		{"row lost", []string{"per_key", "each", "products", "outer_each", "graded", "new_1"}, func(w *world) {
			extra := w.streams["s"][one]
			extra.id = -1
			w.streams["s"] = append(w.streams["s"], extra)
		}},
		{"row twice", []string{"per_key", "each", "products", "outer_each", "graded", "new_2"}, func(w *world) {
			w.streams["s"] = slices.Delete(w.streams["s"], one, one+1)
		}},
		{"row off by one", []string{"per_key", "each", "products"}, func(w *world) { w.streams["s"][one].v++ }},
		{"row of a lost", []string{"per_a", "over_views", "agree", "agree_topic"}, func(w *world) {
			w.streams["a"] = append(w.streams["a"], event{id: -1, k: key, v: 1})
		}},
		{"item lost", []string{"items", "new_3"}, func(w *world) { w.items[1_000_000] = item{1_000_000, 3, 4} }},
		{"item there again", []string{"items", "graded", "new_0", "new_4"}, func(w *world) { delete(w.items, key) }},
		{"item in another group", []string{"items", "graded", "over_views", "agree_topic", "new_2"}, func(w *world) {
			x := w.items[key]
			w.items[key] = item{x.k, (x.grp + 1) % 11, x.w}
		}},
		{"item off by one", []string{"items", "new_0", "new_4"}, func(w *world) {
			x := w.items[key]
			w.items[key] = item{x.k, x.grp, x.w + 1}
		}},
	} {
		forged := &world{streams: map[string][]event{}, items: maps.Clone(w.items)}
		for name, es := range w.streams {
			forged.streams[name] = slices.Clone(es)
		}
		c.forge(forged)
		v := &verdict{TB: t}
		judge := *r
		judge.t = v
		judge.check(forged)
		for _, what := range c.seen {
			if !v.sees(what + ":") {
				t.Errorf("%s: the check of %s saw nothing: %v", c.name, what, v.errors)
			}
		}
	}
	lostIsSeen(t, r.n)
}

// lostIsSeen: a transaction that was acknowledged and is not there is found.
func lostIsSeen(t *testing.T, n *node) {
	t.Helper()
	c, err := n.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	v := &verdict{TB: t}
	w := &scribe{n: n, t: v, names: []string{"never"}}
	if err := w.readsOwn(t.Context(), c); err != nil || len(v.errors) == 0 {
		t.Errorf("an acknowledged transaction that is not there was not seen: %v", err)
	}
}

// TestHalfMomentIsSeen: a row whose two ways differ is found, and a row that a
// subscriber got twice, or half.
func TestHalfMomentIsSeen(t *testing.T) {
	for _, right := range []string{"1 2 2 3 3 4 4", `1 2 2 3 3 \N \N`} {
		if s := halfMoment(strings.Fields(right)); s != "" {
			t.Errorf("%q: %s", right, s)
		}
	}
	for _, half := range []string{"1 2 3 3 3 4 4", "1 2 2 3 4 4 4", "1 2 2 3 3 4 5", `1 2 \N 3 3 4 4`, `\N 2 2 3 3 4 4`, "1 2 2"} {
		if halfMoment(strings.Fields(half)) == "" {
			t.Errorf("%q passes", half)
		}
	}
	row := "\tf\t1\t1\t2\t2\t3\t3\t4\t4\n"
	half := "\tf\t1\t2\t2\t9\t3\t3\t4\t4\n"
	for _, c := range []struct {
		lines  string
		errors int
	}{
		{"5" + row + "5\tt\t\\N\n", 0},
		{"5" + row + "6" + row + "6\tt\t\\N\n", 1},
		{"5" + row + "6" + half + "6\tt\t\\N\n", 1},
		{"5" + row + "5" + half, 0}, // the tick is not whole yet
	} {
		v := &verdict{TB: t}
		s := &subscription{t: v, wrong: halfMoment}
		if s.fold(strings.NewReader(c.lines)); len(v.errors) != c.errors {
			t.Errorf("%q: want %d errors, have %q", c.lines, c.errors, v.errors)
		}
	}
}
