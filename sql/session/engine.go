package session

import (
	"context"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/system"
)

// Engine runs queries; *job.Engine is one.
type Engine interface {
	system.Engine
	Streams
	Queries
	Tables
	Reads
	Scheduler
}

// Streams are the outside: what CREATE STREAM declares and checks.
type Streams interface {
	AddSource(job.SourceDef) error
	CheckSource(context.Context, job.SourceDef) error
	CheckSink(context.Context, job.SinkDef) error
	Partitions(ctx context.Context, id uint64) (int, error)
	RemoveSource(id uint64)
}

// Queries run until they are dropped. Keep, at a restart, drops the state of
// all others.
type Queries interface {
	Keep(ids []uint64)
	StartQuery(context.Context, job.QueryDef) error
	DropQuery(ctx context.Context, id uint64) error
	SetSLO(id uint64, slo time.Duration) error
	SetMemory(id uint64, bytes int64) error
	PauseQuery(ctx context.Context, id uint64) (others []string, err error)
	ResumeQuery(ctx context.Context, id uint64) error
	Query(id uint64) (job.QueryStatus, bool)
	Analyze(id uint64) (job.Analysis, bool)
}

// Tables are relations that transactions change.
type Tables interface {
	AddTable(context.Context, job.TableDef) error
	DropTable(ctx context.Context, id uint64) error
	KeepTables(ctx context.Context, ids []uint64) error
}

// Reads are what a client waits for.
type Reads interface {
	Run(context.Context, job.Bounded, func(*batch.Batch) error) error
	Subscribe(ctx context.Context, id uint64, snapshot bool, emit func(job.Changes) error) error
	Flush(context.Context) error
	Size(relation uint64) (bytes int64)
}

// Txn changes tables; *job.Txn is one, and says what its methods do.
type Txn interface {
	Lock(ctx context.Context, table uint64) error
	Lookup(ctx context.Context, table uint64, keys *batch.Batch) (rows *batch.Batch, found []int32, err error)
	Change(table uint64, b *batch.Batch) error
	Overlay(table uint64) []*batch.Batch
	Wait(ctx context.Context, table uint64) (tick uint64, err error)
	Commit(ctx context.Context) (tick uint64, err error)
	Rollback()
}

// beginner returns what begins transactions of an engine.
func beginner(e Engine) func(lockTimeout time.Duration) Txn {
	jobs, ok := e.(interface{ Begin() *job.Txn })
	if !ok {
		return nil
	}
	return func(lockTimeout time.Duration) Txn {
		x := jobs.Begin()
		x.LockTimeout = lockTimeout
		return x
	}
}
