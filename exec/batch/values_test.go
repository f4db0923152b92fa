package batch

import (
	"testing"
	"time"
)

// TestTextRoundTrip: what PostgreSQL prints for a text is what we print.
func TestTextRoundTrip(t *testing.T) {
	for _, c := range []struct {
		kind     Kind
		in, want string // want begins with ! for an SQLSTATE
	}{
		{Numeric, "1.50", "1.50"},
		{Numeric, " -0.000 ", "0.000"},
		{Numeric, "1e3", "1000"},
		{Numeric, "1.5e-3", "0.0015"},
		{Numeric, "1.5e1", "15"},
		{Numeric, ".5", "0.5"},
		{Numeric, "5.", "5"},
		{Numeric, "123456789012345678901234567890123456789012345.678", "123456789012345678901234567890123456789012345.678"},
		{Numeric, "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
		{Numeric, "NaN", "NaN"},
		{Numeric, "-inf", "-Infinity"},
		{Numeric, "1.2.3", "!22P02"},
		{Numeric, "", "!22P02"},
		{Numeric, "1e", "!22P02"},
		{Numeric, "1e200000", "!22003"},
		{Int32, " 42 ", "42"},
		{Int32, "2147483648", "!22003"},
		{Int64, "-9223372036854775808", "-9223372036854775808"},
		{Int64, "9223372036854775808", "!22003"},
		{Int16, "abc", "!22P02"},
		{Float64, "1e20", "1e+20"},
		{Float64, "1e15", "1e+15"},
		{Float64, "100000000000000", "100000000000000"},
		{Float64, "0.0001", "0.0001"},
		{Float64, "0.00001", "1e-05"},
		{Float64, "0.1", "0.1"},
		{Float64, "-0", "-0"},
		{Float64, "1e400", "!22003"},
		{Float64, "0x10", "!22P02"},
		{Float64, "infinity", "Infinity"},
		{Float32, "1234567", "1.234567e+06"},
		{Float32, "0.1", "0.1"},
		{Bool, "yes", "t"},
		{Bool, "of", "f"},
		{Bool, "o", "!22P02"},
		{Date, "2024-02-29", "2024-02-29"},
		{Date, "2023-02-29", "!22008"},
		{Date, "Jan 8, 1999", "1999-01-08"},
		{Date, "1/8/1999", "1999-01-08"},
		{Date, "19990108", "1999-01-08"},
		{Date, "0044-03-15 BC", "0044-03-15 BC"},
		{Date, "12345-06-07", "12345-06-07"},
		{Date, "infinity", "infinity"},
		{Date, "nonsense", "!22007"},
		{Timestamp, "2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678901"},
		{Timestamp, "2024-01-02T03:04:05Z", "2024-01-02 03:04:05"},
		{Timestamp, "2024-01-02 03:04", "2024-01-02 03:04:00"},
		{Timestamp, "2024-01-02 03:04:05.1234567", "2024-01-02 03:04:05.123457"},
		{Timestamp, "2024-01-02 24:00:00", "2024-01-03 00:00:00"},
		{Timestamp, "2024-01-02 25:00:00", "!22008"},
		{Timestamp, "2024-01-02 12:30 PM", "2024-01-02 12:30:00"},
		{Timestamp, "0001-01-01 00:00:00 BC", "0001-01-01 00:00:00 BC"},
		{Timestamp, "epoch", "1970-01-01 00:00:00"},
		{TimestampTZ, "2024-07-01 12:00:00+00", "2024-07-01 14:00:00+02"},
		{TimestampTZ, "2024-07-01 12:00:00", "2024-07-01 12:00:00+02"},
		{TimestampTZ, "2024-03-31 02:30:00", "2024-03-31 03:30:00+02"},
		{TimestampTZ, "2024-10-27 02:30:00", "2024-10-27 02:30:00+01"},
		{TimestampTZ, "2024-07-01 12:00:00 America/New_York", "2024-07-01 18:00:00+02"},
		{Interval, "1 hour 30 minutes", "01:30:00"},
		{Interval, "00:05:00", "00:05:00"},
		{Interval, "1 year 2 mons -3 days 04:05:06.7", "1 year 2 mons -3 days +04:05:06.7"},
		{Interval, "1.5 days", "1 day 12:00:00"},
		{Interval, "1.5 months", "1 mon 15 days"},
		{Interval, "1.5 years", "1 year 6 mons"},
		{Interval, "P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"},
		{Interval, "P0001-02-03T04:05:06", "1 year 2 mons 3 days 04:05:06"},
		{Interval, "1-2", "1 year 2 mons"},
		{Interval, "1 2:03:04", "1 day 02:03:04"},
		{Interval, "2 days ago", "-2 days"},
		{Interval, "1h30m", "01:30:00"},
		{Interval, "10", "00:00:10"},
		{Interval, "5 fortnights", "!22007"},
		{Interval, "-1 day -02:03", "-1 days -02:03:00"},
	} {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		col := New(c.kind, 1)
		got := ""
		if err := AppendParsed(col, T(c.kind), []byte(c.in), berlin); err != nil {
			got = "!" + err.(*ValueError).Code
		} else {
			got = string(AppendText(nil, col, 0, T(c.kind), berlin))
		}
		if got != c.want {
			t.Errorf("%s %q: %s, want %s", c.kind, c.in, got, c.want)
		}
	}
}
