package bench

import (
	"context"
	"fmt"
	"time"
)

// idle is experiment 7.
func (s SLO) idle(ctx context.Context, x *Experiment) error {
	queries := int(10_000 * s.Scale)
	i := Idle{Queries: queries, For: 10 * time.Second, Settle: 25 * time.Second, Dir: s.Dir, Say: s.Say}
	x.Setting = []string{fmt.Sprintf("%d queries over one topic of an embedded broker in a process of its own; %v without rows, then %v watched; one run", queries, i.Settle, i.For)}
	r, err := i.Run(ctx)
	if err != nil {
		return err
	}
	for _, u := range []IdleUse{r.One, r.Many} {
		c := x.row(fmt.Sprint(u.Queries, " idle"), "llf")
		c.add("heap and stacks", "MB", u.Heap)
		c.add("CPU", "% of a core", u.CPU/u.Seconds/10)
		c.add("goroutines", "", float64(u.Goroutines))
		c.add("timers", "", float64(u.Timers))
		c.add("fsyncs", "", float64(u.Syncs))
	}
	many := x.row(fmt.Sprint(r.Many.Queries, " idle"), "llf")
	x.aim("CPU of all idle queries", many.figure("CPU"), 1, true)
	return nil
}
