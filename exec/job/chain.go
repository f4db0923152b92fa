package job

import (
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// chain runs a vertex's operators one behind the other without a queue between
// actors. What an operator emits waits in the stage behind it; a stage that has
// more to emit is resumed before it is given anything new, the last stage
// first, so that at most one chunk is in flight per stage.
type chain struct {
	stages []stage
	out    exec.Emitter // behind the last stage
	// advancing is the stage whose Advance comes next, len(stages) when the
	// frontier has passed through all of them.
	advancing int
	frontier  exec.Frontier
	gave      []atomic.Int64 // rows, by stage; nil: nobody asks
}

// stage is one operator with the batches that wait for it.
type stage struct {
	op    exec.Operator
	more  bool
	queue []*batch.Batch
	next  *stage
	at    int
	chain *chain
}

// newChain returns a chain of ops that emits to out. No ops pass all on.
func newChain(ops []exec.Operator, out exec.Emitter) *chain {
	c := &chain{stages: make([]stage, len(ops)), out: out, advancing: len(ops)}
	for i := range c.stages {
		s := &c.stages[i]
		s.op, s.chain, s.at = ops[i], c, i
		if i+1 < len(ops) {
			s.next = &c.stages[i+1]
		}
	}
	return c
}

// Emit implements exec.Emitter: what a stage emits goes to the next one.
func (s *stage) Emit(b *batch.Batch) {
	if gave := s.chain.gave; gave != nil {
		gave[s.at].Add(int64(b.Rows()))
	}
	if s.next == nil {
		s.chain.out.Emit(b)
		return
	}
	s.next.queue = append(s.next.queue, b)
}

// push runs b through the chain as far as fuel goes.
func (c *chain) push(input int, b *batch.Batch, fuel int) (more bool, err error) {
	if len(c.stages) == 0 {
		c.out.Emit(b)
		return false, nil
	}
	s := &c.stages[0]
	if s.more, err = s.op.Push(input, b, s, fuel); err != nil {
		return false, err
	}
	return c.run(fuel)
}

// absorb gives the first stage a lessee's partial.
func (c *chain) absorb(p exec.Partial, fuel int) (more bool, err error) {
	s := &c.stages[0]
	if s.more, err = s.op.(exec.Lendable).Absorb(p, s, fuel); err != nil {
		return false, err
	}
	return c.run(fuel)
}

// advance passes a frontier through all stages: one stage's output has run
// through the stages behind it before those see the frontier.
func (c *chain) advance(f exec.Frontier, fuel int) (more bool, err error) {
	c.frontier, c.advancing = f, 0
	return c.run(fuel)
}

// run does what is left, up to about fuel rows a call of one operator.
func (c *chain) run(fuel int) (more bool, err error) {
	for steps := 0; ; steps++ {
		s := c.pending()
		if s == nil {
			return false, nil
		}
		if steps > 2*len(c.stages)+2 || (s.more && steps > 0) {
			return true, nil
		}
		if err := c.step(s, fuel); err != nil {
			return false, err
		}
	}
}

// pending returns the stage to run next, nil when there is nothing left.
func (c *chain) pending() *stage {
	for i := len(c.stages) - 1; i >= 0; i-- {
		if s := &c.stages[i]; s.more || len(s.queue) > 0 {
			return s
		}
	}
	if c.advancing < len(c.stages) {
		return &c.stages[c.advancing]
	}
	return nil
}

func (c *chain) step(s *stage, fuel int) (err error) {
	switch {
	case s.more:
		s.more, err = s.op.Resume(s, fuel)
	case len(s.queue) > 0:
		b := s.queue[0]
		s.queue[0] = nil
		if s.queue = s.queue[1:]; len(s.queue) == 0 {
			s.queue = nil
		}
		s.more, err = s.op.Push(0, b, s, fuel)
	default:
		c.advancing++
		s.more, err = s.op.Advance(c.frontier, s, fuel)
	}
	return err
}

// need returns the read that the chain waits for before it can go on, if any.
func (c *chain) need() exec.Read {
	for i := range c.stages {
		if s := &c.stages[i]; s.more {
			if p, ok := s.op.(exec.Paged); ok {
				return p.Need()
			}
		}
	}
	return nil
}

// sealer returns the chain's stateful operator, which stands first; nil: none.
func (c *chain) sealer() exec.Sealer {
	if len(c.stages) == 0 {
		return nil
	}
	s, _ := c.stages[0].op.(exec.Sealer)
	return s
}
