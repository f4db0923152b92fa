package codec

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

func columns(spec string) []connectors.Column {
	kinds := map[string]batch.Type{
		"bool": batch.T(batch.Bool), "int2": batch.T(batch.Int16), "int4": batch.T(batch.Int32), "int8": batch.T(batch.Int64),
		"real": batch.T(batch.Float32), "float": batch.T(batch.Float64), "numeric": batch.T(batch.Numeric),
		"numeric52": {Kind: batch.Numeric, Precision: 5, Scale: 2}, "text": batch.T(batch.Text),
		"varchar3": {Kind: batch.Text, Precision: 3}, "date": batch.T(batch.Date),
		"ts": batch.T(batch.Timestamp), "tstz": batch.T(batch.TimestampTZ), "interval": batch.T(batch.Interval),
		"time": batch.T(batch.Time), "bytea": batch.T(batch.Bytea), "jsonb": batch.T(batch.JSONB), "uuid": batch.T(batch.UUID),
		"int8s": batch.ArrayOf(batch.T(batch.Int64)), "int4s": batch.ArrayOf(batch.T(batch.Int32)), "texts": batch.ArrayOf(batch.T(batch.Text)), "jsonbs": batch.ArrayOf(batch.T(batch.JSONB)),
		"floats": batch.ArrayOf(batch.T(batch.Float64)), "numerics": batch.ArrayOf(batch.T(batch.Numeric)), "tss": batch.ArrayOf(batch.T(batch.Timestamp)), "byteas": batch.ArrayOf(batch.T(batch.Bytea)),
	}
	var cols []connectors.Column
	for _, c := range strings.Split(spec, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(c), " ")
		kind, notNull := strings.CutSuffix(kind, "!")
		typ, ok := kinds[kind]
		if !ok {
			panic("no such kind: " + kind)
		}
		cols = append(cols, connectors.Column{Name: name, Type: typ, NotNull: notNull})
	}
	return cols
}

func empty(cols []connectors.Column) []batch.Column {
	out := make([]batch.Column, len(cols))
	for i, c := range cols {
		out[i] = batch.New(c.Type.Kind, 4)
	}
	return out
}

// show prints one row by way of the encoder, whose own tests stand beside.
func show(cols []connectors.Column, data []batch.Column, row int) string {
	b := &batch.Batch{Cols: data, N: data[0].Len()}
	return string(NewJSONEncoder(cols).AppendRow(nil, b, row))
}

