package batch

import "testing"

func BenchmarkTimestampParse(b *testing.B) {
	s := []byte("2024-02-29 13:14:15.678901")
	for b.Loop() {
		if _, err := ParseTimestamp(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTimestampAppend(b *testing.B) {
	buf := make([]byte, 0, 64)
	t, _ := ParseTimestamp([]byte("2024-02-29 13:14:15.678901"))
	for b.Loop() {
		buf = AppendTimestamp(buf[:0], t)
	}
}

func BenchmarkDecimalMul(b *testing.B) {
	x, y := NewDecimal(12345, 2), NewDecimal(908, 3)
	for b.Loop() {
		_ = x.Mul(y)
	}
}

func BenchmarkDecimalAdd(b *testing.B) {
	x, y := NewDecimal(12345, 2), NewDecimal(908, 2)
	for b.Loop() {
		x = x.Add(y)
	}
}

func BenchmarkDecimalParse(b *testing.B) {
	s := []byte("12345.67")
	for b.Loop() {
		if _, err := ParseDecimal(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecimalAppend(b *testing.B) {
	buf := make([]byte, 0, 64)
	x := NewDecimal(1234567, 2)
	for b.Loop() {
		buf = x.AppendText(buf[:0])
	}
}

// Per 1,024 rows.
func BenchmarkHashInts(b *testing.B) {
	c := &Vec[int64]{Data: make([]int64, 1024)}
	for i := range c.Data {
		c.Data[i] = int64(i)
	}
	var out []uint64
	for b.Loop() {
		out = HashRows([]Column{c}, nil, nil, 1024, out)
	}
}

// Per 1,024 rows.
func BenchmarkHashTexts(b *testing.B) {
	c := &TextVec{}
	for range 1024 {
		c.AppendString("channel-12345")
	}
	var out []uint64
	for b.Loop() {
		out = HashRows([]Column{c}, nil, nil, 1024, out)
	}
}

// BenchmarkJSON prints the cost per value in ns: text in, text out, one field.
func BenchmarkJSON(b *testing.B) {
	text := []byte(`{"auction": 1234567, "bidder": 42, "price": 100.50, "channel": "Google", "tags": ["a", "b"], "at": {"ts": "2024-01-31 10:00:00", "zone": null}, "ok": true}`)
	var build JSONBuilder
	v, err := build.AppendJSON(nil, text)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]byte, 0, 1024)
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			out, _ = build.AppendJSON(out[:0], text)
		}
	})
	b.Run("print", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			out = JSONOf(v).AppendText(out[:0])
		}
	})
	b.Run("field", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			f, _ := JSONOf(v).Field([]byte("channel"))
			out = f.AppendPlain(out[:0])
		}
	})
}

// BenchmarkElems prints the cost of an array of ten integers in ns.
func BenchmarkElems(b *testing.B) {
	v, err := AppendParsedArray(nil, []byte("{1,2,3,4,5,6,7,8,9,10}"), ArrayOf(T(Int64)), nil)
	if err != nil {
		b.Fatal(err)
	}
	c := &Vec[int64]{}
	for range b.N {
		c.Data = c.Data[:0]
		AppendElems(c, v, Int64)
	}
}
