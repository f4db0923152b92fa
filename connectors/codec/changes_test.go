package codec

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// decodeChanges appends one record and returns its rows, as count and JSON.
func decodeChanges(t *testing.T, d ChangeDecoder, cols []connectors.Column, key, value []byte) (rows []string, err error) {
	t.Helper()
	data := empty(cols)
	diff, err := d.Append(data, nil, key, value)
	for i, c := range data {
		if c.Len() != len(diff) || c.Nulls() != nil && len(c.Nulls()) != len(diff) {
			t.Fatalf("%q, %q: column %d has %d rows of %d (%v)", key, value, i, c.Len(), len(diff), err)
		}
	}
	for i, n := range diff {
		rows = append(rows, fmt.Sprintf("%+d%s", n, show(cols, data, i)))
	}
	return rows, err
}

func bytesOrNil(s string) []byte {
	if s == "-" {
		return nil
	}
	return []byte(s)
}

// outcome is rows with blanks between, or the reason of a rejection.
func outcome(t *testing.T, d ChangeDecoder, cols []connectors.Column, key, value string) string {
	t.Helper()
	rows, err := decodeChanges(t, d, cols, bytesOrNil(key), bytesOrNil(value))
	var r *RecordError
	if errors.As(err, &r) {
		if len(rows) > 0 || r.Detail == "" {
			t.Fatalf("%q, %q: %v and %v", key, value, rows, err)
		}
		return r.Reason
	}
	return strings.Join(rows, " ")
}

// TestUpsert: where the key is read from, and what a tombstone is.
func TestUpsert(t *testing.T) {
	cols := columns("id int8, name text!, at ts")
	const row = `+1{"id":1,"name":"a","at":null}`
	for _, c := range []struct {
		form             KeyFormat
		key, value, want string
	}{
		{KeyJSON, `{"id":1}`, `{"name":"a"}`, row},
		{KeyJSON, `{"id":1,"more":[]}`, `{"name":"a","id":9}`, row},
		{KeyJSON, `{"id":1}`, `{"name":"a","id":"x"}`, row},
		{KeyJSON, ` 1 `, `{"name":"a"}`, row},
		{KeyJSON, `"1"`, `{"name":"a"}`, row},
		{KeyJSON, `-`, `{"name":"a","id":1}`, row},
		{KeyJSON, `{"id":1}`, `-`, `-1{"id":1,"name":null,"at":null}`},
		{KeyJSON, `1`, `-`, `-1{"id":1,"name":null,"at":null}`},
		{KeyJSON, `-`, `-`, NullKey},
		{KeyJSON, `{"id":null}`, `{"name":"a"}`, NullKey},
		{KeyJSON, `{}`, `-`, NullKey},
		{KeyJSON, `null`, `-`, NullKey},
		{KeyJSON, `-`, `{"name":"a"}`, NullKey},
		{KeyJSON, `{"id":1}`, `{"id":1}`, NullKey}, // name is NOT NULL
		{KeyJSON, `one`, `{"name":"a"}`, Malformed},
		{KeyJSON, `1 2`, `{"name":"a"}`, Malformed},
		{KeyJSON, `{"id":1}`, `null`, Malformed},
		{KeyJSON, `{"id":1}`, `{"name":`, Malformed},
		{KeyJSON, `{"id":1}`, ``, Malformed},
		{KeyJSON, `{"id":1e99}`, `-`, Overflow},
		{KeyText, `1`, `{"name":"a"}`, row},
		{KeyText, `one`, `-`, Malformed},
		{KeyNone, `one`, `{"name":"a","id":1}`, row},
		{KeyNone, `1`, `-`, NullKey},
	} {
		d, err := NewUpsertDecoder(JSONConfig{}, cols, []int{0}, c.form)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(t, d, cols, c.key, c.value); got != c.want {
			t.Errorf("form %d, %s, %s: %s, want %s", c.form, c.key, c.value, got, c.want)
		}
	}
	d, _ := NewUpsertDecoder(JSONConfig{}, cols, []int{1}, KeyText)
	if got := outcome(t, d, cols, "a \"b\"\n", `{"id":2}`); got != `+1{"id":2,"name":"a \"b\"\n","at":null}` {
		t.Error(got)
	}
	d, _ = NewUpsertDecoder(JSONConfig{}, cols, []int{1, 0}, KeyJSON)
	if got := outcome(t, d, cols, `{"id":2,"name":"x"}`, "-"); got != `-1{"id":2,"name":"x","at":null}` {
		t.Error(got)
	}
	if got := outcome(t, d, cols, `2`, "-"); got != Malformed {
		t.Error(got)
	}
	for _, c := range []struct {
		key  []int
		form KeyFormat
	}{{nil, KeyJSON}, {[]int{0, 1}, KeyText}, {[]int{3}, KeyJSON}} {
		all := append(columns("id int8, name text, at ts"), connectors.Column{Name: "o", Type: batch.T(batch.Int64), Metadata: "offset"})
		if _, err := NewUpsertDecoder(JSONConfig{}, all, c.key, c.form); err == nil {
			t.Errorf("key %v in form %d is taken", c.key, c.form)
		}
	}
}

