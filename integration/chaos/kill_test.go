package chaos

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// scene is one stream with queries of every kind over it, under violence.
type scene struct {
	t    testing.TB
	b    *broker
	n    *node
	f    *feeder
	rng  *rand.Rand
	name string
	size int64
	// Names of what was created, checked at the end.
	totals, windows, appends, upserts []string
	aimed                             aimed
}

func newScene(t testing.TB, name string, partitions int, seed uint64, flags ...string) *scene {
	b := newBroker(t)
	s := &scene{
		t: t, b: b, name: name, size: 10 * second, rng: rand.New(rand.NewPCG(seed, 2)),
		f: newFeeder(b, name, partitions, seed),
	}
	s.n = newNode(t, append([]string{"--kafka", b.addr}, flags...)...)
	return s
}

func (s *scene) stream(options string) {
	s.t.Helper()
	s.n.exec(fmt.Sprintf(`CREATE STREAM %s (%s) WITH (connector = 'kafka', topic = '%s', format = 'json'%s)`, s.name, columns, s.name, options))
}

// total is a view of counts and sums per key, updated as rows come.
func (s *scene) total(name string) {
	s.t.Helper()
	s.n.exec(fmt.Sprintf(`CREATE MATERIALIZED VIEW %s AS SELECT k, count(*) AS n, sum(v) AS total FROM %s GROUP BY k`, name, s.name))
	s.totals = append(s.totals, name)
}

// window is a view of the same per 10 seconds, written once when they close.
func (s *scene) window(name string) {
	s.t.Helper()
	s.n.exec(fmt.Sprintf(`CREATE MATERIALIZED VIEW %s AS SELECT window_start, k, count(*) AS n, sum(v) AS total
		FROM TUMBLE(%s, ts, INTERVAL '10 seconds') GROUP BY window_start, k EMIT ON WINDOW CLOSE`, name, s.name))
	s.windows = append(s.windows, name)
}

// tap is every row into a topic, at least once.
func (s *scene) tap(name string) {
	s.t.Helper()
	s.n.exec(fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'kafka', topic = '%s', format = 'json', delivery = 'at_least_once') AS
		SELECT id, k, v FROM %s`, name, name, s.name))
	s.appends = append(s.appends, name)
}

// upsert is the counts and sums into a topic by key.
func (s *scene) upsert(name string) {
	s.t.Helper()
	s.n.exec(fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'kafka', topic = '%s', format = 'upsert_json', key = 'k', delivery = 'at_least_once') AS
		SELECT k, count(*) AS n, sum(v) AS total FROM %s GROUP BY k`, name, name, s.name))
	s.upserts = append(s.upserts, name)
}

// blow kills the process, at a moment that the seed chooses, and starts it again.
func (s *scene) blow(i int) {
	s.t.Helper()
	switch s.rng.IntN(5) {
	case 0, 1: // right after a seal
		if after, ok := s.n.killAtSeal(20 * time.Second); ok {
			s.aimed = append(s.aimed, after)
			s.n.start()
			return
		}
	case 2: // as soon as it is up
		time.Sleep(time.Duration(s.rng.IntN(30)) * time.Millisecond)
	case 3: // twice: the second time while it starts
		s.n.kill()
		s.n.spawn()
		time.Sleep(time.Duration(s.rng.IntN(120)) * time.Millisecond)
	default:
		time.Sleep(time.Duration(s.rng.IntN(1500)) * time.Millisecond)
	}
	if !s.n.running() {
		s.t.Fatalf("dirigo ended by itself, before kill %d", i)
	}
	s.n.kill()
	s.n.start()
}

// check compares everything with the naive computation, once the feed has
// ended and all has been caught up with.
func (s *scene) check() {
	s.t.Helper()
	want := compute(s.f.fed(), s.size)
	s.t.Logf("%d rows: %d keys, %d closed windows, %d late, %d malformed", len(s.f.fed()), len(want.totals), len(want.windows), len(want.late), len(want.bad))
	for _, name := range s.totals {
		same(s.t, name, texts(s.n.query("SELECT k, n, total FROM "+name)), want.totals)
	}
	for _, name := range s.windows {
		same(s.t, name, texts(s.n.query("SELECT window_start, k, n, total FROM "+name)), want.windows)
		late := texts(s.n.query(fmt.Sprintf(`SELECT partition || ':' || "offset" FROM dirigo_rejected WHERE query = '%s' AND reason = 'late'`, name)))
		same(s.t, "late rows of "+name, late, want.late)
		if got := s.n.metric("dirigo_query_rows_rejected_total", `query="`+name+`"`, `reason="late"`); int(got) != len(want.late) {
			s.t.Errorf("counter of late rows of %s: %v, want %d", name, got, len(want.late))
		}
	}
	bad := texts(s.n.query(fmt.Sprintf(`SELECT partition || ':' || "offset" FROM dirigo_rejected WHERE source = '%s' AND operator = 'decode'`, s.name)))
	same(s.t, "malformed records", bad, want.bad)
	for _, name := range s.appends {
		s.checkAppends(name, want.ids)
	}
	for _, name := range s.upserts {
		s.checkUpserts(name, want.totals)
	}
}

