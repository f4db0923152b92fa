package expr

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

func compileCast(n *Node, fresh bool) (evaluator, error) {
	from, to := n.Args[0].Type, n.Type
	// A cast that changes nothing hands its argument's column on, which then has
	// to be as fresh as its own.
	arg, err := compile(n.Args[0], fresh)
	if err != nil {
		return nil, err
	}
	if sameValues(from, to) {
		return arg, nil
	}
	if from.Kind.Rep() == batch.RepInt && to.Kind.Rep() == batch.RepFloat {
		return &intToFloat{arg: arg, single: to.Kind == batch.Float32, buf: slot[float64]{fresh: fresh}}, nil
	}
	if isInteger(from.Kind) && to == batch.T(batch.Numeric) {
		return &intToDec{arg: arg, buf: slot[batch.Decimal]{fresh: fresh}}, nil
	}
	if from.Kind == batch.Array && to.Kind == batch.Array {
		return newCastArray(n, arg, fresh)
	}
	if from.Kind == batch.JSONB && to.Kind.Rep() != batch.RepText {
		return newCastJSON(n, arg, fresh), nil
	}
	fn := castFunc(from, to, n.Name != assigned)
	if fn == nil {
		return nil, errorf("42846", "cannot cast type %s to %s", bare(from), bare(to))
	}
	return newRowEval(n, []evaluator{arg}, fn, false, fresh), nil
}

func isInteger(k batch.Kind) bool { return k == batch.Int16 || k == batch.Int32 || k == batch.Int64 }

// sameValues tells whether every value of from is one of to, represented alike.
func sameValues(from, to batch.Type) bool {
	f, t := from.Kind, to.Kind
	switch {
	case to.Precision != 0:
		return from == to
	case f == t:
		return from.Elem == to.Elem
	case f.Rep() != t.Rep() || f == batch.Unknown:
		return f == batch.Unknown && t == batch.Text
	case categoryOf(f) == catNumber && categoryOf(t) == catNumber:
		return numberRank(f) < numberRank(t)
	}
	return false
}

// castFunc returns the conversion of one value.
func castFunc(from, to batch.Type, cut bool) rowFunc {
	switch {
	case to.Kind == batch.Text && from.Kind.Rep() != batch.RepText:
		return castToText(from, to, cut)
	case from.Kind.Rep() == batch.RepText:
		return castFromText(to, cut)
	case categoryOf(from.Kind) == catNumber && categoryOf(to.Kind) == catNumber:
		return castNumber(from.Kind, to)
	case from.Kind == batch.Time:
		return func(f *frame) { f.setSpan(batch.Span{Micros: f.int(0)}) }
	case to.Kind == batch.Time:
		return castToTime(from.Kind)
	case categoryOf(from.Kind) == catDateTime && categoryOf(to.Kind) == catDateTime:
		return castTime(from.Kind, to.Kind)
	case from.Kind == batch.Int32 && to.Kind == batch.Bool:
		return func(f *frame) { f.setBool(f.int(0) != 0) }
	case from.Kind == batch.Bool && to.Kind == batch.Int32:
		return func(f *frame) {
			if f.bool(0) {
				f.setInt(1)
			} else {
				f.setInt(0)
			}
		}
	}
	return nil
}

func castToText(from, to batch.Type, cut bool) rowFunc {
	var scratch []byte
	return func(f *frame) {
		scratch = appendCastText(scratch[:0], f, 0, from)
		s, err := fit(scratch, to, cut)
		if err != nil {
			f.failValue(err)
			return
		}
		f.setBytes(s)
	}
}

// appendCastText appends argument i as CAST(x AS TEXT) prints it, which differs
// from output only for booleans.
func appendCastText(dst []byte, f *frame, i int, t batch.Type) []byte {
	switch k := t.Kind; k.Rep() {
	case batch.RepBool:
		return strconv.AppendBool(dst, f.bool(i))
	case batch.RepInt:
		return batch.AppendInt(dst, f.int(i), k, f.cx.Loc)
	case batch.RepFloat:
		return batch.AppendFloat(dst, f.float(i), k)
	case batch.RepDecimal:
		return f.dec(i).AppendText(dst)
	case batch.RepSpan:
		return f.span(i).AppendText(dst)
	}
	return batch.AppendBytes(dst, f.text(i), t, f.cx.Loc)
}

func fit(s []byte, to batch.Type, cut bool) ([]byte, error) {
	if cut {
		return cutText(s, to), nil
	}
	return batch.FitText(s, to)
}

// cutText returns the first n characters of s for VARCHAR(n) and CHAR(n).
func cutText(s []byte, to batch.Type) []byte {
	if to.IsChar() {
		return bytes.TrimRight(firstChars(s, int(to.Precision)), " ")
	}
	return firstChars(s, int(to.Precision))
}

func firstChars(s []byte, n int) []byte {
	if n == 0 || len(s) <= n {
		return s
	}
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	return s[:at]
}

