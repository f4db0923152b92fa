package codec

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// toDecimal reads a number with its scale as written: 1.50 keeps two digits.
func toDecimal(f *jsonField, tok []byte, c class) (batch.Decimal, *RecordError) {
	t, ok := numeric(tok, c)
	if !ok {
		if c == text && string(tok) == "NaN" {
			return batch.Decimal{Form: batch.NaN}, nil
		}
		return batch.Decimal{}, wrong(f, tok, c)
	}
	neg, digits, exp, ok := split(t)
	if !ok || exp > 131_072 || exp < -16_383 {
		return batch.Decimal{}, tooLarge(f, tok)
	}
	x, _ := new(big.Int).SetString("0"+string(digits), 10)
	if exp > 0 {
		x.Mul(x, pow10(exp))
		exp = 0
	}
	if s := int(f.Type.Scale); f.Type.Precision > 0 {
		x = rescale(x, -exp, s)
		if exp = -s; x.Cmp(pow10(int(f.Type.Precision))) >= 0 {
			return batch.Decimal{}, tooLarge(f, tok)
		}
	}
	if neg {
		x.Neg(x)
	}
	return fromBig(x, int16(-exp)), nil
}

func rescale(x *big.Int, from, to int) *big.Int {
	if to >= from {
		return x.Mul(x, pow10(to-from))
	}
	p := pow10(from - to)
	x.Add(x, new(big.Int).Rsh(p, 1)) // half away from zero: x is not negative here
	return x.Quo(x, p)
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func fromBig(x *big.Int, scale int16) batch.Decimal {
	if x.BitLen() > 126 {
		return batch.Decimal{Big: x, Scale: scale}
	}
	m := new(big.Int).Abs(x)
	lo := new(big.Int).And(m, new(big.Int).SetUint64(1<<64-1)).Uint64()
	hi := int64(new(big.Int).Rsh(m, 64).Uint64())
	if x.Sign() < 0 {
		lo = -lo
		hi = ^hi
		if lo == 0 {
			hi++
		}
	}
	return batch.Decimal{Hi: hi, Lo: lo, Scale: scale}
}

func toSpan(f *jsonField, tok []byte, c class) (batch.Span, *RecordError) {
	return batch.Span{}, wrong(f, tok, c)
}

func parseTime(f *jsonField, tok []byte) (int64, *RecordError) {
	return 0, wrong(f, tok, text)
}

func appendSpan(dst []byte, x batch.Span) []byte {
	return fmt.Appendf(dst, "%d months %d days %d microseconds", x.Months, x.Days, x.Micros)
}

func appendDate(dst []byte, x int64) []byte {
	return time.Unix(x*86400, 0).UTC().AppendFormat(dst, "2006-01-02")
}

func appendTimestamp(dst []byte, x int64) []byte {
	return time.UnixMicro(x).UTC().AppendFormat(dst, "2006-01-02 15:04:05.999999")
}

func appendJSONDecimal(dst []byte, x batch.Decimal) []byte {
	if x.Form != batch.Finite {
		return append(dst, `"NaN"`...)
	}
	b := x.Big
	if b == nil {
		b = new(big.Int).Lsh(big.NewInt(x.Hi), 64)
		b.Add(b, new(big.Int).SetUint64(x.Lo))
	}
	s := new(big.Int).Abs(b).String()
	if b.Sign() < 0 {
		dst = append(dst, '-')
	}
	if n := int(x.Scale) + 1 - len(s); n > 0 {
		s = strings.Repeat("0", n) + s
	}
	dst = append(dst, s[:len(s)-int(x.Scale)]...)
	if x.Scale > 0 {
		dst = append(append(dst, '.'), s[len(s)-int(x.Scale):]...)
	}
	return dst
}
