package job

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

type (
	turn     = actors.Turn[*batch.Batch]
	behavior = actors.Behavior[*batch.Batch]
)

// vertex is one instance of a vertex of a running query: the behavior of an
// actor. It runs a chain of operators and sends the output on to other
// vertices, to the query's sink, or to those that watch its view.
type vertex struct {
	q      *query
	home   *instance
	chain  *chain
	routes []*route
	sink   *sinkWriter // nil: none
	view   *viewPart   // nil: none
	due    exec.Due    // of the stateful operator, nil: none

	turn      *turn
	passing   *exec.Frontier // Advance has begun and not ended
	need      exec.Read      // to be installed before the chain goes on
	wanted    exec.Read      // of a look-up by key: read before anything else runs
	release   func()         // unpins the manifest that state is loaded from
	at        []position     // of a reader: where it stands at the Seal being passed
	unsealed  bool           // rows came since the last Seal
	lastError error
	over      int  // see afford
	relieved  bool // pages have moved: to be looked at whether that was enough
}

// Emit implements exec.Emitter, behind the chain.
func (v *vertex) Emit(b *batch.Batch) {
	if b.Rows() == 0 {
		return
	}
	for _, r := range v.routes {
		r.send(v.turn, b)
	}
	if v.sink != nil || v.view != nil {
		v.home.out.Add(int64(b.Rows()))
	}
	if v.sink != nil {
		if err := v.sink.write(b); err != nil && v.lastError == nil {
			v.lastError = err
		}
	}
	if v.view != nil {
		v.view.changed(b)
	}
}

// Push implements actors.Behavior.
func (v *vertex) Push(in int, b *batch.Batch, t *turn) (more bool, err error) {
	v.turn, v.unsealed = t, true
	more, err = v.chain.push(in, b, t.Fuel())
	return v.settle(more, err)
}

// Due implements actors.Behavior. A frontier that gives nothing to do passes
// here, and is noted for those who wait for it.
func (v *vertex) Due(f actors.Frontier, rows bool, least int64) bool {
	if f.Seal != 0 || (v.sink != nil && (v.sink.begun || v.sink.passes(f.Tick, 0))) || (v.due != nil && v.due.Due(frontierOf(f), rows, least)) {
		return true
	}
	if v.view != nil {
		v.view.passed(f.Punct)
	}
	v.home.passed(f.Tick)
	return false
}

// Advance implements actors.Behavior.
func (v *vertex) Advance(f actors.Frontier, t *turn) (more bool, err error) {
	v.turn = t
	if v.view != nil {
		v.view.begin(f.Tick)
	}
	if v.sink != nil && v.sink.held != nil {
		v.sink.held.tick = f.Tick
	}
	front := frontierOf(f)
	v.passing = &front
	more, err = v.chain.advance(front, t.Fuel())
	return v.settle(more, err)
}

// Resume implements actors.Behavior.
func (v *vertex) Resume(t *turn) (more bool, err error) {
	v.turn = t
	if r := v.need; r != nil {
		v.need, v.relieved = nil, true
		if err := r.Install(); err != nil {
			return false, v.wrap(err)
		}
	}
	more, err = v.chain.run(t.Fuel())
	return v.settle(more, err)
}

// settle ends a call: when a frontier has passed through the whole chain, what
// waits for it is done, and a Seal captured.
func (v *vertex) settle(more bool, err error) (bool, error) {
	if err == nil {
		err = v.lastError
	}
	if err == nil && v.relieved {
		v.relieved = false
		err = v.afford()
	}
	if err != nil {
		return false, v.wrap(err)
	}
	if more || v.passing == nil {
		return more, nil
	}
	if v.sink != nil {
		if p := v.passing; v.sink.passes(p.Tick, p.Seal) {
			if err := v.sink.tell(v.sink.held.ends(p.Tick)); err != nil {
				return false, v.wrap(err)
			}
		}
		if more, err := v.sink.endTick(); more || err != nil {
			return more, v.wrap(err)
		}
	}
	f := *v.passing
	v.passing = nil
	if v.view != nil {
		if v.view.applied(actors.Punct{Tick: f.Tick, Watermark: f.Watermark, Seal: f.Seal, Born: f.Born}) {
			v.turn.Told()
		}
	}
	v.home.passed(f.Tick)
	if f.Seal != 0 {
		v.unsealed = false
		v.q.seal(f.Seal, v.capture())
	}
	return false, nil
}

