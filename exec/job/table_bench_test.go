package job

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/storage/badger"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// benchTables opens an engine with one table, on disk or in memory.
func benchTables(b *testing.B, disk bool, key []int) *Engine {
	b.Helper()
	ctx := context.Background()
	cfg := Config{Workers: 2, Store: mem.New()}
	if disk {
		s, err := badger.Open(b.TempDir(), badger.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		cfg.Store = s
	}
	e, err := Open(ctx, cfg)
	if err == nil {
		err = e.AddTable(ctx, testTable(100, 2, key))
	}
	if err == nil {
		err = e.Start(ctx)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close(ctx) })
	return e
}

// insertOne is what INSERT of one row does: is the key there, add, commit.
func insertOne(e *Engine, k int64) error {
	ctx := context.Background()
	x := e.Begin()
	defer x.Rollback()
	_, found, err := x.Lookup(ctx, 100, keysOf(k))
	if err != nil {
		return err
	}
	if found[0] >= 0 {
		return fmt.Errorf("key %d is there", k)
	}
	if err := x.Change(100, change(nil, []testRow{{k, k * 2, "some text"}})); err != nil {
		return err
	}
	_, err = x.Commit(ctx)
	return err
}

// BenchmarkTableInsert: single rows, each a transaction with a look-up of its
// key, by 32 connections.
func BenchmarkTableInsert(b *testing.B) {
	for _, disk := range []bool{false, true} {
		b.Run(map[bool]string{true: "disk", false: "memory"}[disk], func(b *testing.B) {
			e := benchTables(b, disk, []int{0})
			var n atomic.Int64
			b.SetParallelism(16) // times two cores
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := insertOne(e, n.Add(1)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkTableLoad: transactions of 10,000 rows, with a look-up of all keys.
func BenchmarkTableLoad(b *testing.B) {
	const rows = 10_000
	for _, disk := range []bool{false, true} {
		b.Run(map[bool]string{true: "disk", false: "memory"}[disk], func(b *testing.B) {
			e := benchTables(b, disk, []int{0})
			ctx := context.Background()
			b.ResetTimer()
			for i := range b.N {
				x := e.Begin()
				load := loadRows(int64(i*rows), rows)
				if _, _, err := x.Lookup(ctx, 100, &batch.Batch{Cols: load.Cols[:1], N: rows}); err != nil {
					b.Fatal(err)
				}
				if err := x.Change(100, load); err != nil {
					b.Fatal(err)
				}
				if _, err := x.Commit(ctx); err != nil {
					b.Fatal(err)
				}
			}
			if err := e.Flush(ctx); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func loadRows(from int64, n int) *batch.Batch {
	k, v, name := &batch.Vec[int64]{}, &batch.Vec[int64]{}, &batch.TextVec{}
	for i := range int64(n) {
		k.Append(from + i)
		v.Append(i * 7)
		name.AppendString("some text")
	}
	return &batch.Batch{Cols: []batch.Column{k, v, name}, N: n, Time: batch.MaxTime}
}

// BenchmarkTableLookup: batches of 1,000 keys that the view has, and keys that
// are nowhere.
func BenchmarkTableLookup(b *testing.B) {
	for _, there := range []bool{true, false} {
		b.Run(map[bool]string{true: "found", false: "missing"}[there], func(b *testing.B) {
			e := benchTables(b, false, []int{0})
			ctx := context.Background()
			x := e.Begin()
			if err := x.Change(100, loadRows(0, 100_000)); err != nil {
				b.Fatal(err)
			}
			if _, err := x.Commit(ctx); err != nil {
				b.Fatal(err)
			}
			x = e.Begin()
			defer x.Rollback()
			if err := e.Flush(ctx); err != nil {
				b.Fatal(err)
			}
			keys := loadRows(0, 1000)
			if !there {
				keys = loadRows(1<<40, 1000)
			}
			b.ResetTimer()
			for range b.N {
				if _, _, err := x.Lookup(ctx, 100, &batch.Batch{Cols: keys.Cols[:1], N: 1000}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/key")
		})
	}
}

// BenchmarkTableRecord: a record of 10,000 rows there and back.
func BenchmarkTableRecord(b *testing.B) {
	rows := loadRows(0, 8000)
	types := typesOf(tableSchema)
	data, err := encodeRows(rows)
	if err != nil {
		b.Fatal(err)
	}
	sealRecord(data, 1, 1)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			data, _ := encodeRows(rows)
			sealRecord(data, 1, 1)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8000, "ns/row")
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := decodeRecord(data, types); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8000, "ns/row")
	})
}
