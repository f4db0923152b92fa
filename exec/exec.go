// Package exec says what an operator is. It knows nothing of actors, storage or
// SQL: an operator is plain code that turns frozen batches into frozen batches.
package exec

import "github.com/dirigo-stream/dirigo/exec/batch"

// Frontier is how far all inputs of an operator have come.
type Frontier struct {
	Tick      uint64  // complete on every input
	Watermark int64   // the least of In, in microseconds
	In        []int64 // the watermark of each input
	Seal      uint64  // the epoch that ends with Tick; 0: none
	Born      int64   // when the last event that moved it was appended, Unix ns; 0: unknown
}

// Emitter takes an operator's output. Emit never blocks: an actor without
// credit downstream is not scheduled, the overrun is one chunk.
type Emitter interface {
	Emit(b *batch.Batch)
}

// Operator turns changes of its inputs into changes of its output.
//
// Push handles one frozen batch on an input. Advance: all inputs have completed
// f.Tick. An operator that has more to emit than fuel (in rows) allows returns
// more, and Resume is called until it returns false, before its next message.
// Calls come one at a time. An operator starts no goroutine, reads no clock and
// gives the same output for the same calls.
//
// An error stops the query. A bad row is no error where its origin is known:
// see Rejecter.
type Operator interface {
	Push(input int, b *batch.Batch, out Emitter, fuel int) (more bool, err error)
	Advance(f Frontier, out Emitter, fuel int) (more bool, err error)
	Resume(out Emitter, fuel int) (more bool, err error)
}

// Due is implemented by operators with something to do at a frontier, beyond
// passing it on (O4). It is judged by what the mailbox has *admitted*: rows is
// whether any row came since the last Advance, least the least event time of
// all rows admitted since and not yet due (rows lent to lessees included).
type Due interface {
	Due(f Frontier, rows bool, least int64) bool
}

// Stateless is the part of an operator that keeps nothing between messages.
type Stateless struct{}

// Advance implements Operator.
func (Stateless) Advance(Frontier, Emitter, int) (bool, error) { return false, nil }

// Resume implements Operator.
func (Stateless) Resume(Emitter, int) (bool, error) { return false, nil }

// Reject is one row that an operator could not take.
type Reject struct {
	Origin *batch.Origin // of the batch
	Row    int           // index into the batch's columns
	Reason string        // late, late_after_idle, malformed, null_key, overflow, oversized, expression
	Detail string        // for people: the message, the value
	Batch  *batch.Batch  // the batch, for the row's text
}

// Rejecter takes rejected rows; it is handed to operators at construction.
// Operators that run behind a stateful one get none (nil) and return an error
// instead, which stops the query with its reason.
type Rejecter interface {
	Reject(r Reject)
}

// Partial is what a lessee has to say: mergeable state, as a value that could
// be sent as bytes.
type Partial any

// Lessee computes a partial state somewhere else. It never emits.
type Lessee interface {
	Push(input int, b *batch.Batch) error
	// Collect hands over the partial and starts from empty.
	Collect() (Partial, error)
}

// Lendable is an operator whose Push may be done in parts elsewhere.
type Lendable interface {
	Operator
	Lend() Lessee
	// Absorb merges a partial: associative and commutative. A large one is
	// taken in chunks through Resume.
	Absorb(p Partial, out Emitter, fuel int) (more bool, err error)
}

// Read is a piece of evicted or not yet loaded state. Fetch runs on an I/O
// goroutine and touches nothing of the operator; Install takes its result, in
// the actor's turn, before the next Resume.
type Read interface {
	Fetch() error
	Install() error
}

// Paged is an operator whose state may not all be in memory. When a call
// returned more, Need says which read the next Resume waits for; nil: none.
type Paged interface {
	Need() Read
}

// Sealer is an operator with durable state. Freeze is called in the turn of a
// Seal, after Advance: it marks dirty pages frozen (the first later write
// copies) and returns at once; Encode runs off the turn. Open gives a new
// operator its state as the last manifest has it, before its first message.
type Sealer interface {
	Freeze() Frozen
	// Trim drops clean memory until about target bytes remain, and returns how
	// many remain; passivation asks for 0.
	Trim(target int64) int64
	// Bytes returns the memory held, in bytes.
	Bytes() int64
}

// Frozen is the state of one operator at one Seal, to be written.
type Frozen interface {
	// Encode returns the delta blocks since the last Seal, none if nothing
	// changed. It runs on a goroutine of its own.
	Encode() ([]Block, error)
}

// Block is a piece of sealed state of one vertex instance: rows of the key
// groups Low ≤ g < High, as bytes with a CRC. A Full block stands alone; a
// delta goes on top of the older blocks of its key groups.
type Block struct {
	Low, High int
	Full      bool
	Data      []byte
}
