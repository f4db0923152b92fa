//lint:file-ignore ST1005 the errors are details that clients see: sentences, as in PostgreSQL

package session

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a machine without zone files knows the same zones

	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func unknownSetting(name string) error {
	e := result.Errorf(result.CodeUndefinedObject, "unrecognized configuration parameter %q", name)
	if near := catalog.Nearest(name, slices.Collect(maps.Keys(known))); near != "" {
		e.Hint = fmt.Sprintf("Perhaps you meant %q.", near)
	}
	return e
}

func oneOf(words ...string) func(string) (string, error) {
	return func(v string) (string, error) {
		if v = strings.ToLower(v); slices.Contains(words, v) {
			return v, nil
		}
		return v, &choiceError{"Available values: " + strings.Join(words, ", ") + "."}
	}
}

// choiceError is a value that is none of those that there are: what it could be.
type choiceError struct{ hint string }

func (e *choiceError) Error() string { return e.hint }

func within(lo, hi int) func(string) (string, error) {
	return func(v string) (string, error) {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < lo || n > hi {
			return v, fmt.Errorf("It is a number from %d to %d.", lo, hi)
		}
		return strconv.Itoa(n), nil
	}
}

func encoding(v string) (string, error) {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(v)) {
	case "utf8", "unicode", "auto":
		return "UTF8", nil
	}
	return v, errors.New("The only encoding is UTF8.")
}

func dateStyle(v string) (string, error) {
	order := "MDY"
	for word := range strings.SplitSeq(strings.ToLower(v), ",") {
		switch word = strings.TrimSpace(word); word {
		case "iso", "default", "":
		case "mdy", "us", "noneuro":
			order = "MDY"
		case "dmy", "ymd", "euro", "european":
			return v, errors.New("Dates are read as YYYY-MM-DD or month first: ISO, MDY.")
		default:
			return v, errors.New("The only style is ISO.")
		}
	}
	return "ISO, " + order, nil
}

func duration(v string) (string, error) {
	if v == "" || v == "0" || strings.EqualFold(v, "none") {
		return "", nil
	}
	if _, err := bind.Duration(v); err != nil {
		return v, &choiceError{"Write a number with its unit, such as '50 ms', or 'none'."}
	}
	return v, nil
}

func memory(v string) (string, error) {
	if _, err := bind.Memory(v); err != nil {
		return v, &choiceError{bind.MemoryHint}
	}
	return v, nil
}

func timeout(v string) (string, error) {
	d, err := milliseconds(v)
	if err != nil {
		return v, errors.New(`It is a number of milliseconds, or has a unit: "ms", "s", "min", "h", "d".`)
	}
	switch {
	case d == 0:
		return "0", nil
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "min", nil
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s", nil
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms", nil
}

var timeUnits = map[string]time.Duration{
	"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second,
	"min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// milliseconds reads a time as PostgreSQL's settings have it.
func milliseconds(v string) (time.Duration, error) {
	v = strings.TrimSpace(v)
	digits := strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyz ")
	unit, ok := timeUnits[strings.TrimSpace(v[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || n < 0 || n*float64(unit) > float64(1<<62) {
		return 0, errors.New("no time")
	}
	return time.Duration(n * float64(unit)), nil
}

func zoneName(v string) (string, error) {
	loc, err := location(v)
	if err != nil {
		return v, err
	}
	return loc.String(), nil
}

// location finds a time zone by its name, in any case for the common ones, or
// by an offset in hours east of Greenwich, as SET TIME ZONE takes it.
func location(v string) (*time.Location, error) {
	switch strings.ToLower(v) {
	case "utc", "default", "gmt", "z", "zulu", "local":
		return time.UTC, nil
	}
	if h, err := strconv.ParseFloat(v, 64); err == nil && h > -24 && h < 24 {
		return time.FixedZone(offsetName(h), int(h*3600)), nil
	}
	if name, ok := strings.CutPrefix(v, "<"); ok { // our own name of an offset
		if i := strings.IndexByte(name, '>'); i > 0 {
			if h, err := strconv.ParseFloat(name[:i], 64); err == nil {
				return time.FixedZone(v, int(h*3600)), nil
			}
		}
	}
	loc, err := time.LoadLocation(v)
	if err != nil || v == "" {
		return nil, errors.New("Names are those of the IANA time zone database, such as Europe/Berlin.")
	}
	return loc, nil
}

// offsetName is what PostgreSQL shows: POSIX counts west of Greenwich.
func offsetName(h float64) string {
	text := strconv.FormatFloat(h, 'f', -1, 64)
	west := strconv.FormatFloat(-h, 'f', -1, 64)
	if h > 0 {
		text = "+" + text
	} else {
		west = "+" + west
	}
	return "<" + text + ">" + west
}
