package batch

import (
	"testing"
	"time"
)

// TestZoneBehindDate: an offset may follow a date without a time of day, as the
// JDBC driver writes dates. Expectations are PostgreSQL's.
func TestZoneBehindDate(t *testing.T) {
	day := DaysOf(2020, 1, 2)
	for _, text := range []string{"2020-01-02 +00", "2020-01-02 -0330", "20200102 +00", "Jan 2 2020 +01"} {
		if got, err := ParseDate([]byte(text)); err != nil || got != day {
			t.Errorf("date %q is %d, %v", text, got, err)
		}
		if got, err := ParseTimestamp([]byte(text)); err != nil || got != day*Day {
			t.Errorf("timestamp %q is %d, %v", text, got, err)
		}
	}
	got, err := ParseTimestampTZ([]byte("2020-01-02 -0330"), time.UTC)
	if want := day*Day + int64(210*time.Minute/time.Microsecond); err != nil || got != want {
		t.Errorf("timestamptz is %d, %v, want %d", got, err, want)
	}
	for _, text := range []string{"2020 +01", "+01", "2020-01-02 +99", "2020-01-02-03"} {
		if got, err := ParseDate([]byte(text)); err == nil {
			t.Errorf("date %q is %d", text, got)
		}
	}
}
