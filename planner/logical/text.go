package logical

import (
	"strings"
	"time"
)

// Micros returns a duration in microseconds for people: 10s, 1h, 1h30m.
func Micros(us int64) string {
	text := (time.Duration(us) * time.Microsecond).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
