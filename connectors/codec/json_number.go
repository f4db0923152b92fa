package codec

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// wrong says that tok cannot be a value of f at all.
func wrong(f *jsonField, tok []byte, c class) *RecordError {
	return malformed("column %q: %s %s is not a value of %s", f.Name, classNames[c], clip(tok), f.Type)
}

func tooLarge(f *jsonField, tok []byte) *RecordError {
	return reject(Overflow, "column %q: %s is out of range for %s", f.Name, clip(tok), f.Type)
}

// clip quotes tok for a message, cut to a readable length.
func clip(tok []byte) string {
	if len(tok) > 64 {
		return strconv.Quote(string(tok[:64])) + "…"
	}
	return strconv.Quote(string(tok))
}

// numeric returns tok as a JSON number: a number, or a string that spells one.
func numeric(tok []byte, c class) ([]byte, bool) {
	if c == num {
		return tok, true
	}
	if c != text {
		return nil, false
	}
	tok = bytes.TrimSpace(tok)
	end, _, err := number(tok, 0)
	return tok, err == nil && end == len(tok)
}

// toInt reads a whole number; 1.0 and 1e3 are whole, 1.5 is not.
func toInt(f *jsonField, tok []byte, c class) (int64, *RecordError) {
	t, ok := numeric(tok, c)
	if !ok {
		return 0, wrong(f, tok, c)
	}
	neg, digits, exp, ok := split(t)
	for exp < 0 && len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits, exp = digits[:len(digits)-1], exp+1
	}
	switch {
	case len(digits) == 0:
		return 0, nil
	case exp < 0:
		return 0, wrong(f, tok, c)
	case !ok || len(digits)+exp > 19:
		return 0, tooLarge(f, tok)
	}
	u, _ := strconv.ParseUint(string(digits)+strings.Repeat("0", exp), 10, 64)
	if neg && u <= 1<<63 {
		return -int64(u), nil
	}
	if neg || u > math.MaxInt64 {
		return 0, tooLarge(f, tok)
	}
	return int64(u), nil
}

// maxExponent bounds exponents before anything is computed with them.
const maxExponent = 200_000

// split takes a JSON number apart: digits without leading zeros, times 10^exp.
// ok is false where the exponent is beyond any type.
func split(t []byte) (neg bool, digits []byte, exp int, ok bool) {
	if neg = t[0] == '-'; neg {
		t = t[1:]
	}
	ok = true
	if e := bytes.IndexAny(t, "eE"); e >= 0 {
		n, err := strconv.Atoi(string(t[e+1:]))
		if err != nil || n > maxExponent || n < -maxExponent {
			ok = false
			n = max(-maxExponent, min(n, maxExponent))
		}
		t, exp = t[:e], n
	}
	if p := bytes.IndexByte(t, '.'); p >= 0 {
		exp -= len(t) - p - 1
		t = append(append(make([]byte, 0, len(t)), t[:p]...), t[p+1:]...)
	}
	return neg, bytes.TrimLeft(t, "0"), exp, ok
}

// toFloat reads a number, or NaN, Infinity and -Infinity as text, for which JSON
// has no numbers.
func toFloat(f *jsonField, tok []byte, c class) (float64, *RecordError) {
	if c != num && c != text {
		return 0, wrong(f, tok, c)
	}
	x, err := batch.ParseFloat(tok, f.Type.Kind)
	if err != nil {
		return 0, invalid(f, err)
	}
	return x, nil
}

// toDecimal reads a number with its scale as written: 1.50 keeps two digits.
func toDecimal(f *jsonField, tok []byte, c class) (batch.Decimal, *RecordError) {
	if c != num && c != text {
		return batch.Decimal{}, wrong(f, tok, c)
	}
	x, err := batch.ParseDecimal(tok)
	if err == nil {
		x, err = x.Rescale(f.Type.Precision, f.Type.Scale)
	}
	if err != nil {
		return batch.Decimal{}, invalid(f, err)
	}
	return x, nil
}

func toSpan(f *jsonField, tok []byte, c class) (batch.Span, *RecordError) {
	if c != text {
		return batch.Span{}, wrong(f, tok, c)
	}
	x, err := batch.ParseSpan(tok)
	if err != nil {
		return batch.Span{}, invalid(f, err)
	}
	return x, nil
}

func toBool(f *jsonField, tok []byte, c class) (bool, *RecordError) {
	if c == boolean {
		return tok[0] == 't', nil
	}
	if c != text {
		return false, wrong(f, tok, c)
	}
	x, err := batch.ParseBool(tok)
	if err != nil {
		return false, invalid(f, err)
	}
	return x, nil
}

// invalid turns what a value parser says into a rejection.
func invalid(f *jsonField, err error) *RecordError {
	reason, said := Malformed, err.Error()
	var v *batch.ValueError
	if errors.As(err, &v) && (v.Code == "22003" || v.Code == "22008") {
		reason = Overflow
	}
	if len(said) > 200 {
		said = said[:200] + "…"
	}
	return reject(reason, "column %q: %s", f.Name, said)
}
