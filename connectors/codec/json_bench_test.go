package codec

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

func bids() ([]connectors.Column, [][]byte, int64) {
	cols := columns("auction int8, bidder int8, price int8, channel text, url text, date_time ts, extra text")
	var recs [][]byte
	size := 0
	for i := range 1024 {
		rec := fmt.Appendf(nil, `{"auction":%d,"bidder":%d,"price":%d,"channel":"Google","url":"https://www.nexmark.com/a%d/item.htm","date_time":"2024-05-06 12:%02d:%02d.%03d","extra":"abcdefg"}`,
			1000+i, 2000+i*7, i*i%99991, i%977, i/60%60, i%60, i%1000)
		recs = append(recs, rec)
		size += len(rec)
	}
	return cols, recs, int64(size / len(recs))
}

func benchDecode(b *testing.B, demand ...int) {
	cols, recs, size := bids()
	d, _ := NewJSONDecoder(cols)
	want := make([]bool, len(cols))
	for _, i := range demand {
		want[i] = true
	}
	d.Demand(want)
	var data []batch.Column
	b.SetBytes(size)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%256 == 0 {
			data = make([]batch.Column, len(cols))
			for _, c := range demand {
				data[c] = batch.New(cols[c].Type.Kind, 256)
			}
		}
		if err := d.Append(data, recs[i%1024]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSONDecode7(b *testing.B) { benchDecode(b, 0, 1, 2, 3, 4, 5, 6) }
func BenchmarkJSONDecode3(b *testing.B) { benchDecode(b, 0, 2, 5) }
func BenchmarkJSONDecode0(b *testing.B) { benchDecode(b) }

func BenchmarkJSONEncode7(b *testing.B) {
	cols, recs, size := bids()
	d, _ := NewJSONDecoder(cols)
	data := empty(cols)
	for _, r := range recs {
		if err := d.Append(data, r); err != nil {
			b.Fatal(err)
		}
	}
	e := NewJSONEncoder(cols)
	in := &batch.Batch{Cols: data, N: len(recs)}
	var dst []byte
	b.SetBytes(size)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%256 == 0 {
			dst = dst[:0]
		}
		dst = e.AppendRow(dst, in, i%1024)
	}
}
