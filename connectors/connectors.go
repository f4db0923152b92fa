// Package connectors says what a source and a sink are. It names no system:
// each lives in a folder of its own and is listed in a map by cmd.
package connectors

import (
	"context"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Spec is what CREATE STREAM says about the outside: columns and WITH options
// (names in lower case). The connector checks it all in Open and answers with
// an *OptionError that names the option at fault.
type Spec struct {
	Name    string // of the stream, for messages
	Columns []Column
	Key     []int // the key columns: of a sink that upserts, or of a source whose records have a key
	Options map[string]string
}

// Column is one physical column: read from the record's body, or, where
// Metadata is not empty, from beside it: key, timestamp, partition, offset,
// headers, header:NAME.
type Column struct {
	Name     string
	Type     batch.Type
	Metadata string
	NotNull  bool
}

// OptionError is a user's mistake in an option.
type OptionError struct {
	Option, Message, Hint string
}

func (e *OptionError) Error() string { return "option " + e.Option + ": " + e.Message }

// Start says where a reader begins in a partition.
type Start int64

// Starts below zero are symbolic; others are offsets: the next record to read.
const (
	Earliest Start = -2
	Latest   Start = -1
)

// Source is one external stream of records in partitions. Its methods may
// block and are called from I/O goroutines; several Readers of one Source may
// be open at a time.
type Source interface {
	// Partitions returns the partitions there are now, in increasing order.
	Partitions(ctx context.Context) ([]int32, error)
	// Bounds returns the offset of the first record and that after the last.
	Bounds(ctx context.Context, partition int32) (first, next int64, err error)
	// Open returns a reader of no partition yet. wake is called, from any
	// goroutine, when Read may have something after it had nothing.
	Open(wake func()) (Reader, error)
	Close() error
}

// Reader reads partitions. Its methods are called one at a time (the turn of
// the source's actor) and never block: fetching goes on in the background, by
// one goroutine per broker, bounded in bytes, and only while Read takes what
// was fetched. Connection loss is retried with back-off and shown by Status.
type Reader interface {
	// Demand says which columns are read from now on: the others stay nil, but for
	// the key of a source in ModeUpsert.
	Demand(columns []bool)
	// Assign begins reading a partition, or moves it.
	Assign(partition int32, from Start)
	// Read appends up to max rows, all of one partition, and reports false when
	// nothing is ready. Parsing happens here. All rows of a record come together,
	// with its offset: of formats that carry changes N may be one more than max.
	Read(rows *Rows, max int) (ok bool, err error)
	Status() Status
	Close() error
}

// Rows is what one Read gives. The reader fills fresh columns each time: they
// go into a frozen batch.
type Rows struct {
	Cols      []batch.Column // nil where not demanded
	N         int
	Partition int32
	Base      int64   // offset of the first row, if Offsets is nil
	Offsets   []int64 // one per row, never less than the one before, where they are not consecutive
	// Diff is a signed count per row, of formats that carry changes; nil: all +1.
	// Of a format that carries the newest row of a key, −1 is a tombstone: the
	// key's columns, the others NULL.
	Diff     []int64
	Next     int64 // the offset to go on from; moves even when N is 0
	Born     int64 // append time of the last record, Unix ns
	Bytes    int64 // of input consumed
	End      bool  // a bounded source: this partition will give no more
	Rejected []Rejected
}

// Rejected is a record that could not be decoded; it counts as read.
type Rejected struct {
	Offset         int64
	Reason, Detail string // reason: malformed, oversized, overflow, null_key
	Raw            []byte // a copy, at most 4 KB
}

// Status is what a reader knows of the outside.
type Status struct {
	// Error is what it is retrying after, "" while all is well.
	Error string
	// Partitions that the reader is assigned.
	Partitions []PartitionStatus
}

// PartitionStatus is one partition of a reader. High is the offset after the
// last record by the last successful fetch; AtHigh says that the reader stood
// there then.
type PartitionStatus struct {
	Partition  int32
	Next, High int64
	AtHigh     bool
}

// Sink takes changes. Encode runs in the actor's turn; Send hands encoded bytes
// to the background, in order, and never blocks (Ready bounds what is in
// flight). Bytes not acked at a Seal are staged by the engine and sent again
// after a restart: a Chunk is all that Send needs.
type Sink interface {
	Encode(b *batch.Batch) (Chunk, error)
	// Send begins writing c; acked is called once, from any goroutine, with nil
	// when the outside has it. Passing errors are retried inside, with
	// back-off; an error given to acked is final.
	Send(c Chunk, acked func(error))
	// Ready returns nil when Send may be called, else starts a wait: ready is
	// called when it may be.
	Ready() (wait func(ready func()))
	Status() string // what is being retried, "" while all is well
	Close() error
}

// Chunk is some encoded rows. Data may be staged and survives a restart.
type Chunk struct {
	Data []byte
	Rows int
}

// KeyedSink is an upsert sink. A replay cuts other ticks, so after a restart
// the engine asks which keys were written after the last Seal, and writes the
// sealed value or a tombstone of each.
type KeyedSink interface {
	Sink
	// Position is where the outside stands now; it is kept in the manifest.
	Position(ctx context.Context) ([]byte, error)
	// KeysSince calls f with the key columns of what was written since.
	KeysSince(ctx context.Context, position []byte, f func(keys *batch.Batch) error) error
}

// ChangeSink is a Sink whose records follow from all changes of a tick: the old
// and the new row of one key may come in different batches, in any order. What
// Encode cannot tell yet it keeps until the tick ends.
type ChangeSink interface {
	Sink
	// EndTick is called in the actor's turn after the last Encode of a tick, and
	// again while more is true. It encodes at most limit records that were kept.
	EndTick(limit int) (c Chunk, more bool, err error)
}

// Mode says what rows and their counts (Diff) mean.
type Mode uint8

// The modes.
const (
	// ModeAppend: every row is one more; Diff is nil.
	ModeAppend Mode = iota
	// ModeUpsert: a row is the newest of its key (Spec.Key), whatever was before;
	// with a count of −1 the key has none any more, and the other columns are NULL.
	ModeUpsert
	// ModeChanges: counts are added up; an update is −1 old, +1 new, both in one Rows.
	ModeChanges
)

// Connector makes sources and sinks of one kind; each function may be nil.
type Connector struct {
	Source func(Spec) (Source, error)
	Sink   func(Spec) (Sink, error)
	// SourceMode says what the rows of a source mean, SinkMode what a sink takes;
	// nil is ModeAppend. A sink in ModeUpsert has a key; in ModeChanges it may.
	SourceMode func(Spec) Mode
	SinkMode   func(Spec) Mode
}