// TestJSONValues: what each type makes of a value: the value as the encoder
// prints it, or the reason of the rejection.
func TestJSONValues(t *testing.T) {
	for _, c := range []struct{ kind, in, want string }{
		{"int8", `7`, `7`},
		{"int8", `-7`, `-7`},
		{"int8", `0`, `0`},
		{"int8", `-0`, `0`},
		{"int8", `null`, `null`},
		{"int8", `1.0`, `1`},
		{"int8", `1e3`, `1000`},
		{"int8", `120e-1`, `12`},
		{"int8", `"42"`, `42`},
		{"int8", `" 42 "`, `42`},
		{"int8", `9223372036854775807`, `9223372036854775807`},
		{"int8", `-9223372036854775808`, `-9223372036854775808`},
		{"int8", `0e999999999999`, `0`},
		{"int8", `9223372036854775808`, Overflow},
		{"int8", `-9223372036854775809`, Overflow},
		{"int8", `1e19`, Overflow},
		{"int8", `1e999999999999`, Overflow},
		{"int8", `99999999999999999999`, Overflow},
		{"int8", `1.5`, Malformed},
		{"int8", `1e-999999999999`, Malformed},
		{"int8", `"x"`, Malformed},
		{"int8", `""`, Malformed},
		{"int8", `true`, Malformed},
		{"int8", `{}`, Malformed},
		{"int8", `[1]`, Malformed},
		{"int8", `01`, Malformed},
		{"int8", `+1`, Malformed},
		{"int8", `-`, Malformed},
		{"int8", `1.`, Malformed},
		{"int8", `.5`, Malformed},
		{"int8", `1e`, Malformed},
		{"int8", `0x10`, Malformed},
		{"int8", `NaN`, Malformed},
		{"int8", `nul`, Malformed},
		{"int8", `1 2`, Malformed},
		{"int8", ``, Malformed},
		{"int4", `2147483647`, `2147483647`},
		{"int4", `2147483648`, Overflow},
		{"int2", `-32768`, `-32768`},
		{"int2", `40000`, Overflow},
		{"int2", `"40000"`, Overflow},
		{"bool", `true`, `true`},
		{"bool", `false`, `false`},
		{"bool", `"t"`, `true`},
		{"bool", `"FALSE"`, `false`},
		{"bool", `1`, Malformed},
		{"bool", `truex`, Malformed},
		{"bool", `"maybe"`, Malformed},
		{"float", `1.5`, `1.5`},
		{"float", `-1e300`, `-1e+300`},
		{"float", `1e400`, Overflow},
		{"float", `"2.5"`, `2.5`},
		{"float", `"NaN"`, `"NaN"`},
		{"float", `"-Infinity"`, `"-Infinity"`},
		{"float", `"0x1p3"`, Malformed},
		{"float", `"1_0"`, Malformed},
		{"float", `true`, Malformed},
		{"real", `0.1`, `0.1`},
		{"real", `1e39`, Overflow},
		{"numeric", `1.50`, `1.50`},
		{"numeric", `-0.001`, `-0.001`},
		{"numeric", `1e3`, `1000`},
		{"numeric", `1.5e-3`, `0.0015`},
		{"numeric", `123456789012345678901234567890123456789012345678.5`, `123456789012345678901234567890123456789012345678.5`},
		{"numeric", `"12.340"`, `12.340`},
		{"numeric", `"NaN"`, `"NaN"`},
		{"numeric", `1e200000`, Overflow},
		{"numeric", `"x"`, Malformed},
		{"numeric", `[]`, Malformed},
		{"numeric52", `1.005`, `1.01`},
		{"numeric52", `-1.005`, `-1.01`},
		{"numeric52", `999.99`, `999.99`},
		{"numeric52", `999.995`, Overflow},
		{"numeric52", `7`, `7.00`},
		{"text", `"a"`, `"a"`},
		{"text", `""`, `""`},
		{"text", `"a\"b\\c\/d\b\f\n\r\t"`, `"a\"b\\c/d\u0008\u000c\n\r\t"`},
		{"text", `"\u00e9\ud83d\ude00"`, `"é😀"`},
		{"text", `"é😀"`, `"é😀"`},
		{"text", `12.50`, `"12.50"`},
		{"text", `true`, `"true"`},
		{"text", `{"x": [1, {"y":null}]}`, `"{\"x\": [1, {\"y\":null}]}"`},
		{"text", `[]`, `"[]"`},
		{"text", `null`, `null`},
		{"text", `"\u0000"`, Malformed},
		{"text", `"\ud83d"`, Malformed},
		{"text", `"\ude00\ud83d"`, Malformed},
		{"text", `"\x"`, Malformed},
		{"text", `"\u12g4"`, Malformed},
		{"text", "\"\x01\"", Malformed},
		{"text", "\"\xff\"", Malformed},
		{"text", "\"\xed\xa0\x80\"", Malformed},
		{"text", `"abc`, Malformed},
		{"text", `"abc\`, Malformed},
		{"text", `[1,]`, Malformed},
		{"text", `{"a":1,}`, Malformed},
		{"text", `{"a" 1}`, Malformed},
		{"text", `{a:1}`, Malformed},
		{"text", `[1}`, Malformed},
		{"text", strings.Repeat("[", 127) + strings.Repeat("]", 127), strconv.Quote(strings.Repeat("[", 127) + strings.Repeat("]", 127))},
		{"text", strings.Repeat("[", 128) + strings.Repeat("]", 128), Malformed},
		{"text", strings.Repeat("[", 1<<20), Malformed},
		{"varchar3", `"äöü"`, `"äöü"`},
		{"varchar3", `"abcd"`, Overflow},
		{"date", `"2024-02-29"`, `"2024-02-29"`},
		{"date", `"2023-02-29"`, ""},
		{"date", `19000`, Malformed},
		{"date", `"2024-02-29 13:00:00"`, `"2024-02-29"`},
		{"ts", `"2024-02-29 12:34:56"`, `"2024-02-29 12:34:56"`},
		{"ts", `"2024-02-29T12:34:56.5Z"`, `"2024-02-29 12:34:56.5"`},
		{"ts", `"1969-12-31T23:59:59.999999+05:30"`, `"1969-12-31 23:59:59.999999"`},
		{"ts", `"0001-01-01"`, `"0001-01-01 00:00:00"`},
		{"ts", `1700000000000`, Malformed},
		{"ts", `"2024-13-01 00:00:00"`, ""},
		{"ts", `"2024-02-29 12:3x:56"`, Malformed},
		{"ts", `"yesterdayish"`, Malformed},
		{"ts", `true`, Malformed},
		{"tstz", `"2024-02-29T12:34:56+05:30"`, `"2024-02-29 07:04:56Z"`},
		{"tstz", `"2024-02-29 12:34:56-08"`, `"2024-02-29 20:34:56Z"`},
		{"tstz", `"2024-02-29 12:34:56"`, `"2024-02-29 12:34:56Z"`},
	} {
		cols := columns("v " + c.kind)
		got, _ := decodeOne(t, cols, fmt.Sprintf(`{"v":%s}`, c.in))
		want := fmt.Sprintf(`{"v":%s}`, c.want)
		switch c.want {
		case Malformed, Overflow:
			want = c.want
		case "": // rejected; which reason is the value parsers' affair
			if got == Malformed || got == Overflow {
				continue
			}
		}
		if got != want {
			t.Errorf("%s from %.80s: got %s, want %s", c.kind, c.in, got, want)
		}
	}
}

// decodeOne decodes one record after another good one and checks that a
// rejected record leaves nothing behind.
func decodeOne(t *testing.T, cols []connectors.Column, record string) (string, error) {
	t.Helper()
	d, err := NewJSONDecoder(cols)
	if err != nil {
		t.Fatal(err)
	}
	data := empty(cols)
	err = d.Append(data, []byte(record))
	rows := 1
	if err != nil {
		rows = 0
	}
	for i, c := range data {
		if n := c.Nulls(); c.Len() != rows || n != nil && len(n) != rows {
			t.Fatalf("column %d has %d rows, nulls %v, after %.80s (%v)", i, c.Len(), n, record, err)
		}
		if v, ok := c.(*batch.TextVec); ok && err != nil && len(v.Data) > 0 {
			t.Fatalf("column %d keeps %q after %.80s", i, v.Data, record)
		}
	}
	if err != nil {
		var r *RecordError
		if !errors.As(err, &r) {
			t.Fatalf("%.80s: %T is no RecordError", record, err)
		}
		return r.Reason, err
	}
	return show(cols, data, 0), nil
}

// TestJSONObjects: which field goes where.
func TestJSONObjects(t *testing.T) {
	cols := columns("a int8, b text, c float!")
	for _, c := range []struct{ in, want string }{
		{`{"a":1,"b":"x","c":2.5}`, `{"a":1,"b":"x","c":2.5}`},
		{" \t\r\n{ \"c\" : 2.5 , \"b\" :\n\"x\" , \"a\" : 1 } \n", `{"a":1,"b":"x","c":2.5}`},
		{`{"c":1}`, `{"a":null,"b":null,"c":1}`},
		{`{"c":1,"z":{"a":[1,"]}",{}]},"y":"\"","x":-1.5e-7,"w":null,"v":true}`, `{"a":null,"b":null,"c":1}`},
		{`{"a":1,"a":null,"b":"x","b":"yz","a":3,"c":1}`, `{"a":3,"b":"yz","c":1}`},
		{`{"\u0061":5,"A":6,"c":1}`, `{"a":5,"b":null,"c":1}`},
		{`{"a":1,"b":"x"}`, NullKey},
		{`{"a":1,"c":null}`, NullKey},
		{`{}`, NullKey},
		{`{"c":1}x`, Malformed},
		{`{"c":1}{}`, Malformed},
		{`{"c":1`, Malformed},
		{`{"c"`, Malformed},
		{`{"c":`, Malformed},
		{`{`, Malformed},
		{``, Malformed},
		{`[]`, Malformed},
		{`"c"`, Malformed},
		{`null`, Malformed},
		{`{"c":1,}`, Malformed},
		{`{,"c":1}`, Malformed},
		{`{"c":1 "a":2}`, Malformed},
		{`{"c"=1}`, Malformed},
		{`{"c":1,"z":[1}`, Malformed},
		{`{"c":1,"a":"x","b":"later"}`, Malformed},
		{`{"b":"kept?","a":7,"c":1e999}`, Overflow},
		{`{"c":1,"b":"\u0000"}`, Malformed},
		{`{"c":1,"` + "\xff" + `":1}`, Malformed},
	} {
		if got, err := decodeOne(t, cols, c.in); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.in, got, err, c.want)
		}
	}
}

// TestJSONMixedShapes: hints learnt from one record never misplace a field of
// the next, and a rejected record in between changes nothing.
func TestJSONMixedShapes(t *testing.T) {
	cols := columns("a int8, ab int8, b text")
	d, _ := NewJSONDecoder(cols)
	data := empty(cols)
	var want []string
	for round := range 5 {
		for _, c := range []struct{ in, want string }{
			{`{"a":%d,"ab":2,"b":"x"}`, `{"a":%d,"ab":2,"b":"x"}`},
			{`{"ab":%d,"a":2,"zz":"x"}`, `{"a":2,"ab":%d,"b":null}`},
			{`{"a":%d,"b":"y","ab":2.5}`, ""},
			{`{"b":"x", "ab": %d}`, `{"a":null,"ab":%d,"b":"x"}`},
			{`{"abc":1,"a":%d}`, `{"a":%d,"ab":null,"b":null}`},
		} {
			err := d.Append(data, fmt.Appendf(nil, c.in, round))
			if (err != nil) != (c.want == "") {
				t.Fatalf("%s: %v", c.in, err)
			}
			if c.want != "" {
				want = append(want, fmt.Sprintf(c.want, round))
			}
		}
	}
	for i, w := range want {
		if got := show(cols, data, i); got != w {
			t.Errorf("row %d: got %s, want %s", i, got, w)
		}
	}
}

// TestJSONDemand: undemanded columns stay as they are, and decide as before
// whether a record is rejected.
func TestJSONDemand(t *testing.T) {
	cols := columns("a int8, b text, c ts, d numeric52, e int8!")
	for _, rec := range []string{
		`{"a":1,"b":"x","c":"2024-01-01","d":1,"e":1}`, `{"a":"x","e":1}`, `{"b":"\u0000","e":1}`, `{"c":"nonsense","e":1}`, `{"d":1000,"e":1}`, `{"a":1}`, `{"a":1,"a":2,"e":1}`,
		`{"a":99999999999999999999,"e":1}`,
	} {
		_, full := decodeOne(t, cols, rec)
		for mask := range 1 << len(cols) {
			d, _ := NewJSONDecoder(cols)
			demand := make([]bool, len(cols))
			data := make([]batch.Column, len(cols))
			for i, c := range cols {
				if demand[i] = mask>>i&1 == 1; demand[i] {
					data[i] = batch.New(c.Type.Kind, 1)
				}
			}
			d.Demand(demand)
			err := d.Append(data, []byte(rec))
			if fmt.Sprint(err) != fmt.Sprint(full) {
				t.Fatalf("%s with demand %v: %v, want %v", rec, demand, err, full)
			}
		}
	}
}

// TestJSONBounds: the size bound and the epoch option.
func TestJSONBounds(t *testing.T) {
	cols := columns("t ts, z tstz")
	d, _ := JSONConfig{MaxBytes: 40, Epoch: 1000}.Decoder(cols)
	data := empty(cols)
	if err := d.Append(data, []byte(`{"t":1700000000123,"z":-1.5}`)); err != nil {
		t.Fatal(err)
	}
	if got := show(cols, data, 0); got != `{"t":"2023-11-14 22:13:20.123","z":"1969-12-31 23:59:59.9985Z"}` {
		t.Error(got)
	}
	for rec, want := range map[string]string{
		`{"t":9223372036854775807}`: Overflow,
		`{"t":1e300}`:               Overflow,
		`{"t":1, "pad":"` + strings.Repeat("x", 40) + `"}`: Oversized,
	} {
		var r *RecordError
		if err := d.Append(data, []byte(rec)); !errors.As(err, &r) || r.Reason != want {
			t.Errorf("%s: %v, want %s", rec, err, want)
		}
	}
	if n := data[0].Len(); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestJSONMetadata: columns beside the body are not looked for in it.
func TestJSONMetadata(t *testing.T) {
	cols := columns("a int8, k text!")
	cols[1].Metadata = "key"
	d, _ := NewJSONDecoder(cols)
	data := empty(cols)
	if err := d.Append(data, []byte(`{"a":1,"k":{}}`)); err != nil || data[1].Len() != 0 || data[0].Len() != 1 {
		t.Fatal(err, data[1].Len())
	}
	if got := string(NewJSONEncoder(cols).AppendRow(nil, &batch.Batch{Cols: data, N: 1}, 0)); got != `{"a":1}` {
		t.Error(got)
	}
	if _, err := NewJSONDecoder(columns("a int8, a text")); err == nil {
		t.Error("a column twice: no error")
	}
}

// TestJSONRoundTrip: what the encoder writes is read back as the same value.
func TestJSONRoundTrip(t *testing.T) {
	cols := columns("a float, b real, c ts, d tstz, e date, f text, g numeric")
	data := []batch.Column{&batch.Vec[float64]{}, &batch.Vec[float64]{}, &batch.Vec[int64]{}, &batch.Vec[int64]{}, &batch.Vec[int64]{}, &batch.TextVec{}, &batch.Vec[batch.Decimal]{}}
	floats := []float64{0, 1, -1.5, 1e-7, 123456789.125, 1e15, 1e22, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1), math.NaN()}
	for i, x := range floats {
		data[0].(*batch.Vec[float64]).Append(x)
		data[1].(*batch.Vec[float64]).Append(float64(float32(min(max(x, -1e38), 1e38))))
		data[2].(*batch.Vec[int64]).Append(int64(i) * 1_234_567_890_123)
		data[3].(*batch.Vec[int64]).Append(-int64(i) * 987_654_321_987)
		data[4].(*batch.Vec[int64]).Append(int64(i*i*i*i) - 5000)
		data[5].(*batch.TextVec).AppendString("\x01\x1f \"é\\\n" + strings.Repeat("plain", i) + "😀")
		data[6].(*batch.Vec[batch.Decimal]).Append(batch.Decimal{Hi: int64(i) - 3, Lo: uint64(i) * 0x9e3779b97f4a7c15, Scale: int16(i)})
	}
	d, _ := NewJSONDecoder(cols)
	back := empty(cols)
	for i := range floats {
		row := show(cols, data, i)
		if err := d.Append(back, []byte(row)); err != nil {
			t.Fatalf("%s: %v", row, err)
		}
		if again := show(cols, back, i); again != row {
			t.Errorf("%s\nread back as\n%s", row, again)
		}
		if x, y := data[0].(*batch.Vec[float64]).Data[i], back[0].(*batch.Vec[float64]).Data[i]; math.Float64bits(x) != math.Float64bits(y) && !math.IsNaN(x) {
			t.Errorf("%v became %v", x, y)
		}
		if x, y := data[6].(*batch.Vec[batch.Decimal]).Data[i], back[6].(*batch.Vec[batch.Decimal]).Data[i]; x != y {
			t.Errorf("%+v became %+v", x, y)
		}
	}
}
