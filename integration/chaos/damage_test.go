package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDamage: bytes of the state's files are turned over. The server then comes
// to the right results all the same, or says what is damaged: it refuses to
// start, a query stops with its reason, or a statement fails. It never answers
// as if nothing were.
func TestDamage(t *testing.T) {
	seed := seedOf(t)
	b := newBroker(t)
	s := &scene{t: t, b: b, name: "frail", size: 10 * second, f: newFeeder(b, "frail", 1, seed)}
	s.f.keys = 4000
	s.n = newNode(t, "--kafka", b.addr)
	s.stream("")
	s.total("totals")
	s.window("wins")
	for range 8 {
		s.f.feed(6000)
		s.n.exec("FLUSH")
		time.Sleep(1100 * time.Millisecond) // an epoch
	}
	if code := s.n.stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	s.f.feed(2000)
	s.f.close()
	rounds := 10
	if long() {
		rounds = 60
	}
	outcomes := map[string]int{}
	for i := range rounds {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		outcomes[s.harm(rng, i)]++
	}
	t.Logf("%d damaged stores: %v", rounds, outcomes)
}

// harm copies the data directory, turns some bytes over, and says what became
// of it.
func (s *scene) harm(rng *rand.Rand, round int) (outcome string) {
	t := s.t
	dir := filepath.Join(t.TempDir(), fmt.Sprint("copy", round))
	if out, err := exec.Command("cp", "-r", s.n.data, dir).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v %s", err, out)
	}
	where := flip(t, rng, filepath.Join(dir, "state"), 1+rng.IntN(8))
	n := &node{t: t, data: dir, flags: s.n.flags}
	defer func() {
		if t.Failed() {
			t.Logf("round %d, damaged: %v\nwhat dirigo said:\n%s", round, where, head(n.said(), 2500))
		}
	}()
	if !n.tryStart() {
		if !strings.Contains(n.said(), "dirigo:") {
			t.Errorf("it does not start, and does not say why")
		}
		return "refused to start"
	}
	defer n.kill()
	want := compute(s.f.fed(), s.size)
	outcome = "unharmed"
	if err := n.settled(); err != nil {
		return "said so"
	}
	for _, v := range []struct {
		name, columns string
		want          []string
	}{{"totals", "k, n, total", want.totals}, {"wins", "window_start, k, n, total", want.windows}} {
		rows, err := n.rows("SELECT " + v.columns + " FROM " + v.name)
		if err != nil { // it may be at work on it: once more, when it has settled
			if err = n.settled(); err == nil {
				rows, err = n.rows("SELECT " + v.columns + " FROM " + v.name)
			}
			if err != nil {
				outcome = "said so"
				continue
			}
		}
		same(t, v.name+" over damaged state", texts(rows), v.want)
	}
	if outcome == "unharmed" && strings.Contains(n.said(), "damaged") {
		outcome = "went on from an older checkpoint"
	}
	return outcome
}

// flip turns bytes of the larger files over.
func flip(t testing.TB, rng *rand.Rand, dir string, times int) (where []string) {
	t.Helper()
	var files []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Size() > 4096 {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no files to damage: %v", err)
	}
	for range times {
		path := files[rng.IntN(len(files))]
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		end := len(data)
		for end > 0 && data[end-1] == 0 { // files are longer than what is in them
			end--
		}
		at := rng.IntN(max(1, end))
		data[at] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		where = append(where, fmt.Sprintf("%s at %d of %d", filepath.Base(path), at, end))
	}
	return where
}

func head(s string, n int) string { return s[:min(len(s), n)] }
