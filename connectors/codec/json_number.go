package codec

import (
	"bytes"
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

func toFloat(f *jsonField, tok []byte, c class) (float64, *RecordError) {
	t, ok := numeric(tok, c)
	if !ok {
		x, ok := floatWord(t)
		if !ok || c != text {
			return 0, wrong(f, tok, c)
		}
		return x, nil
	}
	bits := 64
	if f.Type.Kind == batch.Float32 {
		bits = 32
	}
	x, err := strconv.ParseFloat(string(t), bits)
	if err != nil {
		return 0, tooLarge(f, tok)
	}
	return x, nil
}

// floatWord reads the values that JSON numbers lack, as the encoder writes them.
func floatWord(t []byte) (float64, bool) {
	switch strings.ToLower(string(t)) {
	case "nan":
		return math.NaN(), true
	case "infinity", "inf", "+infinity", "+inf":
		return math.Inf(1), true
	case "-infinity", "-inf":
		return math.Inf(-1), true
	}
	return 0, false
}

func toBool(f *jsonField, tok []byte, c class) (bool, *RecordError) {
	if c == boolean {
		return tok[0] == 't', nil
	}
	if c == text {
		switch strings.ToLower(string(bytes.TrimSpace(tok))) {
		case "t", "true", "y", "yes", "on", "1":
			return true, nil
		case "f", "false", "n", "no", "off", "0":
			return false, nil
		}
	}
	return false, wrong(f, tok, c)
}
