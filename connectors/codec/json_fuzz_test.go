package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// FuzzJSON feeds any bytes. The decoder never panics; a rejected record leaves
// nothing behind; whatever it takes, encoding/json and jx take too, with the
// same values where they can tell; whatever both take as an object of the
// column's own types, it takes.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"i":1,"s":"a","b":true,"f":1.5,"t":"2024-01-02 03:04:05.6","n":1.50}`, `{"s":"\ud83d\ude00\u0041\n","i":null}`, `{"s":{"x":[1,"\\"]},"i":"12"}`,
		`{"i":1,"i":2,"\u0069":3}`, `{"i":-9223372036854775808}`, `{"i":1e2,"f":-0.0e-5}`, " {\t} ", `{"s":"\u0000"}`, `{"j":{"a":[1,null]},"a":[1,null],"x":["q"],"y":"\\\\x00","c":"01:02"}`, `{"i":1`, "{\"s\":\"\xc3\x28\"}", `{"zz":[[[[1]]]],"n":1e400}`,
	} {
		f.Add([]byte(s))
	}
	cols := columns("i int8, s text, b bool, f float, t ts, n numeric, v varchar3, d date, iv interval, z tstz, c time, y bytea, j jsonb, u uuid, a int8s, x texts")
	f.Fuzz(func(t *testing.T, rec []byte) {
		d, _ := NewJSONDecoder(cols)
		data := empty(cols)
		seed := []byte(`{"i":7,"s":"before"}`)
		if err := d.Append(data, seed); err != nil {
			t.Fatal(err)
		}
		err := d.Append(data, rec)
		rows := 2
		if err != nil {
			rows = 1
			var r *RecordError
			if !errors.As(err, &r) || r.Reason == "" || r.Detail == "" {
				t.Fatalf("%q: %v", rec, err)
			}
		}
		for i, c := range data {
			if n := c.Nulls(); c.Len() != rows || n != nil && len(n) != rows {
				t.Fatalf("column %d has %d rows, want %d, after %q (%v)", i, c.Len(), rows, rec, err)
			}
		}
		if again := d.Append(data, seed); again != nil || string(data[1].(*batch.TextVec).At(rows)) != "before" {
			t.Fatalf("after %q: %v", rec, again)
		}
		compare(t, rec, data, err)
	})
}

// compare holds the outcome against encoding/json.
func compare(t *testing.T, rec []byte, data []batch.Column, err error) {
	var want map[string]any
	dec := json.NewDecoder(bytes.NewReader(rec))
	dec.UseNumber()
	valid := json.Valid(rec) && dec.Decode(&want) == nil && want != nil
	if err == nil && (!valid || !jx.Valid(rec)) {
		t.Fatalf("%q was taken, but is no JSON object", rec)
	}
	if !valid {
		return
	}
	if err != nil {
		if len(want) == 0 {
			t.Fatalf("%q: %v", rec, err)
		}
		return
	}
	ints, texts := data[0].(*batch.Vec[int64]), data[1].(*batch.TextVec)
	if n, ok := want["i"].(json.Number); ok {
		if x, e := strconv.ParseInt(string(n), 10, 64); e == nil && x != ints.Data[1] {
			t.Fatalf("%q: i is %d, want %d", rec, ints.Data[1], x)
		}
	} else if want["i"] == nil && !ints.Null[1] {
		t.Fatalf("%q: i is not NULL", rec)
	}
	if s, ok := want["s"].(string); ok && s != string(texts.At(1)) {
		t.Fatalf("%q: s is %q, want %q", rec, texts.At(1), s)
	}
	if !utf8.Valid(texts.At(1)) || bytes.IndexByte(texts.At(1), 0) >= 0 {
		t.Fatalf("%q: s is no text: %q", rec, texts.At(1))
	}
	if x, ok := want["f"].(json.Number); ok {
		if y, _ := x.Float64(); y != data[3].(*batch.Vec[float64]).Data[1] {
			t.Fatalf("%q: f is %v, want %v", rec, data[3].(*batch.Vec[float64]).Data[1], y)
		}
	}
}

// TestFuzzOracle: the comparison notices a wrong value and a wrong acceptance.
func TestFuzzOracle(t *testing.T) {
	cols := columns("i int8, s text, b bool, f float")
	d, _ := NewJSONDecoder(cols)
	data := empty(cols)
	for range 2 {
		if err := d.Append(data, []byte(`{"i":1,"s":"a","f":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	for _, rec := range []string{`{"i":2,"s":"a","f":1}`, `{"i":1,"s":"b","f":1}`, `{"i":1,"s":"a","f":2}`, `{"i":1,"s":"a","f":1`} {
		if !failed(func(t *testing.T) { compare(t, []byte(rec), data, nil) }) {
			t.Errorf("%s passes for another record", rec)
		}
	}
}

// failed runs f as a test of its own and says whether it failed.
func failed(f func(*testing.T)) bool {
	inner := &testing.T{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(inner)
	}()
	<-done
	return inner.Failed()
}
