package agg

import (
	"math/big"
	"math/bits"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// sumInt adds integers to a 128-bit sum: three words, the number of values and
// the sum's low and high half. Ranges are checked when a result is made, so
// the order of rows does not matter.
type sumInt struct {
	at   int
	mean bool
	kind batch.Kind // of the result
}

func (k sumInt) push(c *chunk, col batch.Column, pos []int32) {
	data, words, rows := col.(*batch.Vec[int64]).Data, c.words, c.rows
	at := k.at
	if c.diff == nil {
		for _, i := range pos {
			v, w := data[rows[i]], words[i][at:at+3:at+3]
			lo, carry := bits.Add64(uint64(w[1]), uint64(v), 0)
			w[0]++
			w[1] = int64(lo)
			w[2] += v>>63 + int64(carry)
		}
		return
	}
	for _, i := range pos {
		add128(words[i][at:], data[rows[i]], c.diff[i])
	}
}

// add128 adds n times v to the count and 128-bit sum in w.
func add128(w []int64, v, n int64) {
	hi, lo := mul128(v, n)
	w[0] += n
	addWords(w[1:], int64(lo), hi)
}

// addWords adds a 128-bit number, low half first, to w[0], w[1].
func addWords(w []int64, lo, hi int64) {
	sum, carry := bits.Add64(uint64(w[0]), uint64(lo), 0)
	w[0] = int64(sum)
	w[1] += hi + int64(carry)
}

func mul128(a, b int64) (hi int64, lo uint64) {
	h, l := bits.Mul64(uint64(a), uint64(b))
	h -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	return int64(h), l
}

func (k sumInt) merge(dst, src *rowset) {
	for i, s := range src.words {
		s, d := s[k.at:k.at+3], dst.words[i][k.at:k.at+3]
		d[0] += s[0]
		addWords(d[1:], s[1], s[2])
	}
}

func (k sumInt) empty(rows *rowset, i int) bool { return zero(rows.words[i][k.at : k.at+3]) }

func zero(words []int64) bool {
	for _, w := range words {
		if w != 0 {
			return false
		}
	}
	return true
}

func (k sumInt) result(out batch.Column, rows *rowset) error {
	if k.kind == batch.Int64 {
		return k.ints(out.(*batch.Vec[int64]), rows)
	}
	v := out.(*batch.Vec[batch.Decimal])
	for _, w := range rows.words {
		w = w[k.at : k.at+3]
		if w[0] <= 0 {
			v.AppendNull()
			continue
		}
		sum := batch.Decimal{Hi: w[2], Lo: uint64(w[1])}
		if w[2] == -1<<63 { // a Decimal's magnitude has 127 bits
			sum = batch.DecimalFromBig(sum.Unscaled(), 0)
		}
		if k.mean {
			var err error
			if sum, err = sum.Div(batch.DecimalFromInt(w[0])); err != nil {
				return err
			}
		}
		v.Append(sum)
	}
	return nil
}

func (k sumInt) ints(v *batch.Vec[int64], rows *rowset) error {
	for _, w := range rows.words {
		w = w[k.at : k.at+3]
		switch {
		case w[0] <= 0:
			v.AppendNull()
		case w[2] != w[1]>>63:
			return &batch.ValueError{Code: "22003", Message: "bigint out of range"}
		default:
			v.Append(w[1])
		}
	}
	return nil
}

// sumSpan adds intervals: seven words, the number of values and three 128-bit
// sums, of months, days and microseconds.
type sumSpan struct {
	at   int
	mean bool
}

func (k sumSpan) push(c *chunk, col batch.Column, pos []int32) {
	data := col.(*batch.Vec[batch.Span]).Data
	for _, i := range pos {
		n := int64(1)
		if c.diff != nil {
			n = c.diff[i]
		}
		s, w := data[c.rows[i]], c.words[i][k.at:k.at+7]
		w[0] += n
		for j, part := range [3]int64{int64(s.Months), int64(s.Days), s.Micros} {
			hi, lo := mul128(part, n)
			addWords(w[1+2*j:], int64(lo), hi)
		}
	}
}

func (k sumSpan) merge(dst, src *rowset) {
	for i, s := range src.words {
		s, d := s[k.at:k.at+7], dst.words[i][k.at:k.at+7]
		d[0] += s[0]
		for j := 1; j < 7; j += 2 {
			addWords(d[j:], s[j], s[j+1])
		}
	}
}

func (k sumSpan) empty(rows *rowset, i int) bool { return zero(rows.words[i][k.at : k.at+7]) }

func (k sumSpan) result(out batch.Column, rows *rowset) error {
	v := out.(*batch.Vec[batch.Span])
	for _, w := range rows.words {
		w = w[k.at : k.at+7]
		if w[0] <= 0 {
			v.AppendNull()
			continue
		}
		var part [3]int64
		for j := range part {
			part[j] = w[1+2*j]
			if w[2+2*j] != part[j]>>63 || j < 2 && part[j] != int64(int32(part[j])) {
				return &batch.ValueError{Code: "22008", Message: "interval out of range"}
			}
		}
		s := batch.Span{Months: int32(part[0]), Days: int32(part[1]), Micros: part[2]}
		if k.mean {
			var ok bool
			if s, ok = s.Div(float64(w[0])); !ok {
				return &batch.ValueError{Code: "22008", Message: "interval out of range"}
			}
		}
		v.Append(s)
	}
	return nil
}

// bigWords returns a 128-bit sum as a big number.
func bigWords(lo, hi int64) *big.Int {
	return batch.Decimal{Hi: hi, Lo: uint64(lo)}.Unscaled()
}
