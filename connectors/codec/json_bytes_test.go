package codec

import "testing"

// TestJSONBytes: TIME, BYTEA, UUID, JSONB and arrays: the value as the encoder
// prints it, or the reason of the rejection; what is printed reads back alike.
func TestJSONBytes(t *testing.T) {
	const id = `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`
	for _, c := range []struct{ kind, in, want string }{
		{"time", `"01:02:03.5"`, `"01:02:03.5"`},
		{"time", `"24:00"`, `"24:00:00"`},
		{"time", `3600`, Malformed},
		{"time", `"25:00"`, Overflow},
		{"bytea", `"\\x00fF"`, `"\\x00ff"`},
		{"bytea", `"\\x"`, `"\\x"`},
		{"bytea", `"\\x0"`, Malformed},
		{"bytea", `"YWI="`, Malformed}, // not guessed: it could as well be text
		{"bytea", `12`, Malformed},
		{"uuid", id, id},
		{"uuid", `"{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"`, id},
		{"uuid", `"a0ee"`, Malformed},
		{"uuid", `{}`, Malformed},
		{"jsonb", `{"b" : [1.50, "x\n"], "a":null,"b":2}`, `{"a": null, "b": 2}`},
		{"jsonb", `"text"`, `"text"`},
		{"jsonb", `1.50`, `1.50`},
		{"jsonb", `true`, `true`},
		{"jsonb", `[ ]`, `[]`},
		{"jsonb", `null`, `null`}, // SQL's NULL
		{"jsonb", `{"a":1`, Malformed},
		{"jsonb", `"\u0000"`, Malformed},
		{"int8s", `[1, null ,3]`, `[1,null,3]`},
		{"int8s", `[]`, `[]`},
		{"int8s", `null`, `null`},
		{"int8s", `"{1,NULL,3}"`, `[1,null,3]`},
		{"int8s", `["7",1e1]`, `[7,10]`},
		{"int8s", `[1,[2]]`, Malformed},
		{"int8s", `[1.5]`, Malformed},
		{"int8s", `[1,]`, Malformed},
		{"int8s", `[1`, Malformed},
		{"int8s", `{"1":2}`, Malformed},
		{"int8s", `1`, Malformed},
		{"int4s", `[3000000000]`, Overflow},
		{"texts", `["a","","null",null,"q\"\\",{"x":1},2]`, `["a","","null",null,"q\"\\","{\"x\":1}","2"]`},
		{"jsonbs", `[{"a":1},[2],null,"s"]`, `[{"a": 1},[2],null,"s"]`},
		{"floats", `[1.5,"NaN",-0]`, `[1.5,"NaN",-0]`},
		{"numerics", `[1.50,"1e2"]`, `[1.50,100]`},
		{"tss", `["2024-01-02"]`, `["2024-01-02 00:00:00"]`},
		{"byteas", `["\\x00"]`, `["\\x00"]`},
	} {
		cols := columns("before text, x " + c.kind + ", after int8")
		got, err := decodeOne(t, cols, `{"before":"b","x":`+c.in+`,"after":7}`)
		want := c.want
		if want != Malformed && want != Overflow {
			want = `{"before":"b","x":` + want + `,"after":7}`
		}
		if r, ok := err.(*RecordError); ok {
			got = r.Reason
		}
		if got != want {
			t.Errorf("%s %s: %s (%v), want %s", c.kind, c.in, got, err, want)
			continue
		}
		if err != nil {
			continue
		}
		if again, err := decodeOne(t, cols, got); again != got || err != nil {
			t.Errorf("%s %s: %s reads back as %s (%v)", c.kind, c.in, got, again, err)
		}
	}
}
