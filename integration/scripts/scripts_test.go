package scripts

import (
	"context"
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the variants; 0: from the time")

// variant is one way to run a script that must not change its rows.
type variant struct {
	name  string
	short bool // also with -short
	// config returns the node's settings.
	config   func(seed uint64) server.Config
	extended bool
	// end says how the node ends behind a block that the seed chooses: "", a
	// graceful stop, or SIGKILL of a process.
	end string
}

var variants = []variant{
	{name: "parallelism1", short: true, config: parallel(1)},
	{name: "parallelism3", short: true, config: parallel(3), extended: true},
	{name: "lent", short: true, config: lent},
	{name: "cut", config: cut},
	{name: "passive", short: true, config: passive},
	{name: "lentAndCut", config: func(seed uint64) server.Config {
		c := cut(seed)
		c.Lending, c.Parallelism = lent(seed).Lending, 3
		return c
	}, extended: true},
	{name: "stopped", config: cut, end: "stop"},
	{name: "killed", end: "kill"},
}

func parallel(n int) func(uint64) server.Config {
	return func(uint64) server.Config { return server.Config{Parallelism: n} }
}

// lent lends most messages: every one for some seeds.
func lent(seed uint64) server.Config {
	c := server.Config{Parallelism: 2, Lending: actors.SeededLending(seed, 0.7)}
	if seed%2 == 0 {
		c.Lending = &actors.LendAll{}
	}
	return c
}

// cut ends ticks behind any unit, and makes units of few rows.
func cut(seed uint64) server.Config {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 2))
	draw := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n)
	}
	return server.Config{
		Parallelism: 2,
		Epoch:       time.Duration(3+seed%20) * time.Millisecond,
		CutNow:      func() bool { return draw(3) == 0 },
		ReadRows:    func() int { return 1 + draw(4) },
	}
}

// passive has actors leave memory as soon as they have nothing to do.
func passive(seed uint64) server.Config {
	c := cut(seed)
	c.Bounds.IdleAfter = time.Millisecond
	return c
}

// TestScripts plays every script in every variant.
func TestScripts(t *testing.T) {
	base := *seedFlag
	if base == 0 {
		base = uint64(time.Now().UnixNano())%1_000_000 + 1
	}
	all := scripts(t)
	sum := &tally{}
	t.Logf("%d scripts, seed %d (repeat with -seed %d)", len(all), base, base)
	t.Run("all", func(t *testing.T) {
		for _, v := range variants {
			if testing.Short() && !v.short || *update && v.name != "parallelism1" {
				continue
			}
			for _, s := range all {
				seed := base + hash(s.name()+v.name)
				t.Run(s.name()+"/"+v.name, func(t *testing.T) {
					if !*update {
						t.Parallel()
					}
					playVariant(t, s, v, seed, sum)
				})
			}
		}
	})
	t.Logf("%d lends, %d merges, %d actors left memory", sum.lends, sum.merges, sum.passivated)
	if flag.Lookup("test.run").Value.String() == "" && (sum.lends == 0 || sum.merges == 0) {
		t.Error("nothing was lent and merged: the variants that force it test nothing")
	}
	if flag.Lookup("test.run").Value.String() == "" && sum.passivated == 0 {
		t.Error("nothing left memory: the variant that forces it tests nothing")
	}
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64() % 1_000_000
}

func playVariant(t *testing.T, s *script, v variant, seed uint64, sum *tally) {
	if _, err := exec.LookPath("psql"); err != nil && s.uses("psql") && os.Getenv("CI") != "true" {
		t.Skip("psql is not installed: what it prints is not compared (Debian: apt-get install postgresql-client)")
	}
	if why := s.not(v.name); why != "" {
		t.Skip(why)
	}
	b, err := startBroker()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	rng := rand.New(rand.NewPCG(seed, 1))
	p := &player{script: s, broker: b, extended: v.extended, update: *update, start: starter(t, v, b.Addr(), seed, sum)}
	if v.end != "" {
		p.after = p.ending(t, v, rng)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := p.play(ctx); err != nil {
		t.Errorf("%v\n(seed %d)", err, seed)
	}
	if *update && !t.Failed() {
		p.rewrite(t)
	}
}

// starter returns what starts the node of a variant, again and again over the
// same state.
func starter(t *testing.T, v variant, brokers string, seed uint64, sum *tally) func(context.Context) (node, error) {
	if v.end == "kill" {
		data := t.TempDir()
		return func(context.Context) (node, error) { return startProcess(data, brokers) }
	}
	disk := mem.NewDisk()
	return func(ctx context.Context) (node, error) {
		return startInProcess(ctx, disk, brokers, v.config(seed), sum)
	}
}

// ending ends the node behind a block that rng chooses: an input or a statement.
// A kill comes at once, or when an epoch may have ended: 1 s is an epoch.
func (p *player) ending(t *testing.T, v variant, rng *rand.Rand) func(int, *block) error {
	var at []int
	for i, b := range p.script.blocks {
		if strings.HasPrefix(b.sql(), "SET ") {
			continue // a setting ends with its connection, and the next block is there to see it
		}
		if slices.Contains([]string{"input", "statement", "flush"}, b.name()) && !b.has("error") {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	chosen := at[rng.IntN(len(at))]
	wait := time.Duration(rng.IntN(3)) * time.Duration(rng.IntN(700)) * time.Millisecond
	return func(i int, b *block) error {
		if i != chosen {
			return nil
		}
		t.Logf("%s behind line %d, after %s", v.end, b.line, wait)
		time.Sleep(wait)
		if err := p.again(t.Context(), v.end == "kill"); err != nil || b.name() != "flush" {
			return err
		}
		// What was visible may have to be computed again.
		return p.step(t.Context(), b)
	}
}
