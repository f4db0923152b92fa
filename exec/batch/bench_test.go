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
