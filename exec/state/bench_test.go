package state

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// wideLayout is a row as an aggregate with ten results keeps it.
var wideLayout = Layout{Keys: []Key{{Kind: batch.Int64}, {Kind: batch.Text}}, Accs: make([]Acc, 13)}

// wideRows sets rows by their number in a store's only table of wideLayout.
func wideRows(t testing.TB, st *Store, from, to int) { wideRowsIn(t, st.Table(0, 0), from, to) }

func wideRowsIn(t testing.TB, tab *Table, from, to int) {
	for ; from < to; from += Chunk {
		n := min(to-from, Chunk)
		ints, texts := &batch.Vec[int64]{}, &batch.TextVec{}
		rows := make([]int32, n)
		for i := range n {
			rows[i] = int32(i)
			ints.Append(int64(from + i))
			texts.AppendString("2026-11-22")
		}
		cols := []batch.Column{ints, texts}
		hash := batch.HashRows(cols, nil, rows, n, nil)
		refs, words := make([]Ref, n), make([][]int64, n)
		if missing, err := tab.Assign(cols, []int{0, 1}, rows, hash, refs); err != nil || missing > 0 {
			t.Fatal(missing, err)
		}
		tab.Rows(refs, words)
		for i, w := range words {
			for k := range 13 {
				w[tab.Acc(k)] += int64(i * k)
			}
		}
		tab.Settle()
	}
}

// BenchmarkEncode: ns per dirty row of a Seal.
func BenchmarkEncode(b *testing.B) {
	const rows = 64_000
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, wideLayout)
	bytes := 0
	for b.Loop() {
		b.StopTimer()
		wideRows(b, st, 0, rows)
		f := st.Freeze()
		b.StartTimer()
		blocks, err := f.Encode()
		if err != nil {
			b.Fatal(err)
		}
		bytes = 0
		for _, x := range blocks {
			bytes += len(x.Data)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	b.ReportMetric(float64(bytes)/rows, "B/row")
}

// BenchmarkFold: ns per row of a full block under three deltas of a quarter each.
func BenchmarkFold(b *testing.B) {
	const rows = 64_000
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, wideLayout)
	var data [][]byte
	for i := range 4 {
		from, to := (i-1)*rows/4, i*rows/4
		if i == 0 {
			from, to = 0, rows
		}
		wideRows(b, st, from, to)
		blocks, err := st.Freeze().Encode()
		if err != nil {
			b.Fatal(err)
		}
		for _, x := range blocks {
			data = append(data, x.Data)
		}
	}
	for b.Loop() {
		if _, err := Fold(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
