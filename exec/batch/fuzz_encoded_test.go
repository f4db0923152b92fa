package batch

import (
	"bytes"
	"testing"
	"time"
)

// FuzzParseEncoded: any bytes are read as JSONB, BYTEA, TIME, UUID and arrays of
// each kind, or refused with an SQLSTATE; what was read prints as a text that
// reads back to the same bytes.
func FuzzParseEncoded(f *testing.F) {
	for _, s := range []string{
		`{"a": [1.50, -0.0, 1e20, "x\u00e9\n", null, true, {}], "b": 1, "a": 2}`, `[[[]]]`, `"\ud83d\ude00"`, `"\u0000"`, `1e`, `-`,
		`\x00ff`, `a\\b\001`, `\x0`, "12:34:56.789", "3 pm", "24:00", "1020", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
		`{1,NULL,2}`, `{"a b",c\,d,""," "}`, `{}`, `[1:2]={1,2}`, `{{1}}`, `{1,`, `{"1`, `{1.50,-1e-30}`, `{"{\"a\": 1.0}"}`, `{1 mon,"30 days"}`, `{-0,NaN}`,
	} {
		for k := range uint8(32) {
			f.Add(k, []byte(s))
		}
	}
	zone := time.FixedZone("", 19800)
	f.Fuzz(func(t *testing.T, kind uint8, s []byte) {
		if len(s) > 1<<16 {
			return
		}
		typ := T(Bool + Kind(kind%16))
		if kind/16%2 == 1 {
			typ = ArrayOf(typ)
		}
		c := New(typ.Kind, 1)
		if err := AppendParsed(c, typ, s, zone); err != nil {
			if e, ok := err.(*ValueError); !ok || len(e.Code) != 5 {
				t.Fatalf("%s %q: %#v", typ, s, err)
			}
			if v, ok := c.(*TextVec); c.Len() != 0 || ok && len(v.Data) != 0 {
				t.Fatalf("%s %q: refused and appended", typ, s)
			}
			return
		}
		text := AppendText(nil, c, 0, typ, zone)
		if err := AppendParsed(c, typ, text, zone); err != nil {
			t.Fatalf("%s %q prints %q: %v", typ, s, text, err)
		}
		if Compare(c, 0, c, 1) != 0 {
			t.Fatalf("%s %q prints %q, which reads as another", typ, s, text)
		}
		if v, ok := c.(*TextVec); ok && !bytes.Equal(v.At(0), v.At(1)) {
			t.Fatalf("%s %q prints %q, which reads as other bytes", typ, s, text)
		}
	})
}

// FuzzTail: bytes that nobody encoded do not make the tail's reader fail.
func FuzzTail(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{1, 0, 5, 1})
	f.Add([]byte{255})
	f.Fuzz(func(t *testing.T, v []byte) {
		if key := Significant(v); !bytes.HasPrefix(v, key) {
			t.Fatalf("%x is no head of %x", key, v)
		}
	})
}
