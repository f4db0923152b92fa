package bench

import (
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
)

// chart is a plot and the name of its file.
type chart struct {
	file string
	plot.Chart
}

// chart adds a plot of one figure: the cases' settings along the axis, a colour a
// policy. Settings that are not listed are left out; the note says where the
// figures come from.
func (x *Experiment) chart(file string, c plot.Chart, figure string, at []string) {
	c.Note = x.Measured + "; median and range of the runs"
	c.Categories = at
	for _, row := range x.Rows {
		i := slices.Index(at, row.At)
		low, mid, high := row.figure(figure).ranges()
		if i < 0 || len(row.figure(figure).Runs) == 0 {
			continue
		}
		k := slices.IndexFunc(c.Series, func(s plot.Series) bool { return s.Name == row.Policy })
		if k < 0 {
			k = len(c.Series)
			c.Series = append(c.Series, plot.Series{Name: row.Policy, Ranges: make([]plot.Range, len(at))})
		}
		c.Series[k].Ranges[i] = plot.Range{Low: low, Mid: mid, High: high}
	}
	x.charts = append(x.charts, chart{file, c})
}

// over returns results by time since begin, for a line: seconds and ms.
func over(all []outcome, begin time.Time) (line []plot.Point) {
	for _, r := range all {
		line = append(line, plot.Point{X: r.due.Sub(begin).Seconds(), Y: max(0.05, milliseconds(r.took))})
	}
	return line
}
