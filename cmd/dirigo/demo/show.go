package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/session"
)

// Screen shows live results and each query's latency against its target.
type Screen struct {
	Out   io.Writer
	Live  bool // a terminal: redraw in place; else plain lines now and then
	Width int
	Hint  string // what to type next
}

// panel is a query whose top rows are shown.
type panel struct{ title, sql string }

var panels = []panel{
	{"delays_10m: the last windows that closed", `SELECT window_start, origin, delayed, round(average, 1) AS average, worst FROM delays_10m ORDER BY window_start DESC, delayed DESC, origin LIMIT 5`},
	{"worst_airports: the last six hours", `SELECT window_end, origin, flights, delayed, round(average, 1) AS average FROM worst_airports ORDER BY window_end DESC, average DESC LIMIT 5`},
	{"carriers_now: most delayed since the start", `SELECT carrier, flights, delayed, round(average, 1) AS average, miles FROM carriers_now WHERE flights >= 5 ORDER BY average DESC LIMIT 5`},
	{"delays_compared: now beside the last hour, a view over views", `SELECT origin, flights, round(average, 1) AS average, hour, round(hour_average, 1) AS hour_average FROM delays_compared WHERE flights >= 5 ORDER BY average DESC LIMIT 4`},
	{"flights_named: the newest flights, names from a table", `SELECT id, departure, delay, from_city, to_city FROM flights_named ORDER BY id DESC LIMIT 3`},
	{"quakes_per_hour: magnitude 4 and more", `SELECT window_start, quakes, strongest, round(depth) AS depth FROM quakes_per_hour ORDER BY window_start DESC LIMIT 4`},
}

// engine is what the screen reads.
type engine interface {
	Queries() []job.QueryStatus
	Sources() []job.SourceStatus
}

// Show draws until ctx ends.
func (w *Screen) Show(ctx context.Context, e engine, s *session.Session) error {
	every := 5 * time.Second
	if w.Live {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		text, err := w.draw(ctx, e, s)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if w.Live {
			fmt.Fprint(w.Out, "\x1b[H\x1b[J"+text)
		} else {
			fmt.Fprint(w.Out, text)
		}
	}
}

func (w *Screen) draw(ctx context.Context, e engine, s *session.Session) (string, error) {
	var b strings.Builder
	if !w.Live {
		lines(&b, e)
		return b.String(), nil
	}
	fmt.Fprintf(&b, "Dirigo demo   %s\n\n", time.Now().Format(time.TimeOnly))
	queries(&b, e.Queries())
	for _, p := range panels {
		header, rows, err := run(ctx, s, p.sql)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.title, err)
		}
		fmt.Fprintf(&b, "\n\x1b[1m%s\x1b[0m\n", p.title)
		align(&b, header, rows)
	}
	sources(&b, e.Sources())
	fmt.Fprintf(&b, "\n%s\nCtrl-C stops; the next start goes on from here.\n", w.Hint)
	return b.String(), nil
}

// lines is the plain form: one line a query.
func lines(b *strings.Builder, e engine) {
	now := time.Now().Format(time.TimeOnly)
	for _, q := range e.Queries() {
		fmt.Fprintf(b, "%s %-19s %-11s in %-7d out %-7d rejected %-4d p50 %-8s p99 %-8s slo %-7s attained %s\n",
			now, q.Name, q.State, q.In, q.Out, sum(q.Rejected), ms(q.Latency.P50), ms(q.Latency.P99), ms(q.SLO), share(q))
	}
}

func queries(b *strings.Builder, all []job.QueryStatus) {
	header := []string{"query", "state", "rows in", "rows out", "rejected", "p50", "p99", "slo", "attained"}
	var rows [][]string
	for _, q := range all {
		rows = append(rows, []string{
			q.Name, q.State, fmt.Sprint(q.In), fmt.Sprint(q.Out), fmt.Sprint(sum(q.Rejected)),
			ms(q.Latency.P50), ms(q.Latency.P99), ms(q.SLO), bar(q.Attained) + " " + share(q),
		})
	}
	align(b, header, rows)
}

func sources(b *strings.Builder, all []job.SourceStatus) {
	b.WriteString("\n")
	for _, s := range all {
		lag := int64(0)
		for _, p := range s.Partitions {
			lag += p.High - p.Next
		}
		fmt.Fprintf(b, "stream %-9s %-9s %8d records, %d behind, %d malformed  %s\n",
			s.Name, s.State, s.Decoded, lag, s.Malformed, s.Error)
	}
}

// align prints a table with columns as wide as their content.
func align(b *strings.Builder, header []string, rows [][]string) {
	width := make([]int, len(header))
	for _, r := range append([][]string{header}, rows...) {
		for i, c := range r {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	for n, r := range append([][]string{header}, rows...) {
		if n == 0 {
			b.WriteString("\x1b[2m")
		}
		for i, c := range r {
			b.WriteString("  " + c + strings.Repeat(" ", width[i]-len([]rune(c))))
		}
		if n == 0 {
			b.WriteString("\x1b[0m")
		}
		b.WriteString("\n")
	}
}

// bar draws a share from 0 to 1 in eight cells.
func bar(share float64) string {
	n := int(share*8 + 0.5)
	return strings.Repeat("█", n) + strings.Repeat("░", 8-n)
}

func share(q job.QueryStatus) string { return fmt.Sprintf("%.2f%%", q.Attained*100) }

func sum(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func ms(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
