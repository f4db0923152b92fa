package job

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// A query's state has a budget: its own, or else the node's. Beyond it pages
// leave memory. What cannot leave may take as much again for a while; a query
// that then still holds more stops, with its reason, before it takes the others'
// memory.

// hardLimit is how many times its budget a query may hold.
const hardLimit = 2

// leastMost is what a query without a budget of its own may hold in any case: the
// node's is shared, and may be less than what one query needs at once.
const leastMost = 64 << 20

// overMost is how long a vertex may see its query beyond that, when pages have just
// left and come: every time counts two, every other takes one away. Rows that wait
// for the end of a tick, when pages leave, are no reason to stop.
const overMost = 64

// memoryError stops a query that needs more memory than it may have.
type memoryError struct{ held, budget int64 }

func (e *memoryError) Error() string {
	return fmt.Sprintf("out of memory: the state in use takes %s, its budget is %s", sizeText(e.held), sizeText(e.budget))
}

// SQLSTATE is PostgreSQL's out_of_memory.
func (e *memoryError) SQLSTATE() string { return "53200" }

func sizeText(n int64) string {
	if n >= 10<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d kB", n>>10)
}

// budget is what the query's state may take, in bytes; 0: any.
func (q *query) budget() int64 {
	if b := q.memory.Load(); b > 0 {
		return b
	}
	return q.eng.cfg.Memory
}

// afford is called when pages have moved: an error where the query holds far more
// than its budget all the same, time after time.
func (v *vertex) afford() error {
	budget := v.q.budget()
	if budget == 0 {
		return nil
	}
	most, held := hardLimit*budget, v.q.account.Used()
	if v.q.memory.Load() == 0 {
		most = max(most, leastMost)
	}
	if held <= most {
		v.over = max(0, v.over-1)
		return nil
	}
	if v.over += 2; v.over < overMost {
		return nil
	}
	return &memoryError{held: held, budget: budget}
}

// SetMemory changes the budget of a query's state, bytes; 0: the node's.
func (e *Engine) SetMemory(id uint64, bytes int64) error {
	q := e.query(id)
	if q == nil {
		return fmt.Errorf("query %d is not there", id)
	}
	q.mu.Lock()
	q.def.Memory = bytes
	q.mu.Unlock()
	q.memory.Store(bytes)
	q.account.SetLimit(bytes)
	return nil
}

// allowance is what a bounded query may keep, and does: the state of its operators, and rows to be
// sorted.
type allowance struct {
	account *state.Account
	limit   int64 // 0: none
	sorting int64
}

// take is called with each batch before it is pushed into a vertex.
func (h *allowance) take(def *Vertex, b *batch.Batch) error {
	if h.limit == 0 {
		return nil
	}
	if len(def.Ops) > 0 && def.Ops[0].Sort != nil && def.Ops[0].Sort.Limit < 0 {
		h.sorting += b.Bytes()
	}
	if n := h.sorting + h.account.Used(); n > h.limit {
		return &selectError{memoryError{held: n, budget: h.limit}}
	}
	return nil
}

// selectError ends a SELECT that needs more memory than it may have.
type selectError struct{ memoryError }

func (e *selectError) Error() string {
	return fmt.Sprintf("out of memory: the query needs more than %s (dirigo.select_memory)", sizeText(e.budget))
}
