package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/actors/sim"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
)

// sharingCores are what both jobs would need in a burst of both.
var sharingCores = []int{16, 64, 256, 1024}

// sharing is experiment 4, in virtual time.
func (s SLO) sharing(ctx context.Context, x *Experiment) error {
	x.Setting = []string{
		"two jobs of equal pipelines, each a fifth of a core in a burst; bursts of 5 times the rate, 60 ms in 300 ms; target 20 ms, 250 rows a message;",
		"how many cores it takes for 99 % of each job's results to be in time, to within a sixty-fourth: slots pin a pipeline to a core, static is a",
		"pool for each job, pool is one for both; fluid is what no pool can undercut; ranges are over seeds (one from 256 cores on; 1,024 for bursts that alternate only), no machine is timed",
	}
	for run := range s.Runs {
		for _, apart := range []bool{true, false} {
			for _, cores := range sharingCores {
				// The large ones take minutes each: one seed has to do.
				if float64(cores) > 1024*s.Scale && cores > sharingCores[0] || cores >= 256 && run > 0 || cores > 256 && !apart {
					continue
				}
				q := sim.Sharing{Cores: cores, Apart: apart, Seed: s.Seed + uint64(run)}
				if cores > 256 {
					q.For = 300 * time.Millisecond
				}
				s.Say("run %d: %d cores, bursts alternate: %v", run+1, cores, apart)
				r, err := q.Run(ctx)
				if err != nil {
					return err
				}
				at := fmt.Sprintf("%d, bursts at any time", cores)
				if apart {
					at = fmt.Sprintf("%d, bursts alternate", cores)
				}
				for _, n := range []struct {
					name string
					sim.Need
				}{{"slots", r.Slots}, {"static", r.Static}, {"pool", r.Pool}} {
					c := x.row(at, n.name)
					c.add("cores", "", float64(n.Cores))
					c.add("attained", "", n.Attained)
					c.add("busy", "", n.Busy)
					c.add("of slots", "%", 100*float64(n.Cores)/float64(max(1, r.Slots.Cores)))
				}
				x.row(at, "fluid").add("cores", "", float64(r.Fluid))
			}
		}
	}
	for _, c := range x.Rows {
		if c.Policy == "slots" {
			x.compare(c.At, "cores", "<", "pool", "slots")
			x.compare(c.At, "cores", "<", "pool", "static")
		}
	}
	for file, kind := range map[string]string{"slo-4-alternate": "alternate", "slo-4-random": "at any time"} {
		var names, titles []string
		for _, cores := range sharingCores {
			if cores > 256 && kind != "alternate" {
				continue
			}
			names = append(names, fmt.Sprintf("%d, bursts %s", cores, kind))
			titles = append(titles, fmt.Sprint(cores))
		}
		c := plot.Chart{
			Title: "Cores that keep two jobs' targets (bursts " + kind + ")",
			X:     "cores that both jobs need in a burst of both", Y: "cores needed", Log: true,
		}
		x.chart(file, c, "cores", names)
		x.charts[len(x.charts)-1].Categories = titles
	}
	return nil
}

// hotSimulated plays the hot key on more workers than there are, as part of
// experiment 3.
func (s SLO) hotSimulated(ctx context.Context, x *Experiment) error {
	for _, workers := range []int{64, 1024} {
		if s.Scale < 0.4 && workers > 64 {
			continue // it takes a minute
		}
		for _, way := range []string{"reject", "direct", "off", "two phases"} {
			if err := ctx.Err(); err != nil {
				return err
			}
			l := sim.HotKey(workers, hotWide)
			l.Lending, l.Seed = way, s.Seed
			l.For *= 2 // the rate is to the end of the last tick, which is a part of so much
			if workers > 64 {
				l.Rows, l.Every = 4*l.Rows, 4*l.Every // whole batches: one lessor hands them all on
			}
			name := "lending: " + way
			switch way {
			case "off":
				name = "no lending"
			case "two phases":
				l.Lending, l.TwoPhase, name = "off", workers, "two phases, no lending"
			}
			r, err := l.Run()
			if err != nil {
				return err
			}
			c := x.row(simulatedHot(workers), name)
			c.add("rows", "k/s", r.Rate()/1e3)
			c.add("of the bound", "%", 100*r.Rate()/l.Bound())
			c.add("attained", "", r.Attained())
			c.add("p50", "ms", milliseconds(r.P50))
			c.add("p99", "ms", milliseconds(r.P99))
			c.add("lent", "", float64(r.Lent))
			c.add("refused", "", float64(r.Refused))
			c.add("run late", "", float64(r.Late))
			c.add("stolen", "", float64(r.Stolen))
		}
		at := simulatedHot(workers)
		x.aim(at+", throughput with lending, of the bound", x.row(at, "lending: reject").figure("of the bound"), 90, false)
		x.aim(at+", attained with lending", x.row(at, "lending: reject").figure("attained"), 0.99, false)
	}
	return nil
}

// hotWide is the load of the simulated hot key, as a share of the bound.
const hotWide = 0.95

func simulatedHot(workers int) string {
	return fmt.Sprintf("simulated: %d workers, %v of the bound", workers, hotWide)
}
