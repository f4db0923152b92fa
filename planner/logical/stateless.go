package logical

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// Filter keeps the rows for which Pred is true.
type Filter struct {
	Input Node
	Pred  *expr.Node
}

// Schema implements Node.
func (f *Filter) Schema() batch.Schema { return f.Input.Schema() }

// Inputs implements Node.
func (f *Filter) Inputs() []Node { return []Node{f.Input} }

// With implements Node.
func (f *Filter) With(in ...Node) Node { return &Filter{Input: in[0], Pred: f.Pred} }

// Props implements Node.
func (f *Filter) Props() Props { return f.Input.Props() }

// Line implements Node.
func (f *Filter) Line() string { return "Filter " + f.Pred.String() }

// Project computes columns.
type Project struct {
	Input Node
	Exprs []*expr.Node
	Names []string
}

// Schema implements Node.
func (p *Project) Schema() batch.Schema {
	out := make(batch.Schema, len(p.Exprs))
	for i, e := range p.Exprs {
		out[i] = batch.Field{Name: p.Names[i], Type: e.Type}
	}
	return out
}

// Inputs implements Node.
func (p *Project) Inputs() []Node { return []Node{p.Input} }

// With implements Node.
func (p *Project) With(in ...Node) Node {
	return &Project{Input: in[0], Exprs: p.Exprs, Names: p.Names}
}

// Props implements Node: a column keeps what it had when it is passed on as it
// is, and its watermark when an interval is added.
func (p *Project) Props() Props {
	in := p.Input.Props()
	out := in.moved(p.place)
	for i, e := range p.Exprs {
		c, by, ok := Shifted(e)
		if !ok || out.has(i) {
			continue
		}
		if lag, ok := in.Time(c); ok {
			out.Times = append(out.Times, Time{i, lag - by})
		}
	}
	return out
}

// place returns the first output column that is input column c, or -1.
func (p *Project) place(c int) int {
	return slices.IndexFunc(p.Exprs, func(e *expr.Node) bool { return e.Op == expr.OpCol && e.Col == c })
}

// Line implements Node.
func (p *Project) Line() string {
	parts := make([]string, len(p.Exprs))
	for i, e := range p.Exprs {
		parts[i] = e.String()
		if parts[i] != p.Names[i] {
			parts[i] += " AS " + p.Names[i]
		}
	}
	return "Project " + strings.Join(parts, ", ")
}

// Identity says that the projection passes its input on, names included.
func (p *Project) Identity() bool {
	in := p.Input.Schema()
	if len(in) != len(p.Exprs) {
		return false
	}
	for i, e := range p.Exprs {
		if e.Op != expr.OpCol || e.Col != i || in[i].Name != p.Names[i] {
			return false
		}
	}
	return true
}

// Late rejects rows that come too late for a query that closes state by their
// time: Allowed is in microseconds behind the watermark.
type Late struct {
	Input   Node
	Time    int
	Allowed int64
}

// Schema implements Node.
func (l *Late) Schema() batch.Schema { return l.Input.Schema() }

// Inputs implements Node.
func (l *Late) Inputs() []Node { return []Node{l.Input} }

// With implements Node.
func (l *Late) With(in ...Node) Node { return &Late{Input: in[0], Time: l.Time, Allowed: l.Allowed} }

// Props implements Node.
func (l *Late) Props() Props { return l.Input.Props() }

// Line implements Node.
func (l *Late) Line() string {
	line := "Reject late by " + l.Input.Schema()[l.Time].Name
	if l.Allowed > 0 {
		line += ", allowed " + Micros(l.Allowed)
	}
	return line
}

// Union is UNION ALL: rows of inputs with the same types. Names are the first's.
type Union struct {
	Sides []Node
}

// Schema implements Node.
func (u *Union) Schema() batch.Schema { return u.Sides[0].Schema() }

// Inputs implements Node.
func (u *Union) Inputs() []Node { return u.Sides }

// With implements Node.
func (u *Union) With(in ...Node) Node { return &Union{Sides: slices.Clone(in)} }

// Props implements Node: a column has a watermark when it has one on all sides.
func (u *Union) Props() Props {
	out := u.Sides[0].Props()
	out.Key, out.Twins = nil, nil
	for _, side := range u.Sides[1:] {
		p := side.Props()
		out.Updating = out.Updating || p.Updating
		out.Times, out.Spans = commonTimes(out.Times, p), commonSpans(out.Spans, p)
	}
	return out
}

// commonTimes keeps the columns that have a watermark in p too, with the greater lag.
func commonTimes(times []Time, p Props) (out []Time) {
	for _, t := range times {
		if lag, ok := p.Time(t.Col); ok {
			out = append(out, Time{t.Col, max(t.Lag, lag)})
		}
	}
	return out
}

func commonSpans(spans []Bounds, p Props) (out []Bounds) {
	for _, s := range spans {
		if slices.Contains(p.Spans, s) {
			out = append(out, s)
		}
	}
	return out
}

// Line implements Node.
func (u *Union) Line() string { return "Union all" }

// Values is a constant relation. Its rows are expressions without columns.
type Values struct {
	Columns batch.Schema
	Rows    [][]*expr.Node
}

// Schema implements Node.
func (v *Values) Schema() batch.Schema { return v.Columns }

// Inputs implements Node.
func (v *Values) Inputs() []Node { return nil }

// With implements Node.
func (v *Values) With(...Node) Node { return v }

// Props implements Node.
func (v *Values) Props() Props {
	if len(v.Rows) <= 1 {
		return Props{Key: []int{}}
	}
	return Props{}
}

// Line implements Node.
func (v *Values) Line() string {
	rows := make([]string, len(v.Rows))
	for i, row := range v.Rows {
		cells := make([]string, len(row))
		for j, e := range row {
			cells[j] = e.String()
		}
		rows[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return "Values " + strings.Join(rows, ", ")
}
