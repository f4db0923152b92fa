package expr

import (
	"bytes"
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// jsonBuildTable defines what makes JSONB of values of other types.
func jsonBuildTable() table {
	return table{
		"to_jsonb": {{args: in(any_), ret: jsn, spec: func(n *Node) rowFunc {
			return building(func(f *frame, b *batch.JSONBuilder) *Error {
				addJSON(b, f, 0, n.Args[0].Type)
				return nil
			})
		}}},
		"jsonb_build_array": {
			{args: in(), ret: jsn, spec: func(*Node) rowFunc { return building(emptyJSON(false)) }},
			{args: in(any_), ret: jsn, variadic: true, lax: true, spec: buildArray},
		},
		"jsonb_build_object": {
			{args: in(), ret: jsn, spec: func(*Node) rowFunc { return building(emptyJSON(true)) }},
			{args: in(any_), ret: jsn, variadic: true, lax: true, spec: buildObject},
		},
		"jsonb_object": {
			{args: in(texts_), ret: jsn, spec: func(*Node) rowFunc { return building(objectOfTexts) }},
			{args: in(texts_, texts_), ret: jsn, spec: func(*Node) rowFunc { return building(objectOfTexts) }},
		},
	}
}

func building(fn func(f *frame, b *batch.JSONBuilder) *Error) rowFunc {
	var b batch.JSONBuilder
	return func(f *frame) {
		b.Reset()
		if err := fn(f, &b); err != nil {
			f.fail(err)
			return
		}
		f.buf = b.Append(f.buf)
	}
}

func emptyJSON(object bool) func(*frame, *batch.JSONBuilder) *Error {
	return func(_ *frame, b *batch.JSONBuilder) *Error {
		b.Begin(object)
		b.End()
		return nil
	}
}

func buildArray(n *Node) rowFunc {
	types := typesOf(n.Args)
	return building(func(f *frame, b *batch.JSONBuilder) *Error {
		b.Begin(false)
		for i, t := range types {
			addJSON(b, f, i, t)
		}
		b.End()
		return nil
	})
}

func buildObject(n *Node) rowFunc {
	types := typesOf(n.Args)
	var key []byte
	return building(func(f *frame, b *batch.JSONBuilder) *Error {
		if len(types)%2 != 0 {
			return &Error{
				Code: "22023", Message: "argument list must have even number of elements",
				Hint: "The arguments of jsonb_build_object() must consist of alternating keys and values.",
			}
		}
		b.Begin(true)
		for i := 0; i < len(types); i += 2 {
			if f.isNull(i) {
				return errorf("22023", "argument %d: key must not be null", i+1)
			}
			if k := types[i].Kind; k == batch.JSONB || k == batch.Array {
				return errorf("22023", "key value must be scalar, not array, composite, or json")
			}
			key = appendCastText(key[:0], f, i, types[i])
			b.Key(key)
			addJSON(b, f, i+1, types[i+1])
		}
		b.End()
		return nil
	})
}

func objectOfTexts(f *frame, b *batch.JSONBuilder) *Error {
	it := batch.Elems(f.text(0), batch.Text)
	values := &it // keys and values alternate
	if len(f.in) == 2 {
		other := batch.Elems(f.text(1), batch.Text)
		values = &other
	}
	b.Begin(true)
	for {
		key, ok := it.Next()
		if !ok && values == &it {
			break
		}
		v, more := values.Next()
		switch {
		case !ok && !more:
			b.End()
			return nil
		case ok != more && values == &it:
			return errorf("2202E", "array must have even number of elements")
		case ok != more:
			return errorf("2202E", "mismatched array dimensions")
		case key.Null:
			return errorf("22004", "null value not allowed for object key")
		}
		b.Key(key.Text())
		if v.Null {
			b.Null()
		} else {
			b.String(v.Text())
		}
	}
	b.End()
	return nil
}

// addJSON adds argument i, which may be NULL.
func addJSON(b *batch.JSONBuilder, f *frame, i int, t batch.Type) {
	if f.isNull(i) {
		b.Null()
		return
	}
	switch t.Kind {
	case batch.Bool:
		b.Bool(f.bool(i))
	case batch.Int16, batch.Int32, batch.Int64:
		b.Number(batch.DecimalFromInt(f.int(i)))
	case batch.Numeric:
		addNumber(b, f.dec(i))
	case batch.Float32, batch.Float64:
		addFloat(b, f.float(i), t.Kind)
	case batch.JSONB:
		b.Raw(f.json(i))
	case batch.Array:
		addArray(b, f, f.text(i), t.ElemType())
	case batch.Text, batch.Unknown:
		b.String(f.text(i))
	default:
		b.String(appendISO(nil, appendCastText(nil, f, i, t), t.Kind))
	}
}

// addNumber adds what JSON can say of a number: NaN and infinities are strings.
func addNumber(b *batch.JSONBuilder, d batch.Decimal) {
	if d.Form != batch.Finite {
		b.String(d.AppendText(nil))
		return
	}
	b.Number(d)
}

func addFloat(b *batch.JSONBuilder, v float64, k batch.Kind) {
	text := batch.AppendFloat(nil, v, k)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		b.String(text)
		return
	}
	d, _ := batch.ParseDecimal(text)
	b.Number(d)
}

func addArray(b *batch.JSONBuilder, f *frame, v []byte, elem batch.Type) {
	b.Begin(false)
	for it := batch.Elems(v, elem.Kind); ; {
		e, ok := it.Next()
		if !ok {
			break
		}
		switch {
		case e.Null:
			b.Null()
		case elem.Kind == batch.Bool:
			b.Bool(e.Bool())
		case isInteger(elem.Kind):
			b.Number(batch.DecimalFromInt(e.Int()))
		case elem.Kind == batch.Numeric:
			addNumber(b, e.Decimal())
		case elem.Kind.Rep() == batch.RepFloat:
			addFloat(b, e.Float(), elem.Kind)
		case elem.Kind == batch.JSONB:
			b.Raw(e.JSON())
		default:
			b.String(appendISO(nil, e.AppendText(nil, elem, f.cx.Loc), elem.Kind))
		}
	}
	b.End()
}

// appendISO turns the text of a date or time to that of ISO 8601, as JSON has it:
// with a T, and minutes in every zone.
func appendISO(dst, text []byte, k batch.Kind) []byte {
	if k != batch.Timestamp && k != batch.TimestampTZ {
		return append(dst, text...)
	}
	at := bytes.IndexByte(text, ' ')
	if at < 0 { // infinity
		return append(dst, text...)
	}
	era := bytes.HasSuffix(text, []byte(" BC"))
	if era {
		text = text[:len(text)-3]
	}
	dst = append(append(append(dst, text[:at]...), 'T'), text[at+1:]...)
	if n := len(dst); k == batch.TimestampTZ && n > 3 && (dst[n-3] == '+' || dst[n-3] == '-') {
		dst = append(dst, ":00"...)
	}
	if era {
		dst = append(dst, " BC"...)
	}
	return dst
}
