package pgwire

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// The sign words of a binary numeric.
const (
	numericPos    = 0x0000
	numericNeg    = 0x4000
	numericNaN    = 0xc000
	numericPosInf = 0xd000
	numericNegInf = 0xf000

	// infScale is the scale that PostgreSQL sends with an infinity.
	infScale = 0x20
)

// appendNumeric writes d as numeric_send does: groups of four decimal digits,
// aligned at the decimal point, without zero groups at either end.
func appendNumeric(dst []byte, d batch.Decimal) []byte {
	switch d.Form {
	case batch.NaN:
		return appendWords(dst, 0, 0, numericNaN, 0)
	case batch.PosInf:
		return appendWords(dst, 0, 0, numericPosInf, infScale)
	case batch.NegInf:
		return appendWords(dst, 0, 0, numericNegInf, infScale)
	}
	var buf [64]byte
	text := d.AppendText(buf[:0])
	sign := numericPos
	if text[0] == '-' {
		sign, text = numericNeg, text[1:]
	}
	whole, part, _ := strings.Cut(string(text), ".")
	whole = strings.Repeat("0", (4-len(whole)%4)%4) + whole
	groups := whole + part + strings.Repeat("0", (4-len(part)%4)%4)
	weight := len(whole)/4 - 1
	for strings.HasPrefix(groups, "0000") {
		groups, weight = groups[4:], weight-1
	}
	for strings.HasSuffix(groups, "0000") && len(groups)%4 == 0 {
		groups = groups[:len(groups)-4]
	}
	if groups == "" {
		weight, sign = 0, numericPos
	}
	dst = appendWords(dst, len(groups)/4, weight, sign, int(d.Scale))
	for ; groups != ""; groups = groups[4:] {
		n, _ := strconv.Atoi(groups[:4])
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	return dst
}

func appendWords(dst []byte, words ...int) []byte {
	for _, w := range words {
		dst = binary.BigEndian.AppendUint16(dst, uint16(w))
	}
	return dst
}

var errNumeric = errors.New("invalid binary numeric")

// numericText returns the text of a binary numeric.
func numericText(v []byte) (string, error) {
	if len(v) < 8 || len(v)%2 != 0 {
		return "", errNumeric
	}
	word := func(i int) uint16 { return binary.BigEndian.Uint16(v[2*i:]) }
	count, weight, sign, scale := int(word(0)), int(int16(word(1))), word(2), int(word(3))
	switch sign {
	case numericNaN:
		return "NaN", nil
	case numericPosInf:
		return "Infinity", nil
	case numericNegInf:
		return "-Infinity", nil
	}
	if len(v) != 8+2*count || sign != numericPos && sign != numericNeg || scale > 16383 {
		return "", errNumeric
	}
	digit := func(group int) string { // of 10000^(weight-group)
		if group < 0 || group >= count {
			return "0000"
		}
		s := strconv.Itoa(int(word(4 + group)))
		return strings.Repeat("0", max(0, 4-len(s))) + s
	}
	var b strings.Builder
	if sign == numericNeg {
		b.WriteByte('-')
	}
	b.WriteByte('0')
	for g := 0; g <= weight; g++ {
		b.WriteString(digit(g))
	}
	if scale > 0 {
		var part strings.Builder
		for g := weight + 1; part.Len() < scale; g++ {
			part.WriteString(digit(g))
		}
		b.WriteString("." + part.String()[:scale])
	}
	return b.String(), nil
}