// TestDebezium: what each operation is, without a key and with one.
func TestDebezium(t *testing.T) {
	cols := columns("id int8, name text")
	keyed, err := NewDebeziumDecoder(JSONConfig{}, cols, []int{0})
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := NewDebeziumDecoder(JSONConfig{}, cols, nil)
	const a, b, moved = `{"id":1,"name":"a"}`, `{"id":1,"name":"b"}`, `{"id":2,"name":"b"}`
	for _, c := range []struct{ record, plain, keyed string }{
		{`{"before":null,"after":` + a + `,"op":"c","ts_ms":1}`, "+1" + a, "+1" + a},
		{`{"after":` + a + `,"op":"r"}`, "+1" + a, "+1" + a},
		{`{"before":` + a + `,"after":` + b + `,"op":"u","source":{"lsn":[1,{}]}}`, "-1" + a + " +1" + b, "+1" + b},
		{`{"before":null,"after":` + b + `,"op":"u"}`, Malformed, "+1" + b},
		{`{"before":` + a + `,"after":` + moved + `,"op":"u"}`, "-1" + a + " +1" + moved, "+1" + moved + ` -1{"id":1,"name":null}`},
		{`{"before":` + a + `,"after":null,"op":"d"}`, "-1" + a, `-1{"id":1,"name":null}`},
		{`{"before":{"id":1},"op":"d"}`, `-1{"id":1,"name":null}`, `-1{"id":1,"name":null}`},
		{`{"before":null,"op":"d"}`, Malformed, `-1{"id":7,"name":null}`},
		{`{"schema":{"type":"struct"},"payload":{"before":null,"after":` + a + `,"op":"c"}}`, "+1" + a, "+1" + a},
		{`{"payload":{"after":` + a + `,"op":"c"},"schema":null}`, "+1" + a, "+1" + a},
		{`{"\u006fp":"c","after":` + a + `}`, "+1" + a, "+1" + a},
		{`{"schema":null,"payload":null}`, "", ""},
		{`-`, "", ""},
		{`{"op":"m","message":{"prefix":"x"}}`, "", ""},
		{`{"op":"t"}`, Malformed, Malformed},
		{`{"op":"x"}`, Malformed, Malformed},
		{`{"op":"c"}`, Malformed, Malformed},
		{`{"op":"c","after":[1]}`, Malformed, Malformed},
		{`{"op":1,"after":` + a + `}`, Malformed, Malformed},
		{`{"after":` + a + `}`, Malformed, Malformed},
		{`{}`, Malformed, Malformed},
		{`[]`, Malformed, Malformed},
		{``, Malformed, Malformed},
		{`{"op":"c","after":` + a, Malformed, Malformed},
		{`{"op":"c","after":` + a + `} x`, Malformed, Malformed},
		{`{"op":"c","after":{"id":1e99}}`, Overflow, Overflow},
		{`{"op":"u","before":` + a + `,"after":{"id":true}}`, Malformed, Malformed},
		{`{"op":"u","before":{"id":true},"after":` + a + `}`, Malformed, Malformed},
		{`{"op":"c","after":{"name":"x"}}`, `+1{"id":null,"name":"x"}`, NullKey},
		{`{"op":"c","after":{"id":1,"name":"__debezium_unavailable_value"}}`, Malformed, Malformed},
	} {
		if got := outcome(t, plain, cols, `{"id":7}`, c.record); got != c.plain {
			t.Errorf("%s: %s, want %s", c.record, got, c.plain)
		}
		if got := outcome(t, keyed, cols, `{"schema":{},"payload":{"id":7}}`, c.record); got != c.keyed {
			t.Errorf("with a key, %s: %s, want %s", c.record, got, c.keyed)
		}
	}
	for key, want := range map[string]string{`{"id":7}`: `-1{"id":7,"name":null}`, `-`: NullKey, `7`: Malformed, `{"x":1}`: NullKey} {
		if got := outcome(t, keyed, cols, key, `{"before":null,"op":"d"}`); got != want {
			t.Errorf("key %s: %s, want %s", key, got, want)
		}
	}
}

