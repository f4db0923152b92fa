package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// Span is a tumbling (Slide = Size) or hopping window, in microseconds, over a
// time column of the input.
type Span struct {
	Time                int
	Size, Slide, Offset int64
}

func (s Span) line(in batch.Schema) string {
	name := "tumble"
	if s.Slide != s.Size {
		name = "hop"
	}
	line := fmt.Sprintf("%s(%s, %s", name, in[s.Time].Name, Micros(s.Size))
	if s.Slide != s.Size {
		line += " by " + Micros(s.Slide)
	}
	if s.Offset != 0 {
		line += ", offset " + Micros(s.Offset)
	}
	return line + ")"
}

// Names of the columns that windows add.
const (
	WindowStart = "window_start"
	WindowEnd   = "window_end"
)

// Window assigns rows to windows: two columns more, behind the input's, a row
// once per window that holds it.
type Window struct {
	Input Node
	Span  Span
	Pos   int // of the table function in the user's text, in bytes
}

// Schema implements Node.
func (w *Window) Schema() batch.Schema {
	in := w.Input.Schema()
	t := in[w.Span.Time].Type
	return append(slices.Clone(in), batch.Field{Name: WindowStart, Type: t}, batch.Field{Name: WindowEnd, Type: t})
}

// Inputs implements Node.
func (w *Window) Inputs() []Node { return []Node{w.Input} }

// With implements Node.
func (w *Window) With(in ...Node) Node { return &Window{Input: in[0], Span: w.Span, Pos: w.Pos} }

// Props implements Node. window_end has a watermark where the time has: it lies
// behind every time in the window. window_start lies before them by the size.
func (w *Window) Props() Props {
	p, n := w.Input.Props(), len(w.Input.Schema())
	p.Twins = append(slices.Clone(p.Twins), []int{n, n + 1})
	p.Spans = append(slices.Clone(p.Spans), Bounds{n, n + 1, w.Span.Size, w.Span.Slide, w.Span.Offset})
	if lag, ok := p.Time(w.Span.Time); ok {
		p.Times = append(slices.Clone(p.Times), Time{n, lag + w.Span.Size}, Time{n + 1, lag})
	}
	if p.Key != nil && w.Span.Slide != w.Span.Size {
		p.Key = append(slices.Clone(p.Key), n)
	}
	return p
}

// Closes says that the watermark tells when all rows of a window are there: when
// it has passed the window's end by as much as is returned. Times that are bounds
// of other windows lie on a grid: behind one, none comes before the next.
func (w *Window) Closes() (lag int64, ok bool) {
	p, c := w.Input.Props(), w.Span.Time
	lag, ok = p.Time(c)
	for _, s := range p.Spans {
		if (s.Start == c || s.End == c) && w.Span.Slide%s.Slide == 0 && w.Span.Size%s.Slide == 0 && (w.Span.Offset-s.bound(c))%s.Slide == 0 {
			lag -= s.Slide
			break
		}
	}
	return max(0, lag), ok
}

// Line implements Node.
func (w *Window) Line() string { return "Window " + w.Span.line(w.Input.Schema()) }

// Group is GROUP BY. Its output columns are window_start and window_end where
// it has a Window, then the keys, then the calls.
type Group struct {
	Input Node
	Keys  []int
	Calls []agg.Call
	Names []string // of the calls
	// Window makes it a window aggregate over a time column with a watermark.
	// OnClose: each window leaves once, Lateness (µs) after the watermark has
	// passed its end; else it updates as rows come, and is forgotten then.
	Window   *Span
	OnClose  bool
	Lateness int64
	TTL      int64 // microseconds without a touch after which a group ends; 0: never
	Pos      int   // of GROUP BY or the first aggregate in the user's text, in bytes
}

// Schema implements Node.
func (g *Group) Schema() batch.Schema {
	in := g.Input.Schema()
	var out batch.Schema
	if g.Window != nil {
		t := in[g.Window.Time].Type
		out = append(out, batch.Field{Name: WindowStart, Type: t}, batch.Field{Name: WindowEnd, Type: t})
	}
	for _, k := range g.Keys {
		out = append(out, in[k])
	}
	for i, c := range g.Calls {
		out = append(out, batch.Field{Name: g.Names[i], Type: c.Type})
	}
	return out
}

