package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// SLO runs the experiments about latency targets: many queries on shared cores,
// lending, and what the scheduler costs.
type SLO struct {
	Only    []int // numbers of experiments; nil: all
	Runs    int   // the ranges of so many runs are reported
	Workers int   // 0: one per core
	Scale   float64
	Seed    uint64
	Loads   []float64 // of experiment 2; nil: 0.5, 0.9, 1.2 and 2 times the capacity
	Quiet   float64   // a run during which other processes used more cores is repeated; 0: none is
	Quick   bool      // the default and fifo alone, where policies stand side by side
	Dir     string    // for temporary state
	Plots   string    // directory for plots; "": none
	Say     func(format string, args ...any)

	parallelism int // of queries; 0: one instance a worker
}

// experiment is how one of them is run.
type experiment struct {
	title    string
	measured string
	run      func(s SLO, ctx context.Context, x *Experiment) error
}

const (
	wholeEngine = "the whole engine, measured"
	simulated   = "simulated"
)

var experiments = map[int]experiment{
	1: {"one query, bursts of ten times the rate", wholeEngine, SLO.burst},
	3: {"a hot key", wholeEngine, SLO.hotKey},
	2: {"latency-sensitive queries beside bulk ones", wholeEngine, SLO.tenants},
	6: {"a new view over old rows beside a query with a target", wholeEngine, SLO.backfill},
	7: {"queries without traffic", wholeEngine, SLO.idle},
	8: {"Kafka to Kafka beside a query that takes all there is", wholeEngine, SLO.sliding},
	4: {"two jobs that share cores, against static slots", simulated, SLO.sharing},
	5: {"what the scheduler costs", wholeEngine, SLO.cost},
}

// Experiments lists the numbers of the experiments, and what each is about.
func Experiments() (list []string) {
	for _, n := range experimentNumbers() {
		list = append(list, fmt.Sprintf("%d  %s (%s)", n, experiments[n].title, experiments[n].measured))
	}
	return list
}

func experimentNumbers() (all []int) {
	for n := range experiments {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}

// Run runs the experiments and reports each as it ends.
func (s SLO) Run(ctx context.Context, report func(*Experiment) error) error {
	if s.Workers == 0 {
		s.Workers = runtime.NumCPU()
	}
	if s.Scale == 0 {
		s.Scale = 1
	}
	s.Runs = max(1, s.Runs)
	numbers := s.Only
	if numbers == nil {
		numbers = experimentNumbers()
	}
	for _, n := range numbers {
		if _, ok := experiments[n]; !ok {
			return fmt.Errorf("no experiment %d; there are %v", n, experimentNumbers())
		}
	}
	for _, n := range numbers {
		x := &Experiment{Number: n, Title: experiments[n].title, Measured: experiments[n].measured}
		if x.Measured != simulated { // what is simulated is the same whatever the machine does
			x.Load = LoadAverage()
		}
		if err := experiments[n].run(s, ctx, x); err != nil {
			return fmt.Errorf("experiment %d: %w", n, err)
		}
		if x.Measured != simulated {
			x.LoadEnd = LoadAverage()
		}
		if err := s.draw(x); err != nil {
			return err
		}
		if err := report(x); err != nil {
			return err
		}
	}
	return nil
}

// draw writes the plots of an experiment.
func (s SLO) draw(x *Experiment) error {
	if s.Plots == "" || len(x.charts) == 0 {
		return nil
	}
	if err := os.MkdirAll(s.Plots, 0o755); err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	for _, c := range x.charts {
		if err := os.WriteFile(filepath.Join(s.Plots, c.file+".svg"), []byte(c.SVG()), 0o644); err != nil {
			return fmt.Errorf("plot %s: %w", c.file, err)
		}
	}
	return nil
}

// scaled shortens a time where a small run is asked for.
func (s SLO) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * s.Scale)
}

// ways returns what is set side by side.
func (s SLO) ways() []way {
	if s.Quick {
		return []way{{"llf", "reject"}, {"fifo", "reject"}}
	}
	return ways
}
