package main

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a flag in bytes: 512MB, 2GiB, 1000000.
type size int64

// String implements flag.Value.
func (s *size) String() string {
	if s == nil || *s == 0 {
		return ""
	}
	for _, u := range units {
		if int64(*s)%u.bytes == 0 {
			return fmt.Sprintf("%d%s", int64(*s)/u.bytes, u.name)
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Set implements flag.Value.
func (s *size) Set(text string) error {
	number := strings.TrimSpace(strings.ToUpper(text))
	unit := int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, strings.ToUpper(u.name)); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || n*float64(unit) > 1<<62 {
		return fmt.Errorf("want a size such as 512MB or 2GB")
	}
	*s = size(n * float64(unit))
	return nil
}

// units, longest name first; sizes are binary, as memory is.
var units = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"GB", 1 << 30},
	{"MB", 1 << 20},
	{"KB", 1 << 10},
	{"G", 1 << 30},
	{"M", 1 << 20},
	{"K", 1 << 10},
	{"B", 1},
}
