package agg

import (
	"encoding/binary"
	"math/big"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// sumNumeric adds numbers. The result shows as many decimals as the value that
// has most (PostgreSQL's rule), and values may be taken back, so there is a sum
// per scale: four words hold the first scale's (count, scale, 128-bit sum) as
// long as values fit 64 bits; the byte string holds the rest.
//
// The bytes are a list of: kind (1: a scale, 2: NaN, 3: +Inf, 4: -Inf), scale
// (2 bytes), count (8), length of the sum (4), sign (1), magnitude.
type sumNumeric struct {
	at   int
	mean bool
}

// scaled is one entry of the list.
type scaled struct {
	kind  byte
	scale int16
	n     int64
	sum   *big.Int
}

func (k sumNumeric) push(c *chunk, col batch.Column, pos []int32) {
	data := col.(*batch.Vec[batch.Decimal]).Data
	for _, i := range pos {
		n := int64(1)
		if c.diff != nil {
			n = c.diff[i]
		}
		d := data[c.rows[i]]
		w := c.words[i][k.at : k.at+4]
		small := d.Form == batch.Finite && d.Big == nil && d.Hi == int64(d.Lo)>>63
		switch {
		case small && (w[0] == 0 && w[2] == 0 && w[3] == 0 || w[1] == int64(d.Scale)):
			w[1] = int64(d.Scale)
			hi, lo := mul128(int64(d.Lo), n)
			w[0] += n
			addWords(w[2:], int64(lo), hi)
		case d.Form == batch.Finite:
			sum := d.Unscaled()
			k.add(&c.rowset, int(i), scaled{1, d.Scale, n, sum.Mul(sum, big.NewInt(n))})
		default:
			k.add(&c.rowset, int(i), scaled{kind: 1 + byte(d.Form), n: n, sum: new(big.Int)})
		}
	}
}

// add adds an entry to row i's list.
func (k sumNumeric) add(r *rowset, i int, e scaled) {
	list := addScaled(readScaled(r.table.Bytes(r.refs[i], k.at+4)), e)
	var out []byte
	for _, x := range list {
		if x.n != 0 || x.sum.Sign() != 0 {
			out = appendScaled(out, x)
		}
	}
	r.table.SetBytes(r.refs[i], k.at+4, out)
}

func addScaled(list []scaled, e scaled) []scaled {
	for j := range list {
		if x := &list[j]; x.kind == e.kind && x.scale == e.scale {
			x.n += e.n
			x.sum.Add(x.sum, e.sum)
			return list
		}
	}
	return append(list, e)
}

func readScaled(b []byte) []scaled {
	var list []scaled
	for len(b) >= 16 {
		size := int(binary.LittleEndian.Uint32(b[11:]))
		e := scaled{kind: b[0], scale: int16(binary.LittleEndian.Uint16(b[1:])), n: int64(binary.LittleEndian.Uint64(b[3:]))}
		e.sum = new(big.Int).SetBytes(b[16 : 16+size])
		if b[15] == 1 {
			e.sum.Neg(e.sum)
		}
		list = append(list, e)
		b = b[16+size:]
	}
	return list
}

func appendScaled(b []byte, e scaled) []byte {
	mag := e.sum.Bytes()
	b = binary.LittleEndian.AppendUint16(append(b, e.kind), uint16(e.scale))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.n))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(mag)))
	sign := byte(0)
	if e.sum.Sign() < 0 {
		sign = 1
	}
	return append(append(b, sign), mag...)
}

// entries returns all that a row holds, the words' sum included.
func (k sumNumeric) entries(r *rowset, i int) []scaled {
	w := r.words[i][k.at : k.at+4]
	list := readScaled(r.table.Bytes(r.refs[i], k.at+4))
	if w[0] != 0 || w[2] != 0 || w[3] != 0 {
		list = addScaled(list, scaled{1, int16(w[1]), w[0], bigWords(w[2], w[3])})
	}
	return list
}

func (k sumNumeric) merge(dst, src *rowset) {
	for i, s := range src.words {
		s, d := s[k.at:k.at+4], dst.words[i][k.at:k.at+4]
		switch {
		case s[0] == 0 && s[2] == 0 && s[3] == 0:
		case d[0] == 0 && d[2] == 0 && d[3] == 0 || d[1] == s[1]:
			d[0] += s[0]
			d[1] = s[1]
			addWords(d[2:], s[2], s[3])
		default:
			k.add(dst, i, scaled{1, int16(s[1]), s[0], bigWords(s[2], s[3])})
		}
		for _, e := range readScaled(src.table.Bytes(src.refs[i], k.at+4)) {
			k.add(dst, i, e)
		}
	}
}

func (k sumNumeric) empty(rows *rowset, i int) bool {
	for _, e := range k.entries(rows, i) {
		if e.n != 0 || e.sum.Sign() != 0 {
			return false
		}
	}
	return true
}

func (k sumNumeric) result(out batch.Column, rows *rowset) error {
	v := out.(*batch.Vec[batch.Decimal])
	for i, w := range rows.words {
		n, sum := w[k.at], batch.Decimal{Hi: w[k.at+3], Lo: uint64(w[k.at+2]), Scale: int16(w[k.at+1])}
		if len(rows.table.Bytes(rows.refs[i], k.at+4)) > 0 || sum.Hi == -1<<63 {
			n, sum = total(k.entries(rows, i))
		}
		if n <= 0 {
			v.AppendNull()
			continue
		}
		if k.mean && sum.Form == batch.Finite {
			var err error
			if sum, err = sum.Div(batch.DecimalFromInt(n)); err != nil {
				return err
			}
		}
		v.Append(sum)
	}
	return nil
}

// total adds up the entries of a row.
func total(list []scaled) (n int64, sum batch.Decimal) {
	var forms [5]int64
	scale := int16(0)
	for _, e := range list {
		n += e.n
		forms[e.kind] += e.n
		sum = sum.Add(batch.DecimalFromBig(e.sum, e.scale))
		if e.kind == 1 && (e.n != 0 || e.sum.Sign() != 0) {
			scale = max(scale, e.scale)
		}
	}
	switch {
	case forms[2] > 0 || forms[3] > 0 && forms[4] > 0:
		return n, batch.Decimal{Form: batch.NaN}
	case forms[3] > 0:
		return n, batch.Decimal{Form: batch.PosInf}
	case forms[4] > 0:
		return n, batch.Decimal{Form: batch.NegInf}
	}
	if sum.Scale != scale {
		sum = sum.Round(int(scale)) // only zeros are cut: no value has more decimals
	}
	return n, sum
}
