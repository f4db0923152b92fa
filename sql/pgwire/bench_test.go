package pgwire

import (
	"net"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func parseDecimal(t *testing.T, s string) batch.Decimal {
	d, err := batch.ParseDecimal([]byte(s))
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

type sinkConn struct{ net.Conn }

func (sinkConn) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkRows writes rows of a bigint, a text, a numeric and a timestamp, in
// both formats; one operation is one row.
func BenchmarkRows(b *testing.B) {
	const rows = 1024
	in := &batch.Batch{N: rows}
	var d result.Description
	for _, k := range []batch.Kind{batch.Int64, batch.Text, batch.Numeric, batch.Timestamp} {
		col := batch.New(k, rows)
		text := map[batch.Kind]string{
			batch.Int64: "1234567", batch.Text: "a text of some length", batch.Numeric: "12345.67",
			batch.Timestamp: "2026-03-01 12:34:56.789",
		}[k]
		for range rows {
			if err := batch.AppendParsed(col, batch.T(k), []byte(text), time.UTC); err != nil {
				b.Fatal(err)
			}
		}
		in.Cols = append(in.Cols, col)
		d.Columns = append(d.Columns, result.Column{Name: "c", Type: batch.T(k)})
	}
	for name, formats := range map[string][]int16{"text": {0}, "binary": {1}} {
		b.Run(name, func(b *testing.B) {
			c := &conn{frames: frames{conn: sinkConn{}}, session: newFakeSession()}
			out := newOutput(c, d, formats)
			b.ReportAllocs()
			for range b.N/rows + 1 {
				if err := out.Rows(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
