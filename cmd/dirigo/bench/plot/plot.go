// Package plot draws figures with their ranges as SVG: text, without anything
// but the standard library, readable on light and on dark ground. It knows
// nothing of what is drawn.
package plot

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Chart is values of several series, either by category, with the range of the
// runs as whiskers, or as lines over a number.
type Chart struct {
	Title      string // what one sees
	Note       string // below it: where the figures come from
	X, Y       string // names of the axes, with their units
	Log        bool   // the Y axis
	Categories []string
	Series     []Series
	Limit      float64 // a line across; 0: none
	LimitName  string
}

// Series is one colour.
type Series struct {
	Name   string
	Ranges []Range // one for each category; or
	Line   []Point // by X
}

// Range is the middle of some runs with the least and the largest; all 0: nothing
// is drawn.
type Range struct{ Low, Mid, High float64 }

// Point is one point of a line.
type Point struct{ X, Y float64 }

const (
	width, height          = 760, 400
	left, right, top, base = 76, 176, 62, 330
	colours                = 7
)

// style has colours that can be told apart by those who see no red or green
// (after Okabe and Ito), lighter ones on dark ground.
const style = `<style>
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1b1f24}
.t{font-size:16px;font-weight:600}.n{font-size:12px;fill:#57606a}
.g{stroke:#d0d7de;stroke-width:1}.a{stroke:#57606a;stroke-width:1}.l{stroke:#57606a;stroke-width:1.5;stroke-dasharray:6 4}
.w{stroke-width:2;fill:none}
.c0{stroke:#0072b2;fill:#0072b2}.c1{stroke:#d55e00;fill:#d55e00}.c2{stroke:#009e73;fill:#009e73}.c3{stroke:#aa4499;fill:#aa4499}
.c4{stroke:#997700;fill:#997700}.c5{stroke:#56708c;fill:#56708c}.c6{stroke:#882255;fill:#882255}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.n{fill:#9198a1}.g{stroke:#30363d}.a,.l{stroke:#9198a1}
.c0{stroke:#56b4e9;fill:#56b4e9}.c1{stroke:#ff9d5c;fill:#ff9d5c}.c2{stroke:#3fcf9f;fill:#3fcf9f}.c3{stroke:#e39bd4;fill:#e39bd4}
.c4{stroke:#e6c54a;fill:#e6c54a}.c5{stroke:#a9bfd6;fill:#a9bfd6}.c6{stroke:#e07a9c;fill:#e07a9c}}
</style>
`

// SVG returns the chart as a document.
func (c Chart) SVG() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n",
		width, height, width, height, html.EscapeString(c.Title))
	b.WriteString(style)
	text(&b, left-60, 24, "t", "start", c.Title)
	text(&b, left-60, 44, "n", "start", c.Note)
	y := c.axis()
	c.grid(&b, y)
	if len(c.Categories) > 0 {
		c.whiskers(&b, y)
	} else {
		c.lines(&b, y)
	}
	c.legend(&b, y)
	b.WriteString("</svg>\n")
	return b.String()
}

func text(b *strings.Builder, x, y float64, class, anchor, s string) {
	if class != "" {
		class = fmt.Sprintf(" class=\"%s\"", class)
	}
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\"%s text-anchor=\"%s\">%s</text>\n", x, y, class, anchor, html.EscapeString(s))
}

func line(b *strings.Builder, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2)
}

// axis is the Y axis: what it spans, and where its marks are.
type axis struct {
	low, high float64
	log       bool
	marks     []float64
}

// at returns where a value stands.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(max(v, a.low)), math.Log10(low), math.Log10(high)
	}
	return base - (base-top)*(v-low)/(high-low)
}