// capture freezes what a Seal keeps of this instance.
func (v *vertex) capture() sealPart {
	part := sealPart{vertex: v.home.def.ID, instance: v.home.index, positions: v.at, out: v.home.out.Load()}
	if v.home.def.Read != nil {
		part.relation = v.home.def.Read.Relation
		part.in = v.home.place.in.Load()
	}
	if s := v.chain.sealer(); s != nil {
		part.frozen = s.Freeze()
	}
	if v.sink != nil {
		part.sink = v.sink
		part.staged, part.place = v.sink.staged(), v.sink.position()
	}
	return part
}

// Wait implements actors.Waiter: for a page to be read, or for the sink.
func (v *vertex) Wait() func(ready func()) {
	if r := v.wanted; r != nil {
		v.wanted = nil
		return v.bring(r)
	}
	if r := v.chain.need(); r != nil {
		v.need = r
		return func(ready func()) {
			v.q.eng.io.run(func() {
				if err := fetch(r); err != nil {
					v.lastError = err
				}
				ready()
			})
		}
	}
	if v.sink != nil {
		return v.sink.sink.Ready()
	}
	if v.view != nil {
		return v.view.wait()
	}
	return nil
}

// smallView is the state, in bytes, up to which a view at rest leaves memory: who
// reads it then waits for a block or two. A larger one is for --memory to page out.
const smallView = 256 << 10

// Passivate implements actors.Passivable: what is sealed, or is not state, need
// not stay in memory.
func (v *vertex) Passivate() bool {
	if s := v.chain.sealer(); s != nil {
		switch {
		case v.unsealed, !v.home.committed(), v.q.ephemeral:
			return false
		case v.view != nil && (s.Bytes() > smallView || v.view.used()):
			return false
		case s.Trim(0) > 0: // what a frontier has changed is not sealed
			return false
		}
	}
	if v.view != nil {
		v.view.leave()
	}
	v.close()
	return true
}

// close gives back what the instance holds outside of its own memory.
func (v *vertex) close() {
	if v.release != nil {
		v.release()
		v.release = nil
	}
}

func (v *vertex) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("query %s, vertex %d: %w", v.q.def.Name, v.home.def.ID, err)
}

func frontierOf(f actors.Frontier) exec.Frontier {
	return exec.Frontier{Tick: f.Tick, Watermark: f.Watermark, In: f.In, Seal: f.Seal, Born: f.Born}
}

// lendingVertex is a vertex whose stateful operator may be lent.
type lendingVertex struct{ *vertex }

// Lend implements actors.Lendable.
func (v lendingVertex) Lend() actors.Lessee[*batch.Batch] {
	return lessee{v.chain.stages[0].op.(exec.Lendable).Lend()}
}

// Absorb implements actors.Lendable.
func (v lendingVertex) Absorb(partial any, t *turn) (more bool, err error) {
	v.turn, v.unsealed = t, true
	more, err = v.chain.absorb(partial, t.Fuel())
	return v.settle(more, err)
}

// lessee adapts an operator's lessee to what actors asks for.
type lessee struct{ op exec.Lessee }

// Push implements actors.Lessee.
func (l lessee) Push(in int, b *batch.Batch) error { return l.op.Push(in, b) }

// Collect implements actors.Lessee.
func (l lessee) Collect() (any, error) { return l.op.Collect() }
