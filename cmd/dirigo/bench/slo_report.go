package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Experiment is what one of the experiments found: figures over several runs, and
// what follows from them.
type Experiment struct {
	Number   int       `json:"experiment"`
	Title    string    `json:"title"`
	Measured string    `json:"measured"` // the whole engine, or simulated
	Setting  []string  `json:"setting"`
	Rows     []Case    `json:"cases"`
	Verdicts []Verdict `json:"verdicts"`
	Load     float64   `json:"load_average_before,omitempty"`
	LoadEnd  float64   `json:"load_average_after,omitempty"`

	charts []chart
}

// Case is one setting of an experiment under one policy.
type Case struct {
	At      string   `json:"at"` // such as a load
	Policy  string   `json:"policy"`
	Figures []Figure `json:"figures"`
}

// Figure is one quantity over the runs.
type Figure struct {
	Name string    `json:"name"`
	Unit string    `json:"unit,omitempty"`
	Runs []float64 `json:"runs"`
}

// Verdict is one sentence that follows from the ranges, and whether what was
// aimed at was kept.
type Verdict struct {
	Text string `json:"text"`
	Kept string `json:"kept"` // yes, no, overlap (the ranges do not say), or "": nothing was aimed at
}

// add appends the value of one run to a figure of the case.
func (c *Case) add(name, unit string, value float64) {
	for i := range c.Figures {
		if c.Figures[i].Name == name {
			c.Figures[i].Runs = append(c.Figures[i].Runs, value)
			return
		}
	}
	c.Figures = append(c.Figures, Figure{name, unit, []float64{value}})
}

// figure returns a figure by its name; an empty one where there is none.
func (c *Case) figure(name string) Figure {
	for _, f := range c.Figures {
		if f.Name == name {
			return f
		}
	}
	return Figure{Name: name}
}

// row returns the case of a setting and policy, made if it is not there.
func (x *Experiment) row(at, policy string) *Case {
	for i := range x.Rows {
		if x.Rows[i].At == at && x.Rows[i].Policy == policy {
			return &x.Rows[i]
		}
	}
	x.Rows = append(x.Rows, Case{At: at, Policy: policy})
	return &x.Rows[len(x.Rows)-1]
}

// Figure returns a figure of the case of a setting and policy; without runs where
// there is none.
func (x *Experiment) Figure(at, policy, name string) Figure {
	for i := range x.Rows {
		if x.Rows[i].At == at && x.Rows[i].Policy == policy {
			return x.Rows[i].figure(name)
		}
	}
	return Figure{Name: name}
}

// Median returns the middle of the runs; 0: there were none.
func (f Figure) Median() float64 { return median(f.Runs) }

// ranges returns the least, the middle and the largest of the runs.
func (f Figure) ranges() (low, mid, high float64) {
	if len(f.Runs) == 0 {
		return 0, 0, 0
	}
	return slices.Min(f.Runs), median(f.Runs), slices.Max(f.Runs)
}

// String prints the median with the range.
func (f Figure) String() string {
	low, mid, high := f.ranges()
	if low == high {
		return short(mid)
	}
	return fmt.Sprintf("%s (%s–%s)", short(mid), short(low), short(high))
}

