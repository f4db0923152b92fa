package bind

import "testing"

// TestMemory: budgets are written with a unit, and are not smaller than pays.
func TestMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"64 MB": 64 << 20, "1mb": 1 << 20, "1.5 GB": 3 << 29, "2048 kB": 2 << 20, "none": 0, " NONE ": 0, "1TB": 1 << 40,
	} {
		if n, err := Memory(text); err != nil || n != want {
			t.Errorf("%q: %d, %v, want %d", text, n, err, want)
		}
	}
	for text, want := range map[string]string{
		"64": "the unit is missing", "MB": "it is not a number with a unit", "": "it is not a number with a unit", "1 kB": "it is less than 1 MB",
		"5 parsecs": `the unit "parsecs" is not known`, "99999999999999 TB": "it is out of range", "-1 MB": "it is not a number with a unit",
		"1.2.3 MB": "it is not a number with a unit",
	} {
		if n, err := Memory(text); err == nil || err.Error() != want {
			t.Errorf("%q: %d, %v, want %s", text, n, err, want)
		}
	}
}