// checkAppends: every row is there, and no other.
func (s *scene) checkAppends(name string, want []int64) {
	s.t.Helper()
	seen := map[int64]int{}
	for _, r := range s.b.consume(name) {
		var row struct{ ID int64 }
		if err := json.Unmarshal([]byte(r.value), &row); err != nil {
			s.t.Fatalf("%s: %q: %v", name, r.value, err)
		}
		seen[row.ID]++
	}
	missing, twice := 0, 0
	for _, id := range want {
		if seen[id] == 0 {
			missing++
		}
		if seen[id] > 1 {
			twice++
		}
		delete(seen, id)
	}
	s.t.Logf("%s: %d of %d rows more than once", name, twice, len(want))
	if missing > 0 || len(seen) > 0 {
		s.t.Errorf("%s: %d rows of %d are missing, %d were never there", name, missing, len(want), len(seen))
	}
}

// checkUpserts: the last value of every key is right.
func (s *scene) checkUpserts(name string, want []string) {
	s.t.Helper()
	last := map[string]string{}
	for _, r := range s.b.consume(name) {
		if r.tombstone {
			delete(last, r.key)
			continue
		}
		var row struct{ K, N, Total json.Number }
		if err := json.Unmarshal([]byte(r.value), &row); err != nil {
			s.t.Fatalf("%s: %q: %v", name, r.value, err)
		}
		last[r.key] = fmt.Sprint(row.K, " ", row.N, " ", row.Total)
	}
	var got []string
	for _, v := range last {
		got = append(got, v)
	}
	slices.Sort(got)
	same(s.t, name, got, want)
}

// end lets what was fed arrive, and checks.
func (s *scene) end() {
	s.t.Helper()
	s.aimed.report(s.t)
	s.f.halt()
	s.f.close()
	s.n.caughtUp()
	s.check()
}

// violence is one test of kills: what is there when rows begin to flow, and what
// is done before each kill.
type violence struct {
	name       string
	partitions []int
	begin      func(s *scene)
	before     func(s *scene, kill int)
}

// run kills while rows flow, at each number of partitions.
func (v violence) run(t *testing.T) {
	seed := seedOf(t)
	for _, partitions := range v.partitions {
		t.Run(strconv.Itoa(partitions)+" partitions", func(t *testing.T) {
			s := newScene(t, v.name, partitions, seed)
			v.begin(s)
			s.f.run()
			for i := range kills() {
				if v.before != nil {
					v.before(s, i)
				}
				s.blow(i)
			}
			s.end()
			t.Logf("%d kills", kills())
		})
	}
}

// TestKillOneQuery: SIGKILL while rows flow leaves no trace in one query's view.
func TestKillOneQuery(t *testing.T) {
	violence{name: "one", partitions: []int{1, 3}, begin: func(s *scene) {
		s.stream("")
		s.window("wins")
	}}.run(t)
}

// TestKillManyQueries: views, windows, and topics of both kinds over one
// stream, and queries that begin at the earliest row while the others run.
func TestKillManyQueries(t *testing.T) {
	all := func(s *scene, more string) {
		s.window("wins" + more)
		s.total("totals" + more)
		s.tap("tap" + more)
		s.upsert("upserts" + more)
	}
	violence{name: "many", partitions: []int{1, 4}, begin: func(s *scene) {
		s.f.feed(20_000)
		s.stream("")
		all(s, "")
	}, before: func(s *scene, kill int) {
		if kill == kills()/2+1 {
			all(s, "2")
		}
	}}.run(t)
}

// TestKillWhileOneCatchesUp: a query that works through a long history seals
// later epochs at earlier rows than those that run: the restart must not take
// its place for everybody's.
func TestKillWhileOneCatchesUp(t *testing.T) {
	violence{name: "history", partitions: []int{1, 3}, begin: func(s *scene) {
		s.f.feed(150_000)
		s.stream("")
		s.total("totals")
		s.window("wins")
		s.n.caughtUp()
	}, before: func(s *scene, kill int) {
		if name := strconv.Itoa(kill); kill%2 == 0 {
			s.total("totals_" + name)
		} else {
			s.window("wins_" + name)
		}
	}}.run(t)
}
