package batch

import (
	"testing"
	"time"
)

// FuzzParse: any bytes are read or refused with an SQLSTATE, and what was read
// prints as a text that reads back as the same value.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"1.50", "-1e10", "NaN", "infinity", "2024-02-29 13:14:15.5+05:30", "Jan 5 2024 3pm", "20240105T101112",
		"1 year 2 mons -3 days 04:05:06.7", "P1Y2M3DT4H5M6S", "t", "0044-03-15 BC", "99999999999999999999999999999999999999999",
		"1:2:3 ago", "::", "+", "T1", "1T1", "12 am", "a", "1-2-3-4",
	} {
		for k := Bool; k <= Interval; k++ {
			f.Add(uint8(k), []byte(s))
		}
	}
	zone := time.FixedZone("", 19800)
	f.Fuzz(func(t *testing.T, kind uint8, s []byte) {
		k := Bool + Kind(kind%12)
		c := New(k, 1)
		if err := AppendParsed(c, T(k), s, zone); err != nil {
			if e, ok := err.(*ValueError); !ok || len(e.Code) != 5 {
				t.Fatalf("%s %q: %#v", k, s, err)
			}
			if c.Len() != 0 {
				t.Fatalf("%s %q: refused and appended", k, s)
			}
			return
		}
		text := AppendText(nil, c, 0, T(k), zone)
		if err := AppendParsed(c, T(k), text, zone); err != nil {
			t.Fatalf("%s %q prints %q: %v", k, s, text, err)
		}
		if Compare(c, 0, c, 1) != 0 {
			t.Fatalf("%s %q prints %q, which reads as %q", k, s, text, AppendText(nil, c, 1, T(k), zone))
		}
	})
}