// castFromText reads a text as a value.
func castFromText(to batch.Type, cut bool) rowFunc {
	switch to.Kind.Rep() {
	case batch.RepInt:
		return func(f *frame) {
			v, err := batch.ParseInt(f.text(0), to.Kind, f.cx.Loc)
			setParsed(f, v, err, f.setInt)
		}
	case batch.RepFloat:
		return func(f *frame) {
			v, err := batch.ParseFloat(f.text(0), to.Kind)
			setParsed(f, v, err, f.setFloat)
		}
	case batch.RepBool:
		return func(f *frame) {
			v, err := batch.ParseBool(f.text(0))
			setParsed(f, v, err, f.setBool)
		}
	case batch.RepDecimal:
		return func(f *frame) {
			v, err := batch.ParseDecimal(f.text(0))
			if err == nil {
				v, err = v.Rescale(to.Precision, to.Scale)
			}
			setParsed(f, v, err, f.setDec)
		}
	case batch.RepSpan:
		return func(f *frame) {
			v, err := batch.ParseSpan(f.text(0))
			setParsed(f, v, err, f.setSpan)
		}
	case batch.RepBytes:
		return castFromTextBytes(to)
	}
	return func(f *frame) {
		s, err := fit(f.text(0), to, cut)
		if err != nil {
			f.failValue(err)
			return
		}
		f.setBytes(s)
	}
}

// castFromTextBytes reads a text as BYTEA, JSONB, UUID or an array.
func castFromTextBytes(to batch.Type) rowFunc {
	var json batch.JSONBuilder
	return func(f *frame) {
		var err error
		if to.Kind == batch.JSONB {
			f.buf, err = json.AppendJSON(f.buf, f.text(0))
		} else {
			f.buf, err = batch.ParseBytes(f.buf, f.text(0), to, f.cx.Loc)
		}
		if err != nil {
			f.failValue(err)
		}
	}
}

func setParsed[T any](f *frame, v T, err error, set func(T)) {
	if err != nil {
		f.failValue(err)
		return
	}
	set(v)
}

func castNumber(from batch.Kind, to batch.Type) rowFunc {
	switch {
	case to.Kind == batch.Numeric:
		return castToDecimal(from, to)
	case from == batch.Numeric && to.Kind.Rep() == batch.RepInt:
		return func(f *frame) { setInteger(f, to.Kind)(f.dec(0).Int()) }
	case from == batch.Numeric:
		return func(f *frame) { setFloat(f, f.dec(0).Float(), to.Kind, f.dec(0).Form == batch.Finite) }
	case from.Rep() == batch.RepFloat && to.Kind.Rep() == batch.RepInt:
		return func(f *frame) {
			v := math.RoundToEven(f.float(0))
			setInteger(f, to.Kind)(int64(v), v >= -1<<63 && v < 1<<63)
		}
	case from.Rep() == batch.RepInt: // a narrower integer
		return func(f *frame) { setInteger(f, to.Kind)(f.int(0), true) }
	}
	return func(f *frame) { setFloat(f, f.float(0), to.Kind, !math.IsInf(f.float(0), 0)) }
}

func castToDecimal(from batch.Kind, to batch.Type) rowFunc {
	var read func(f *frame) batch.Decimal
	switch from {
	case batch.Numeric:
		read = func(f *frame) batch.Decimal { return f.dec(0) }
	case batch.Float32:
		read = func(f *frame) batch.Decimal { return batch.DecimalFromFloat(f.float(0), 6) }
	case batch.Float64:
		read = func(f *frame) batch.Decimal { return batch.DecimalFromFloat(f.float(0), 15) }
	default:
		read = func(f *frame) batch.Decimal { return batch.DecimalFromInt(f.int(0)) }
	}
	return func(f *frame) {
		v, err := read(f).Rescale(to.Precision, to.Scale)
		setParsed(f, v, err, f.setDec)
	}
}

func setInteger(f *frame, k batch.Kind) func(v int64, ok bool) {
	return func(v int64, ok bool) {
		if !ok || !batch.FitsInt(v, k) {
			f.fail(outOfRange(k))
			return
		}
		f.setInt(v)
	}
}

// setFloat sets a float of kind k; an infinity made of a finite value is an
// error.
func setFloat(f *frame, v float64, k batch.Kind, finite bool) {
	r := v
	if k == batch.Float32 {
		r = float64(float32(v))
	}
	switch {
	case finite && math.IsInf(r, 0):
		f.fail(errFloatOver)
	case r == 0 && v != 0:
		f.fail(errFloatUnder)
	default:
		f.setFloat(r)
	}
}

func castTime(from, to batch.Kind) rowFunc {
	return func(f *frame) {
		v, ok := convertTime(f.int(0), from, to, f.cx)
		if !ok {
			f.fail(outOfRange(to))
			return
		}
		f.setInt(v)
	}
}

// convertTime converts between dates and timestamps; one with time zone is seen
// in the session's.
func convertTime(v int64, from, to batch.Kind, cx *Context) (int64, bool) {
	if v == batch.Infinity || v == batch.NegInfinity {
		return v, true
	}
	local := v
	switch from {
	case batch.Date:
		local = v * batch.Day
		if local/batch.Day != v || !batch.ValidTimestamp(local) {
			return 0, false
		}
	case batch.TimestampTZ:
		local = batch.Local(v, cx.Loc)
	}
	switch to {
	case batch.Date:
		days, _ := batch.SplitMicros(local)
		return days, true
	case batch.TimestampTZ:
		utc := batch.UTC(local, cx.Loc)
		return utc, batch.ValidTimestamp(utc)
	}
	return local, true
}

// intToFloat is the common cast of an integer to a float.
type intToFloat struct {
	arg    evaluator
	single bool
	buf    slot[float64]
}

func (e *intToFloat) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	in := e.arg.eval(b, sel, cx).(*batch.Vec[int64])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(in.Null, nil, b.N)
	if e.single {
		for i, v := range in.Data[:len(out.Data)] {
			out.Data[i] = float64(float32(v))
		}
		return out
	}
	for i, v := range in.Data[:len(out.Data)] {
		out.Data[i] = float64(v)
	}
	return out
}
