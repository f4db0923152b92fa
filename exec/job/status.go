// Package job runs queries: it turns stored graphs into actors, reads sources
// once for all of them, closes ticks, seals epochs and restores after a crash.
package job

import (
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// These are the methods of *Engine that sql/session uses:
//
//	AddSource(SourceDef) error                      // declares; reads nothing until a query does
//	RemoveSource(id uint64)
//	StartQuery(ctx, QueryDef) error                 // returns when it is running (or catching up)
//	DropQuery(ctx, id uint64) error
//	SetSLO(id uint64, slo time.Duration) error
//	PauseQuery(ctx, id uint64) (others []string, err error)
//	ResumeQuery(ctx, id uint64) error
//	SetScheduling(policy, lending string) error
//	Run(ctx, Bounded, emit func(*batch.Batch) error) error
//	Subscribe(ctx, id uint64, snapshot bool, emit func(Changes) error) error
//	Flush(ctx) error
//	Queries() []QueryStatus; Query(id) (QueryStatus, bool)
//	Sources() []SourceStatus
//	Rejected(query uint64, f func(RejectedRow) error) error   // 0: of all

// Bounded is a SELECT: a graph whose Reads are of views (their content at one
// tick), or of sources (their last records, or system relations given as rows).
type Bounded struct {
	Graph *Graph
	// Recent is how many records per partition a Read of a source gives; 0: 1,000.
	Recent int
	// Skipped is told, before Run returns, of a source's records that could not be
	// decoded; nil: nobody is.
	Skipped func(Skipped)
	// System holds the rows of relations that the engine does not keep, by
	// Relation id.
	System map[uint64][]*batch.Batch
	// Memory bounds what its operators keep, bytes; 0: nothing does.
	Memory int64
	// Analyzed is told, when all is done, what its vertices did; nil: nobody is.
	Analyzed func(map[int]Measured)
	// Context is the statement's time and zone.
	Context expr.Context
	// AfterTick is a tick whose changes must be seen: of the session's last
	// change; 0: any moment.
	AfterTick uint64
	// Overlay are changes of a transaction under way, added to what is read of a
	// table, by relation id: all its columns.
	Overlay map[uint64][]*batch.Batch
	// Types are the columns of those relations, by id.
	Types map[uint64][]batch.Type
}

// Skipped is how many records of a stream gave a SELECT no row, and why the first
// of them did not.
type Skipped struct {
	Stream  string
	Records int64
	Reason  string
}

// Changes is what a SUBSCRIBE gets: the consolidated changes of one tick.
type Changes struct {
	Tick uint64
	Time time.Time
	Rows *batch.Batch // nil: progress only
}

// QueryStatus is one query as SHOW QUERIES and the metrics see it.
type QueryStatus struct {
	ID                    uint64
	Name                  string
	State                 string // running, catching up, waiting, paused, failed (with Reason)
	Reason                string
	Code                  string // SQLSTATE of what stopped it; "": none
	SLO                   time.Duration
	In, Out               int64            // rows
	Rejected              map[string]int64 // by reason
	Attained              float64          // share of results within the SLO since start; 1 where none
	Attained1m            float64          // the same, of the last minute
	Attained10m           float64          // and of the last ten
	Misses                int64            // results that did not keep the SLO of their time
	Restarts              int              // how often it was restarted, as it fell behind or part of its state was damaged
	Latency               Latency          // from append to ack
	Watermark             int64            // µs; batch.MinTime: none yet
	Epoch                 uint64           // last sealed
	Lends, Merges, Rounds int64
	Merging               time.Duration // merging partial states, of Busy
	Busy, Waited, Blocked time.Duration // sums of the vertices'
	Refused, Late         int64
	Lessees               int
	StateBytes            int64
	Memory                int64 // budget of its state, bytes; 0: none
	Vertices              []VertexStatus
}

// VertexStatus is one vertex of a query, its instances summed.
type VertexStatus struct {
	ID                    int
	Busy, Waited          time.Duration
	Blocked               time.Duration // something waited, and there was no credit to emit what it makes
	Refused               int64         // messages that another worker was asked to take, and did not
	Late                  int64         // messages that began after their latest start
	Lessees               int           // that hold a part of its state now
	Messages, Rows        int64
	Lends, Merges, Rounds int64
	Merging               time.Duration // merging partial states, of Busy
	Cost, Fire, Path      time.Duration // medians per message and of due work; downstream
	StateBytes            int64
}

// Latency is a histogram of durations: upper bounds in seconds, and how many
// results fell into each (the last: above all bounds).
type Latency struct {
	Bounds             []float64
	Counts             []uint64
	Sum                time.Duration
	P50, P95, P99, Max time.Duration
}

// SourceStatus is one source as SHOW STREAMS and the metrics see it.
type SourceStatus struct {
	ID                               uint64
	Name                             string
	State                            string // idle (nobody reads it), running, retrying
	Error                            string
	Decoded, DecodedBytes, Malformed int64
	Watermark                        int64
	Partitions                       []PartitionStatus
}

// PartitionStatus is one partition of a source.
type PartitionStatus struct {
	Partition  int32
	Next, High int64
	Idle       bool
}

// RejectedRow is one row of dirigo_rejected.
type RejectedRow struct {
	Query, Source  uint64
	Operator       string
	Partition      int32
	Offset         int64
	Reason, Detail string
	Row            string // the row's text, as far as known
	At             time.Time
}