// axis spans all values, from 0 where it is linear.
func (c Chart) axis() axis {
	low, high := math.Inf(1), c.Limit
	if c.Limit > 0 {
		low = c.Limit
	}
	see := func(v float64) {
		if v > 0 || !c.Log {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, s := range c.Series {
		for _, r := range s.Ranges {
			if r != (Range{}) {
				see(r.Low)
				see(r.High)
			}
		}
		for _, p := range s.Line {
			see(p.Y)
		}
	}
	if c.Log {
		return logAxis(low, high)
	}
	return linearAxis(high)
}

// linearAxis has marks at multiples of 1, 2 or 5 times a power of ten.
func linearAxis(high float64) axis {
	if high <= 0 {
		high = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(high)))
	for _, f := range []float64{.1, .2, .5, 1} {
		if high/(step*f) <= 6 {
			step *= f
			break
		}
	}
	a := axis{high: math.Ceil(high/step) * step}
	for v := 0.0; v <= a.high+step/2; v += step {
		a.marks = append(a.marks, v)
	}
	return a
}

// logAxis has marks at powers of ten, and between them where there are few.
func logAxis(low, high float64) axis {
	if math.IsInf(low, 1) || high <= 0 {
		low, high = 1, 10
	}
	a := axis{log: true, low: math.Pow(10, math.Floor(math.Log10(low))), high: math.Pow(10, math.Ceil(math.Log10(high)))}
	if a.high <= a.low {
		a.high = a.low * 10
	}
	for v := a.low; v <= a.high*1.001; v *= 10 {
		a.marks = append(a.marks, v)
		if a.high/a.low < 1e3 && v*1.001 < a.high {
			a.marks = append(a.marks, 2*v, 5*v)
		}
	}
	return a
}

func (c Chart) grid(b *strings.Builder, y axis) {
	for _, v := range y.marks {
		line(b, "g", left, y.at(v), width-right, y.at(v))
		text(b, left-8, y.at(v)+4, "n", "end", number(v))
	}
	line(b, "a", left, base, width-right, base)
	fmt.Fprintf(b, "<text transform=\"translate(22 %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", float64(top+base)/2, html.EscapeString(c.Y))
	text(b, float64(left+width-right)/2, base+48, "", "middle", c.X)
	if c.Limit > 0 {
		line(b, "l", left, y.at(c.Limit), width-right, y.at(c.Limit))
	}
}

// number prints a mark.
func number(v float64) string {
	if v >= 1e6 {
		return fmt.Sprintf("%g M", v/1e6)
	}
	return fmt.Sprintf("%g", math.Round(v*1e6)/1e6)
}

// whiskers draws the series of each category side by side.
func (c Chart) whiskers(b *strings.Builder, y axis) {
	slot := float64(width-right-left) / float64(len(c.Categories))
	gap := min(22, slot*.8/float64(max(1, len(c.Series))))
	for i, name := range c.Categories {
		middle := left + slot*(float64(i)+.5)
		text(b, middle, base+20, "", "middle", name)
		for k, s := range c.Series {
			if i >= len(s.Ranges) || s.Ranges[i] == (Range{}) {
				continue
			}
			r, x := s.Ranges[i], middle+gap*(float64(k)-float64(len(c.Series)-1)/2)
			class := fmt.Sprintf("c%d", k%colours)
			fmt.Fprintf(b, "<g class=\"%s\"><title>%s, %s: %s (%s to %s)</title>\n", class, html.EscapeString(s.Name), html.EscapeString(name), number(r.Mid), number(r.Low), number(r.High))
			line(b, "w", x, y.at(r.Low), x, y.at(r.High))
			line(b, "w", x-4, y.at(r.Low), x+4, y.at(r.Low))
			line(b, "w", x-4, y.at(r.High), x+4, y.at(r.High))
			mark(b, k, x, y.at(r.Mid))
			b.WriteString("</g>\n")
		}
	}
}

// mark draws a series' own shape, so that colour is not all that tells it.
func mark(b *strings.Builder, k int, x, y float64) {
	switch k % 4 {
	case 0:
		fmt.Fprintf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n", x, y)
	case 1:
		fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\"/>\n", x-4.5, y-4.5)
	case 2:
		fmt.Fprintf(b, "<path d=\"M%.1f %.1fl6 10h-12z\"/>\n", x, y-6)
	default:
		fmt.Fprintf(b, "<path d=\"M%.1f %.1fl6 6l-6 6l-6 -6z\"/>\n", x, y-6)
	}
}

// lines draws the series over their X.
func (c Chart) lines(b *strings.Builder, y axis) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range c.Series {
		for _, p := range s.Line {
			low, high = min(low, p.X), max(high, p.X)
		}
	}
	if low >= high {
		return
	}
	at := func(x float64) float64 { return left + (width-right-left)*(x-low)/(high-low) }
	step := linearAxis(high - low).marks[1]
	for v := math.Ceil(low/step) * step; v <= high+step/1e6; v += step {
		text(b, at(v), base+20, "n", "middle", number(v))
		line(b, "a", at(v), base, at(v), base+5)
	}
	for k, s := range c.Series {
		if len(s.Line) == 0 {
			continue
		}
		fmt.Fprintf(b, "<g class=\"c%d\"><polyline class=\"w\" style=\"fill:none\" points=\"", k%colours)
		for _, p := range s.Line {
			fmt.Fprintf(b, "%.1f,%.1f ", at(p.X), y.at(p.Y))
		}
		b.WriteString("\"/></g>\n")
	}
}

func (c Chart) legend(b *strings.Builder, y axis) {
	at := float64(top + 8)
	for k, s := range c.Series {
		fmt.Fprintf(b, "<g class=\"c%d\">", k%colours)
		mark(b, k, width-right+20, at)
		b.WriteString("</g>")
		text(b, width-right+34, at+4, "", "start", s.Name)
		at += 22
	}
	if c.Limit > 0 {
		text(b, width-right+6, y.at(c.Limit)-5, "n", "start", c.LimitName)
	}
}
