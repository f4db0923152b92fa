package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// relations is a node with streams, a table that is written, and queries over
// them, under violence.
type relations struct {
	t     testing.TB
	b     *broker
	n     *node
	rng   *rand.Rand
	feeds []*feeder
	ws    *scribes
	all   []expectation
	kills int
	aimed aimed
	after func() // what is checked beside the content, once nothing flows
}

// newRelations starts a node with streams of these names.
func newRelations(t testing.TB, seed uint64, parallelism int, debug string, streams ...string) *relations {
	b := newBroker(t)
	r := &relations{t: t, b: b, rng: rand.New(rand.NewPCG(seed, 3))}
	for i, name := range streams {
		f := newFeeder(b, name, 2, seed+uint64(i))
		f.keys, f.drift, f.pause = 200, 6, 15*time.Millisecond
		r.feeds = append(r.feeds, f)
	}
	r.n = newNodeWith(t, debug, "--kafka", b.addr, "--parallelism", fmt.Sprint(parallelism))
	for _, name := range streams {
		r.n.exec(fmt.Sprintf(`CREATE STREAM %s (%s) WITH (connector = 'kafka', topic = '%s', format = 'json')`, name, columns, name))
	}
	return r
}

// table creates the tables and who writes them.
func (r *relations) table(count int, keys int64, seed uint64) {
	r.t.Helper()
	r.n.exec(itemsTable, doneTable)
	r.ws = newScribes(r.n, count, keys, seed)
}

// view creates a view and says what it must hold.
func (r *relations) view(name, columns, sql string, want naive) {
	r.t.Helper()
	r.n.exec("CREATE MATERIALIZED VIEW " + name + " AS " + sql)
	r.all = append(r.all, expectation{name: name, columns: columns, want: want})
}

// topic creates an upsert topic, keyed by its first column.
func (r *relations) topic(name, columns string, sql string, want naive) {
	r.t.Helper()
	key, _, _ := strings.Cut(columns, ",")
	r.n.exec(fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'kafka', topic = '%s', format = 'upsert_json', key = '%s', delivery = 'at_least_once') AS %s`,
		name, name, key, sql))
	r.all = append(r.all, expectation{name: name, columns: columns, topic: true, want: want})
}

// run lets rows flow.
func (r *relations) run() {
	for _, f := range r.feeds {
		f.run()
	}
	if r.ws != nil {
		r.ws.run()
	}
}

// blow kills at a moment that the dice choose, and starts again.
func (r *relations) blow() {
	r.t.Helper()
	switch r.rng.IntN(4) {
	case 0: // right after a seal
		if after, ok := r.n.killAtSeal(5 * time.Second); ok {
			r.kills++
			r.aimed = append(r.aimed, after)
			r.n.start()
			return
		}
	case 1: // as soon as it is up
		time.Sleep(time.Duration(r.rng.IntN(30)) * time.Millisecond)
	case 2: // twice: the second time while it starts
		r.n.kill()
		r.n.spawn()
		time.Sleep(time.Duration(r.rng.IntN(120)) * time.Millisecond)
	default:
		time.Sleep(time.Duration(r.rng.IntN(1200)) * time.Millisecond)
	}
	r.strike()
}

// strike kills now, and starts again.
func (r *relations) strike() {
	r.t.Helper()
	r.kills++
	if !r.n.running() {
		r.t.Fatalf("dirigo ended by itself, before kill %d", r.kills)
	}
	r.n.kill()
	r.n.start()
}

// halt ends what flows, and waits until all of it has arrived.
func (r *relations) halt() {
	r.t.Helper()
	for _, f := range r.feeds {
		f.halt()
	}
	if r.ws != nil {
		r.ws.halt()
		r.ws.report(r.t)
	}
	r.n.caughtUp()
}

// world returns what was done.
func (r *relations) world() *world {
	w := &world{streams: map[string][]event{}, items: map[int64]item{}}
	for _, f := range r.feeds {
		for _, e := range f.fed() {
			if !e.malformed {
				w.streams[f.topic] = append(w.streams[f.topic], e)
			}
		}
	}
	if r.ws != nil {
		w.items = r.ws.rows()
	}
	return w
}

// end halts and checks.
func (r *relations) end() {
	r.t.Helper()
	r.aimed.report(r.t)
	r.halt()
	w := r.world()
	r.check(w)
	if r.after != nil {
		r.after()
	}
	r.t.Logf("%d kills, %s, %d queries", r.kills, w, len(r.all))
}

// check compares everything with the naive computation.
func (r *relations) check(w *world) {
	r.t.Helper()
	for _, x := range r.all {
		want := lines(x.want(w))
		if !x.topic {
			same(r.t, x.name, texts(r.n.query("SELECT "+x.columns+" FROM "+x.name)), want)
			continue
		}
		got, records := r.lastOf(x)
		same(r.t, x.name, got, want)
		r.t.Logf("topic %s: %d records, %d keys", x.name, records, len(got))
	}
	if r.ws == nil {
		return
	}
	var rows [][]int64
	for _, x := range w.items {
		rows = append(rows, []int64{x.k, x.grp, x.w})
	}
	same(r.t, "items", texts(r.n.query("SELECT k, grp, w FROM items")), lines(rows))
	names := slices.Sorted(slices.Values(r.ws.names()))
	same(r.t, "done", texts(r.n.query("SELECT id FROM done")), names)
}

// violently is a test of kills over relations, at each parallelism.
func violently(t *testing.T, debug string, streams []string, play func(r *relations, seed uint64)) {
	seed := seedOf(t)
	for _, parallelism := range []int{1, 3} {
		t.Run(fmt.Sprintf("parallelism %d", parallelism), func(t *testing.T) {
			r := newRelations(t, seed, parallelism, debug, streams...)
			play(r, seed)
			r.end()
		})
	}
}
