package batch

import (
	"fmt"
	"strings"
	"time"
)

// LoadZone returns the time zone that an SQL user names: one of the IANA
// database in any case, an abbreviation, or an offset, which counts hours west
// of Greenwich where it follows letters or stands alone ("UTC+2", "-3:30"), as
// POSIX has it. The error is 22023.
func LoadZone(name string) (*time.Location, error) {
	low := strings.ToLower(strings.TrimSpace(name))
	switch low {
	case "utc", "gmt", "z", "zulu", "etc/utc", "universal":
		return time.UTC, nil
	case "", "local":
		return nil, errZone(name)
	}
	if off, ok := zoneAbbrevs[low]; ok {
		return time.FixedZone(strings.ToUpper(low), off*3600), nil
	}
	for _, spelled := range []string{name, zoneCase(low)} {
		if loc, err := time.LoadLocation(spelled); err == nil {
			return loc, nil
		}
	}
	if at := strings.IndexAny(low, "+-0123456789"); at >= 0 {
		digits := low[at:]
		if digits[0] != '+' && digits[0] != '-' {
			digits = "+" + digits
		}
		var r dateReader
		if r.readZone(digits) == parsed {
			return time.FixedZone(strings.ToUpper(low), -r.mo.offset), nil
		}
	}
	return nil, errZone(name)
}

func errZone(name string) error {
	return &ValueError{Code: "22023", Message: fmt.Sprintf("time zone \"%s\" not recognized", name)}
}

// zoneCase writes europe/berlin as Europe/Berlin.
func zoneCase(low string) string {
	out := []byte(low)
	up := true
	for i, c := range out {
		if up && c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
		up = c == '/' || c == '_' || c == '-'
	}
	return string(out)
}
