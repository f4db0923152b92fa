package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
)

func benchSLO(ctx context.Context, args []string) error {
	f := flags("bench slo", "bench slo [flags]", `Runs the experiments about latency targets: whole servers, SQL, generated streams
whose rows come when they are due whether the engine keeps up or not, state on
disk. Policies stand side by side on the same input. Figures are medians with the
range of all runs; where ranges overlap there is no winner. The experiments:

  `+strings.Join(bench.Experiments(), "\n  "))
	s := bench.SLO{Say: sayOnError}
	only := f.String("only", "", "`numbers` of the experiments to run, as 2,3; empty: all")
	f.IntVar(&s.Runs, "runs", 5, "`number` of runs")
	f.IntVar(&s.Workers, "workers", 0, "`number` of workers; 0: one per core")
	f.Float64Var(&s.Scale, "scale", 1, "`factor` for the length of the runs and the rows of a backlog")
	f.Uint64Var(&s.Seed, "seed", 1, "`seed` of what is simulated")
	loads := f.String("loads", "", "loads of experiment 2, as `shares` of the capacity; empty: 0.5,0.9,1.2,2")
	f.Float64Var(&s.Quiet, "quiet", 0, "repeat a run during which other processes used more than so many `cores`, up to six times; 0: none")
	f.BoolVar(&s.Quick, "quick", false, "two policies only: the default and fifo")
	f.StringVar(&s.Plots, "svg", "", "`directory` for the plots; empty: none")
	asJSON := f.Bool("json", false, "print one JSON object an experiment")
	f.StringVar(&s.Dir, "dir", "", "`directory` for temporary state; default: the system's")
	profiles := f.String("profile", "", "`directory` for cpu, allocs, heap and block profiles; empty: none")
	stop, err := measured(f, args, profiles)
	if err != nil {
		return err
	}
	defer stop()
	started() // as a server that has
	if s.Only, err = numbers(*only, strconv.Atoi); err != nil {
		return usageError{fmt.Errorf("bench slo: --only: %w", err)}
	}
	if s.Loads, err = numbers(*loads, func(x string) (float64, error) { return strconv.ParseFloat(x, 64) }); err != nil {
		return usageError{fmt.Errorf("bench slo: --loads: %w", err)}
	}
	return s.Run(ctx, func(x *bench.Experiment) error {
		if *asJSON {
			return x.JSON(os.Stdout)
		}
		return x.Print(os.Stdout)
	})
}

// numbers reads a list with commas; nil: it is empty.
func numbers[T any](list string, parse func(string) (T, error)) (out []T, err error) {
	if list == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(list, ",") {
		n, err := parse(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