// Inputs implements Node.
func (g *Group) Inputs() []Node { return []Node{g.Input} }

// With implements Node.
func (g *Group) With(in ...Node) Node {
	c := *g
	c.Input = in[0]
	return &c
}

// Before returns how many columns stand before the keys.
func (g *Group) Before() int {
	if g.Window != nil {
		return 2
	}
	return 0
}

// Props implements Node. The key is the keys and, where there are windows, the
// window's start. The end of windows has the watermark by which they leave, or
// are forgotten and change no more; of those that wait for late rows, it lies
// behind by as much.
func (g *Group) Props() Props {
	p := Props{Updating: !g.OnClose && !g.Grows(), Key: []int{}}
	if g.Window != nil {
		p.Key, p.Twins = append(p.Key, 0), [][]int{{0, 1}}
		p.Spans = []Bounds{{0, 1, g.Window.Size, g.Window.Slide, g.Window.Offset}}
		p.Times = []Time{{0, g.Lateness + g.Window.Size}, {1, g.Lateness}}
	}
	for i := range g.Keys {
		p.Key = append(p.Key, g.Before()+i)
	}
	return p
}

// Grows says that the rows of windows leave as they come and stay: without calls
// they are the distinct keys of rows that only come.
func (g *Group) Grows() bool {
	return g.Window != nil && !g.OnClose && len(g.Calls) == 0 && !g.Input.Props().Updating
}

// Line implements Node.
func (g *Group) Line() string {
	in := g.Input.Schema()
	parts := []string{}
	if g.Window != nil {
		parts = append(parts, g.Window.line(in))
	}
	if len(g.Keys) > 0 {
		parts = append(parts, Names(in, g.Keys))
	}
	calls := make([]string, len(g.Calls))
	for i, c := range g.Calls {
		calls[i] = CallText(c, in)
	}
	line := "Group"
	if len(parts) > 0 {
		line += " by " + strings.Join(parts, ", ")
	}
	if len(calls) > 0 {
		line += ": " + strings.Join(calls, ", ")
	}
	switch {
	case g.OnClose:
		line += " on window close"
	case g.Window != nil:
		line += " emitting changes"
	}
	if g.Lateness > 0 {
		line += ", kept " + Micros(g.Lateness) + " longer"
	}
	if g.TTL > 0 {
		line += ", kept " + Micros(g.TTL)
	}
	return line
}

// CallText returns an aggregate call as SQL.
func CallText(c agg.Call, in batch.Schema) string {
	arg := "*"
	if c.Arg >= 0 {
		arg = in[c.Arg].Name
	}
	if c.Distinct {
		arg = "DISTINCT " + arg
	}
	if c.Func == "string_agg" {
		arg += ", " + expr.Const(batch.T(batch.Text), c.Separator).String()
	}
	for i, o := range c.Order {
		arg += []string{" ORDER BY ", ", "}[min(i, 1)] + in[o.Col].Name + direction(o.Desc, o.NullsFirst)
	}
	text := c.Func + "(" + arg + ")"
	if c.Filter >= 0 {
		text += " FILTER (WHERE " + in[c.Filter].Name + ")"
	}
	return text
}

// Distinct keeps one of each row.
type Distinct struct {
	Input Node
}

// Schema implements Node.
func (d *Distinct) Schema() batch.Schema { return d.Input.Schema() }

// Inputs implements Node.
func (d *Distinct) Inputs() []Node { return []Node{d.Input} }

// With implements Node.
func (d *Distinct) With(in ...Node) Node { return &Distinct{Input: in[0]} }

// Props implements Node: over rows that only come, so do the distinct ones.
func (d *Distinct) Props() Props {
	p := d.Input.Props()
	p.Twins = nil
	p.Key = make([]int, len(d.Schema()))
	for i := range p.Key {
		p.Key[i] = i
	}
	return p
}

// Line implements Node.
func (d *Distinct) Line() string { return "Distinct" }
