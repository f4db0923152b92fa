package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// plain runs a query's operators in a loop, on one goroutine: no actors, no
// exchange, no epochs, no scheduler. It is the limit of what one core could do
// with the same code on the same rows.
type plain struct {
	gen     *nexmark.Generator
	read    []int // columns of the generator's table, in the order of the chain's
	time    int   // event time among read
	stages  []plainStage
	rows    int64
	emitted int64
	err     error
}

// plainStage is one operator with what comes behind it.
type plainStage struct {
	op    exec.Operator
	took  time.Duration // of the processor, in it alone
	next  func(b *batch.Batch)
	inner time.Duration // behind it, of the call under way
}

// plainFuel lets an operator emit all that it has.
const plainFuel = 1 << 30

// newPlain builds the operators of a query that reads one generated table and
// has one chain of vertices.
func newPlain(def job.QueryDef, columns []connectors.Column, cfg nexmark.Config) (*plain, error) {
	gen, err := nexmark.NewGenerator(cfg)
	if err != nil {
		return nil, err
	}
	p := &plain{gen: gen, time: -1}
	var types []batch.Type
	for v := range def.Graph.Vertices {
		vertex := &def.Graph.Vertices[v]
		if vertex.Read != nil {
			types = p.reads(vertex.Read, columns, nexmark.Schema(cfg.Table))
		}
		if len(vertex.Inputs) > 1 {
			return nil, fmt.Errorf("query %s has a vertex with two inputs", def.Name)
		}
		for _, spec := range vertex.Ops {
			o, err := op.New(spec, op.Env{
				Inputs: [][]batch.Type{types}, Home: state.Home{KeyGroups: 1, High: 1}, Rejecter: ignored{},
			})
			if err != nil {
				return nil, err
			}
			p.stages = append(p.stages, plainStage{op: o})
			types = after(spec, types)
		}
		types = types[:0:0]
		for _, c := range vertex.Schema {
			types = append(types, c.Type)
		}
	}
	for i := range p.stages {
		p.stages[i].next = func(b *batch.Batch) { p.push(i+1, b) }
	}
	return p, nil
}

// after returns the types behind an operator inside of a chain; only projections
// stand before others there.
func after(spec op.Spec, in []batch.Type) []batch.Type {
	if spec.Project == nil {
		return in
	}
	var out []batch.Type
	for _, n := range spec.Project {
		out = append(out, n.Type)
	}
	return out
}

func (p *plain) reads(r *job.Read, columns, table []connectors.Column) (types []batch.Type) {
	for _, c := range r.Columns {
		i := slices.IndexFunc(table, func(t connectors.Column) bool { return t.Name == columns[c].Name })
		if table[i].Name == "date_time" {
			p.time = len(p.read)
		}
		p.read = append(p.read, i)
		types = append(types, columns[c].Type)
	}
	return types
}

// ignored takes rejected rows: none are expected.
type ignored struct{}

// Reject implements exec.Rejecter.
func (ignored) Reject(exec.Reject) {}

// Emit implements exec.Emitter.
func (s *plainStage) Emit(b *batch.Batch) {
	begin := threadTime()
	s.next(b)
	s.inner += threadTime() - begin
}

// push gives a batch to stage i and all behind it.
func (p *plain) push(i int, b *batch.Batch) {
	if i == len(p.stages) {
		p.emitted += int64(b.Rows())
		return
	}
	s := &p.stages[i]
	p.call(s, func() (bool, error) { return s.op.Push(0, b, s, plainFuel) })
}

// call runs one call of an operator to its end, and counts the time in it alone.
func (p *plain) call(s *plainStage, f func() (bool, error)) {
	begin := threadTime()
	s.inner = 0
	more, err := f()
	for more && err == nil {
		more, err = s.op.Resume(s, plainFuel)
	}
	s.took += threadTime() - begin - s.inner
	if err != nil && p.err == nil {
		p.err = err
	}
}

// run makes rows and runs them, closing a tick every so many. It is to be called
// on a locked thread.
func (p *plain) run(from, rows int64, each int, tick int64) error {
	demand := make([]bool, 16)
	for _, i := range p.read {
		demand[i] = true
	}
	since, number := int64(0), uint64(from)
	for at := from; at < from+rows; at += int64(each) {
		all := p.gen.Columns(at, each, demand)
		b := &batch.Batch{N: each, Time: batch.MaxTime, Origin: &batch.Origin{Base: at}}
		for _, i := range p.read {
			b.Cols = append(b.Cols, all[i])
		}
		p.push(0, b)
		p.rows += int64(each)
		if since += int64(each); since >= tick {
			since = 0
			number++
			p.advance(number, b.Cols[p.time].(*batch.Vec[int64]).Data[each-1])
		}
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// advance closes a tick in all stages.
func (p *plain) advance(tick uint64, watermark int64) {
	for i := range p.stages {
		s := &p.stages[i]
		f := exec.Frontier{Tick: tick, Watermark: watermark, In: []int64{watermark}}
		p.call(s, func() (bool, error) { return s.op.Advance(f, s, plainFuel) })
	}
}

// stateful returns the stage whose state a query keeps: the one that could be
// lent.
func (p *plain) stateful() *plainStage {
	for i := range p.stages {
		if _, ok := p.stages[i].op.(exec.Lendable); ok {
			return &p.stages[i]
		}
	}
	return nil
}
