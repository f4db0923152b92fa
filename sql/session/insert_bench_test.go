package session_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// nothing is a transaction on empty tables: what is left is the cost of SQL.
type nothing struct{ found []int32 }

func (*nothing) Lock(context.Context, uint64) error { return nil }

func (n *nothing) Lookup(_ context.Context, _ uint64, keys *batch.Batch) (*batch.Batch, []int32, error) {
	for len(n.found) < keys.N {
		n.found = append(n.found, -1)
	}
	return &batch.Batch{}, n.found[:keys.N], nil
}
func (*nothing) Change(uint64, *batch.Batch) error            { return nil }
func (*nothing) Overlay(uint64) []*batch.Batch                { return nil }
func (*nothing) Wait(context.Context, uint64) (uint64, error) { return 0, nil }
func (*nothing) Commit(context.Context) (uint64, error)       { return 0, nil }
func (*nothing) Rollback()                                    {}

// lines is a Sink that has the data of a COPY.
type lines struct {
	data []byte
	left int
}

func (*lines) Rows(*batch.Batch) error { return nil }
func (*lines) Flush() error            { return nil }
func (*lines) Notice(*result.Error)    {}
func (*lines) Setting(string, string)  {}

func (l *lines) Next(context.Context) ([]byte, error) {
	if l.left == 0 {
		return nil, io.EOF
	}
	l.left--
	return l.data, nil
}

func benchSession(b *testing.B) *session.Session {
	store := mem.NewDisk().Open()
	log, err := store.Log("catalog")
	if err != nil {
		b.Fatal(err)
	}
	c, err := catalog.Open(log)
	if err != nil {
		b.Fatal(err)
	}
	eng, err := job.Open(b.Context(), job.Config{Store: store, Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { eng.Close(context.Background()) })
	if err := eng.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	none := &nothing{}
	db := session.New(session.Config{Catalog: c, Engine: eng, Begin: func(time.Duration) session.Txn { return none }})
	s, err := db.Open(result.Client{User: "alice", Database: "demo"})
	if err != nil {
		b.Fatal(err)
	}
	runOne(b, s, "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, n INT, price NUMERIC(10,2), at TIMESTAMPTZ DEFAULT now())")
	return s
}

func runOne(b *testing.B, s *session.Session, sql string) {
	list, err := s.Split(sql)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := list[0].Describe(); err != nil {
		b.Fatal(err)
	}
	if _, err := list[0].Run(b.Context(), nil, &lines{}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkInsert is the cost of a single-row INSERT in SQL, as a simple query
// and prepared.
func BenchmarkInsert(b *testing.B) {
	b.Run("simple", func(b *testing.B) {
		s := benchSession(b)
		b.ReportAllocs()
		for b.Loop() {
			runOne(b, s, "INSERT INTO t VALUES (12345, 'a name of some length', 42, 17.50, '2026-03-01 12:00:00+00')")
		}
	})
	b.Run("prepared", func(b *testing.B) {
		s := benchSession(b)
		st, err := s.Prepare("INSERT INTO t VALUES ($1, $2, $3, $4, $5)", make([]uint32, 5))
		if err != nil {
			b.Fatal(err)
		}
		params := []result.Param{{Text: "12345"}, {Text: "a name of some length"}, {Text: "42"}, {Text: "17.50"}, {Text: "2026-03-01 12:00:00+00"}}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := st.Run(b.Context(), params, &lines{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCopyIn is the cost of a row of COPY in SQL, and of the look-up of
// its key among those of its batch.
func BenchmarkCopyIn(b *testing.B) {
	for _, format := range []string{"text", "csv"} {
		b.Run(format, func(b *testing.B) {
			s := benchSession(b)
			var data strings.Builder
			for i := range 1000 {
				row := []string{string(rune('1'+i%9)) + strings.Repeat("7", 1+i%5) + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10)), "a name of some length", "42", "17.50", "2026-03-01 12:00:00+00"}
				data.WriteString(strings.Join(row, map[string]string{"text": "\t", "csv": ","}[format]) + "\n")
			}
			list, err := s.Split("COPY t FROM STDIN (FORMAT " + format + ")")
			if err != nil {
				b.Fatal(err)
			}
			rows := 0
			for b.Loop() {
				if _, err := list[0].Run(b.Context(), nil, &lines{data: []byte(data.String()), left: 1}); err != nil {
					b.Fatal(err)
				}
				rows += 1000
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
		})
	}
}

// BenchmarkInserts is single-row INSERTs from 32 connections, through the wire
// and a real engine on a store in memory.
func BenchmarkInserts(b *testing.B) {
	db, _ := realDB(b, mem.NewDisk())
	addr := serve(b, db)
	do(b, connect(b, addr), "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, n INT)")
	const clients = 32
	var next atomic.Int64
	for name, extended := range map[string]bool{"simple": false, "prepared": true} {
		b.Run(name, func(b *testing.B) {
			var wait sync.WaitGroup
			left := atomic.Int64{}
			left.Store(int64(b.N))
			for range clients {
				conn := connect(b, addr)
				wait.Go(func() {
					for left.Add(-1) >= 0 {
						id := next.Add(1)
						var err error
						if extended {
							_, err = conn.Exec(b.Context(), "INSERT INTO t VALUES ($1, $2, $3)", id, "a name of some length", 42)
						} else {
							_, err = conn.PgConn().Exec(b.Context(), fmt.Sprintf("INSERT INTO t VALUES (%d, 'a name of some length', 42)", id)).ReadAll()
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wait.Wait()
		})
	}
}