// short prints a number with as many digits as say something.
func short(x float64) string {
	switch a := max(x, -x); {
	case a >= 1000 || x == float64(int64(x)):
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case a > 0.9 && a < 1: // shares of results, where the digits behind the nines count
		return strconv.FormatFloat(x, 'f', 4, 64)
	default:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
}

// apart compares two figures: "<" or ">" where the ranges of the runs do not
// touch, "" where they do. One run is no range: nothing follows from it.
func apart(a, b Figure) string {
	if len(a.Runs) < 2 || len(b.Runs) < 2 {
		return ""
	}
	aLow, _, aHigh := a.ranges()
	bLow, _, bHigh := b.ranges()
	switch {
	case aHigh < bLow:
		return "<"
	case aLow > bHigh:
		return ">"
	default:
		return ""
	}
}

// compare says who does better in a figure, if the ranges say so. better is "<"
// where less is better, else ">".
func (x *Experiment) compare(at, name, better, one, other string) {
	a, b := x.row(at, one).figure(name), x.row(at, other).figure(name)
	if len(a.Runs) == 0 || len(b.Runs) == 0 {
		return
	}
	head := strings.TrimSpace(at + ", " + name)
	_, am, _ := a.ranges()
	_, bm, _ := b.ranges()
	var text string
	switch apart(a, b) {
	case "":
		text = fmt.Sprintf("%s: %s %s, %s %s: no winner, the ranges of %d runs overlap", head, one, a, other, b, min(len(a.Runs), len(b.Runs)))
		if len(a.Runs) < 2 {
			text = fmt.Sprintf("%s: %s %s, %s %s: one run, no winner", head, one, a, other, b)
		}
	case better:
		text = fmt.Sprintf("%s: %s is better, %s against %s of %s, %s", head, one, a, b, other, factor(am, bm))
	default:
		text = fmt.Sprintf("%s: %s is better, %s against %s of %s, %s", head, other, b, a, one, factor(am, bm))
	}
	x.Verdicts = append(x.Verdicts, Verdict{Text: text})
}

// factor says how many times one value is the other.
func factor(a, b float64) string {
	if a > b {
		a, b = b, a
	}
	if a <= 0 {
		return "from nothing"
	}
	return fmt.Sprintf("%.2f times", b/a)
}

// aim says whether a figure keeps to a bound in all runs ("yes"), in none ("no")
// or in some ("overlap"). atMost tells on which side of the bound it is to be.
func (x *Experiment) aim(what string, f Figure, bound float64, atMost bool) {
	if len(f.Runs) == 0 {
		return
	}
	in := 0
	for _, r := range f.Runs {
		if atMost && r <= bound || !atMost && r >= bound {
			in++
		}
	}
	kept := "overlap"
	switch in {
	case len(f.Runs):
		kept = "yes"
	case 0:
		kept = "no"
	}
	side := "at least"
	if atMost {
		side = "at most"
	}
	x.Verdicts = append(x.Verdicts, Verdict{
		Text: fmt.Sprintf("%s: %s %s, aim %s %s: kept in %d of %d runs", what, f, f.Unit, side, short(bound), in, len(f.Runs)), Kept: kept,
	})
}

// ratio returns the quotients of two figures, run by run.
func ratio(name, unit string, scale float64, a, b Figure) Figure {
	out := Figure{Name: name, Unit: unit}
	for i := range min(len(a.Runs), len(b.Runs)) {
		if b.Runs[i] > 0 {
			out.Runs = append(out.Runs, scale*a.Runs[i]/b.Runs[i])
		}
	}
	return out
}

// less returns the differences of two figures, run by run.
func less(name, unit string, a, b Figure) Figure {
	out := Figure{Name: name, Unit: unit}
	for i := range min(len(a.Runs), len(b.Runs)) {
		out.Runs = append(out.Runs, a.Runs[i]-b.Runs[i])
	}
	return out
}

// JSON writes the experiment as one line.
func (x *Experiment) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(x) }

// Print writes the experiment for people.
func (x *Experiment) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Experiment %d: %s (%s)\n", x.Number, x.Title, x.Measured)
	for _, s := range x.Setting {
		fmt.Fprintf(&b, "  %s\n", s)
	}
	if x.LoadEnd > 0 {
		fmt.Fprintf(&b, "  load average of the machine %.1f before, %.1f after\n", x.Load, x.LoadEnd)
	}
	x.table(&b)
	for _, v := range x.Verdicts {
		mark := map[string]string{"yes": "kept: ", "no": "missed: ", "overlap": "not settled: "}[v.Kept]
		fmt.Fprintf(&b, "- %s%s\n", mark, v.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// table prints a line for each case; cases with other figures get a head of their
// own.
func (x *Experiment) table(b *strings.Builder) {
	for rest := x.Rows; len(rest) > 0; {
		n, head := 1, x.head(rest[0])
		for n < len(rest) && slices.Equal(x.head(rest[n]), head) {
			n++
		}
		lines := [][]string{head}
		for _, c := range rest[:n] {
			line := []string{c.At, c.Policy}
			for _, f := range c.Figures {
				line = append(line, f.String())
			}
			lines = append(lines, line)
		}
		rest = rest[n:]
		align(b, lines)
	}
}

// head returns the head of a case's line.
func (x *Experiment) head(c Case) []string {
	head := []string{"", ""}
	for _, f := range c.Figures {
		head = append(head, strings.TrimSpace(f.Name+" "+f.Unit))
	}
	return head
}

// align prints lines in columns: two of names, then figures.
func align(b *strings.Builder, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var l strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < 2 {
				l.WriteString(cell + pad + "  ")
			} else {
				l.WriteString(pad + cell + "  ")
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
}

// sorted orders the cases as they are to be printed.
func (x *Experiment) sorted(rank func(Case) int) {
	slices.SortStableFunc(x.Rows, func(a, b Case) int { return cmp.Compare(rank(a), rank(b)) })
}