// TestDebeziumTypes: values as Debezium writes them.
func TestDebeziumTypes(t *testing.T) {
	cols := columns("b bytea, j jsonb, d date, ts ts, u uuid, a int8s, t time")
	d, _ := NewDebeziumDecoder(JSONConfig{Epoch: 1}, cols, nil)
	rec := `{"op":"c","after":{"b":"YWI=","j":"{\"x\": [1.50]}","d":19858,"ts":1715731200000001,"u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","a":[1,null],"t":3600000001}}`
	want := `+1{"b":"\\x6162","j":{"x": [1.50]},"d":"2024-05-15","ts":"2024-05-15 00:00:00.000001","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","a":[1,null],"t":"01:00:00.000001"}`
	if got := outcome(t, d, cols, "-", rec); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, v := range []string{`"b":"Y"`, `"j":"{"`, `"d":1e12`, `"t":86400000001`, `"t":-1`, `"j":"__debezium_unavailable_value"`, `"b":"__debezium_unavailable_value"`} {
		if got := outcome(t, d, cols, "-", `{"op":"c","after":{`+v+`}}`); got != Malformed && got != Overflow {
			t.Errorf("%s: %s", v, got)
		}
	}
}

// TestDebeziumRoundTrip: what the encoder writes is read back as the same
// changes.
func TestDebeziumRoundTrip(t *testing.T) {
	cols := columns("id int8, name text")
	data := empty(cols)
	plain, _ := NewJSONDecoder(cols)
	for _, r := range []string{`{"id":1,"name":"a"}`, `{"id":1,"name":"b"}`} {
		if err := plain.Append(data, []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	b := &batch.Batch{Cols: data, N: 2}
	d, _ := NewDebeziumDecoder(JSONConfig{}, cols, nil)
	e := NewJSONEncoder(cols)
	for _, c := range []struct {
		before, after RowRef
		rec, want     string
	}{
		{RowRef{}, RowRef{b, 0}, `{"before":null,"after":{"id":1,"name":"a"},"op":"c","ts_ms":5}`, `+1{"id":1,"name":"a"}`},
		{RowRef{b, 0}, RowRef{}, `{"before":{"id":1,"name":"a"},"after":null,"op":"d","ts_ms":5}`, `-1{"id":1,"name":"a"}`},
		{RowRef{b, 0}, RowRef{b, 1}, `{"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},"op":"u","ts_ms":5}`, `-1{"id":1,"name":"a"} +1{"id":1,"name":"b"}`},
	} {
		rec := string(e.AppendDebezium(nil, c.before, c.after, 5))
		if got := outcome(t, d, cols, "-", rec); rec != c.rec || got != c.want {
			t.Errorf("%s\n%s", rec, got)
		}
	}
	if rec := string(e.AppendDebezium(nil, RowRef{}, RowRef{b, 0}, 0)); !strings.HasSuffix(rec, `"ts_ms":null}`) {
		t.Error(rec)
	}
}

// FuzzChanges feeds any bytes as keys and values. Nothing panics, a rejected
// record leaves nothing behind, and the next record is read as if nothing had
// come before.
func FuzzChanges(f *testing.F) {
	for _, s := range []string{
		`{"before":{"id":1},"after":{"id":2,"name":"x"},"op":"u"}`, `{"payload":{"op":"d","before":{"id":1}}}`, `{"payload":null}`, `{"id":1}`, `1`, `"a"`, ``,
		`{"op":"c","after":{"id":1,"j":{"a":[1]},"a":[1,null,3],"b":"\\x00","u":"a0eebc999c0b4ef8bb6d6bb9bd380a11"}}`, `{"op":"r","after":{"id":1,"j":"[1]","b":"AAAA"}}`,
	} {
		f.Add([]byte(s), []byte(s))
		f.Add([]byte(`{"id":5}`), []byte(s))
	}
	cols := columns("id int8, name text, j jsonb, a int8s, b bytea, u uuid, x texts")
	f.Fuzz(func(t *testing.T, key, value []byte) {
		var all []ChangeDecoder
		for _, form := range []KeyFormat{KeyJSON, KeyText, KeyNone} {
			d, _ := NewUpsertDecoder(JSONConfig{}, cols, []int{0}, form)
			all = append(all, d)
		}
		for _, k := range [][]int{nil, {0}} {
			d, _ := NewDebeziumDecoder(JSONConfig{Epoch: 1}, cols, k)
			all = append(all, d)
		}
		for _, d := range all {
			data := empty(cols)
			diff := []int64{}
			for _, r := range [][2][]byte{{key, value}, {key, nil}, {nil, value}, {[]byte(`7`), []byte(`{"op":"c","after":{"id":7},"id":7}`)}} {
				before := len(diff)
				var err error
				if diff, err = d.Append(data, diff, r[0], r[1]); err != nil && len(diff) != before {
					t.Fatalf("%T, %q: rows of a rejected record", d, r)
				}
				for i, c := range data {
					if n := c.Nulls(); c.Len() != len(diff) || n != nil && len(n) != len(diff) {
						t.Fatalf("%T, %q: column %d has %d rows of %d (%v)", d, r, i, c.Len(), len(diff), err)
					}
				}
			}
			last := len(diff) - 1
			if last < 0 || diff[last] != 1 || data[0].(*batch.Vec[int64]).Data[last] != 7 {
				t.Fatalf("%T after %q, %q: the next record is read as %v", d, key, value, diff)
			}
		}
	})
}

func benchChanges(b *testing.B, d ChangeDecoder, cols []connectors.Column, key []byte, recs [][]byte, size int64) {
	var data []batch.Column
	var diff []int64
	b.SetBytes(size)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%256 == 0 {
			data, diff = make([]batch.Column, len(cols)), make([]int64, 0, 512)
			for c := range cols {
				data[c] = batch.New(cols[c].Type.Kind, 512)
			}
		}
		var err error
		if diff, err = d.Append(data, diff, key, recs[i%1024]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpsertDecode7(b *testing.B) {
	cols, recs, size := bids()
	d, _ := NewUpsertDecoder(JSONConfig{}, cols, []int{0}, KeyJSON)
	benchChanges(b, d, cols, []byte(`{"auction":1000}`), recs, size)
}

// BenchmarkDebeziumDecode7: updates, two rows each.
func BenchmarkDebeziumDecode7(b *testing.B) {
	cols, recs, size := bids()
	for i, r := range recs {
		recs[i] = fmt.Appendf(nil, `{"before":%s,"after":%s,"op":"u","ts_ms":1}`, r, r)
	}
	d, _ := NewDebeziumDecoder(JSONConfig{}, cols, nil)
	benchChanges(b, d, cols, nil, recs, 2*size)
}
