package relational

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/integration/node"
	"github.com/dirigo-stream/dirigo/integration/pg"
)

var (
	casesFlag = flag.Int("cases", 0, "random cases a variant; 0: a short form, or the long one with DIRIGO_CHECK=long")
	seedFlag  = flag.Uint64("seed", 0, "first seed; 0: from the time")
	patience  = flag.Duration("patience", 2*time.Minute, "how long one statement may take; never a matter of speed")
	shrinking = flag.Duration("shrink", time.Minute, "how long a failing case is made smaller")
)

// cases returns how many random cases each variant runs.
func cases() int {
	switch {
	case *casesFlag > 0:
		return *casesFlag
	case os.Getenv("DIRIGO_CHECK") == "long":
		return 500
	case testing.Short():
		return 6
	}
	return 16
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	node.Clean()
	os.Exit(code)
}

// TestRandom: random views over random tables and streams hold what PostgreSQL
// computes, whatever changes, however the work is cut, lent, restarted or killed.
func TestRandom(t *testing.T) {
	base := *seedFlag
	if base == 0 {
		base = uint64(time.Now().UnixNano() % 1e9)
	}
	r := newRig(t)
	for i, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			base := base
			if *seedFlag == 0 {
				base += uint64(i) * 1e9 // other cases in each
			}
			total := newTally()
			n := 0
			var d *dirigo
			defer func() {
				if d != nil {
					_ = d.stop()
				}
			}()
			for ; n < cases() && !t.Failed(); n++ {
				if n%25 == 0 { // a node of its own for a while
					if d != nil {
						if err := d.stop(); err != nil {
							t.Fatal(err)
						}
					}
					d = r.start(t, v, base+uint64(n))
				}
				total.add(r.one(t, v, base+uint64(n), d))
			}
			total.print(t, fmt.Sprintf("%d cases from seed %d", n, base))
		})
	}
}

// print logs the counts, and fails where too little was compared.
func (c tally) print(t *testing.T, of string) {
	refusals := 0
	for _, n := range c.refused {
		refusals += n
	}
	t.Logf("%s: %d views (%d empty), %d queries and %d rows compared, %d refused, %d cases cut short for a large view",
		of, c.checked, c.empty, c.asked, c.rows, refusals, c.large)
	for text, n := range c.refused {
		t.Logf("  %d × %s", n, text)
	}
	if c.rows == 0 || refusals*4 > c.checked || c.empty*3 > c.checked*2+30 {
		t.Error("too little was compared")
	}
}

// rig is what all cases share: PostgreSQL and a broker.
type rig struct {
	pg     *client
	broker *broker
}

func newRig(t *testing.T) *rig {
	t.Helper()
	conn, err := pgconn.ConnectConfig(t.Context(), &pg.Start(t).Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	k, err := startBroker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	return &rig{&client{conn: conn}, k}
}

func (r *rig) start(t *testing.T, v variant, seed uint64) *dirigo {
	t.Helper()
	d, err := newDirigo(v, seed, filepath.Join(t.TempDir(), "data"), r.broker.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// one makes and runs a random case; a failing one is shrunk and shown as a
// script for testdata.
func (r *rig) one(t *testing.T, v variant, seed uint64, d *dirigo) tally {
	b := newBench(r.pg, d, r.broker)
	g := newGen(seed)
	var done []step
	try := func(s step) bool {
		if t.Failed() {
			return false
		}
		ok, err := b.take(s)
		if ok || err != nil {
			done = append(done, s)
		}
		if err != nil {
			t.Errorf("seed %d, %s: %v", seed, v.name, err)
			b.forget()
			r.shrink(t, v, seed, done)
		}
		return ok
	}
	g.play(try, v)
	if !t.Failed() {
		if err := b.clear(); err != nil {
			t.Errorf("seed %d, %s: %v\nafter:\n%s", seed, v.name, err, script(done))
		}
	}
	return b.tally
}

func script(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}

// shrink leaves out steps for as long as the rest still fails, and shows it.
func (r *rig) shrink(t *testing.T, v variant, seed uint64, steps []step) {
	t.Helper()
	if *shrinking == 0 {
		return
	}
	deadline := time.Now().Add(*shrinking)
	for size := len(steps) / 2; size >= 1; size /= 2 {
		for at := 0; at+size <= len(steps) && time.Now().Before(deadline); {
			fewer := append(append([]step{}, steps[:at]...), steps[at+size:]...)
			if r.replay(t, v, seed, fewer) != nil {
				steps = fewer
			} else {
				at += size
			}
		}
	}
	t.Logf("shrunk (keep it as testdata/seed%d.steps):\n%s\nfails with: %v", seed, script(steps), r.replay(t, v, seed, steps))
}

// replay runs steps on a node of its own; steps that cannot be taken are left
// out.
func (r *rig) replay(t *testing.T, v variant, seed uint64, steps []step) error {
	d, err := newDirigo(v, seed, filepath.Join(t.TempDir(), "data"+strconv.FormatInt(time.Now().UnixNano(), 36)), r.broker.Addr())
	if err != nil {
		return err
	}
	b := newBench(r.pg, d, r.broker)
	defer func() {
		b.forget()
		_ = d.stop()
	}()
	for _, s := range steps {
		if _, err := b.take(s); err != nil {
			var f *failure
			if !errors.As(err, &f) || strings.Contains(err.Error(), "PostgreSQL: <nil>") && strings.Contains(err.Error(), "42P01") {
				return nil // a step before it is needed
			}
			return err
		}
	}
	return nil
}

// TestKept plays the cases that once failed, in every variant.
func TestKept(t *testing.T) {
	files, err := filepath.Glob("testdata/*.steps")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range variants {
			if testing.Short() && v.kill {
				continue
			}
			if err := r.replay(t, v, 1, parseSteps(string(text))); err != nil {
				t.Errorf("%s, %s: %v", filepath.Base(f), v.name, err)
			}
		}
	}
}

// TestDifferenceIsSeen: the comparison sees one row more, less, or changed.
func TestDifferenceIsSeen(t *testing.T) {
	rows := []string{"1|a", "2|b", "2|b"}
	for _, other := range [][]string{{"1|a", "2|b"}, {"1|a", "2|b", "2|b", "2|b"}, {"1|a", "2|b", "2|c"}, nil} {
		if difference(rows, other) == "" {
			t.Errorf("%v and %v look the same", rows, other)
		}
	}
	if d := difference(rows, []string{"2|b", "1|a", "2|b"}); d != "" {
		t.Errorf("order matters: %s", d)
	}
}
