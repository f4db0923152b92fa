// Package nexmark generates the three tables of the Nexmark benchmark: people,
// the auctions they open and the bids they make. Proportions, sizes and skew
// are those of github.com/nexmark/nexmark (its NexmarkConfiguration defaults).
//
// Every value is a function of the seed, the column and the event's number, so
// that any row can be made at once, alone, and again: an offset is the row's
// number in its table. It knows nothing of queries or formats.
package nexmark

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
)

// Of every 50 events the first is a person, the next 3 are auctions and 46 are
// bids.
const (
	perEpoch         = 50
	peoplePerEpoch   = 1
	auctionsPerEpoch = 3
	bidsPerEpoch     = 46
)

// Config says which rows a Generator makes.
type Config struct {
	Table string // person, auction or bid
	// Events is how many events of all three tables there are; 0: endless.
	Events int64
	// Rate is how many events of all tables happen in a second of event time,
	// and, if Paced, of wall time; 0: 10,000.
	Rate  int64
	Paced bool
	// Pace is how many events happen in a second of wall time, if Paced and
	// event time runs at another speed; 0: Rate.
	Pace int64
	// Bursts, if Paced, are rates that follow each other by the clock, and again
	// from the first; Rate is then their mean. Event time follows them too, unless
	// Pace is given.
	Bursts []Span
	Seed   uint64
	// BaseTime is when event 0 happened, in µs since 1970; 0: 2015-07-15.
	BaseTime int64
}

// defaultBase is where Apache Beam's generator begins: 2015-07-15 00:00:00.
const defaultBase = 1_436_918_400_000_000

const defaultRate = 10_000

// Connector returns the source; there is no sink.
func Connector() connectors.Connector {
	return connectors.Connector{Source: func(spec connectors.Spec) (connectors.Source, error) {
		s, err := NewSource(spec)
		if err != nil {
			return nil, err
		}
		return s, nil
	}}
}

// ParseOptions reads the WITH options of a stream: table, events, rate,
// event_rate, seed, base_time. Errors are *connectors.OptionError.
func ParseOptions(options map[string]string) (Config, error) {
	var c Config
	event := int64(0)
	for name, value := range options {
		var err error
		switch name {
		case "connector":
		case "table":
			c.Table = strings.ToLower(value)
		case "events":
			c.Events, err = parseCount(name, value)
		case "rate":
			c.Rate, c.Bursts, err = parseRate(value)
			c.Paced = c.Rate > 0
		case "event_rate":
			event, err = parseCount(name, value)
		case "seed":
			c.Seed, err = parseSeed(value)
		case "base_time":
			c.BaseTime, err = parseTime(value)
		default:
			return c, &connectors.OptionError{
				Option: name, Message: "not known to the nexmark connector",
				Hint: "it has table, events, rate, event_rate, seed and base_time",
			}
		}
		if err != nil {
			return c, err
		}
	}
	if event > 0 {
		c.Pace, c.Rate = c.Rate, event
	}
	if _, ok := tables[c.Table]; !ok {
		return c, &connectors.OptionError{
			Option: "table", Message: fmt.Sprintf("have %q", c.Table), Hint: "want person, auction or bid",
		}
	}
	return c, nil
}

func parseCount(option, value string) (int64, error) {
	n, err := strconv.ParseInt(strings.ReplaceAll(value, "_", ""), 10, 64)
	if err != nil || n < 0 || n > maxEvents {
		return 0, &connectors.OptionError{
			Option: option, Message: fmt.Sprintf("have %q", value), Hint: "want a whole number, 0 or more",
		}
	}
	return n, nil
}

// maxEvents keeps event times within what a TIMESTAMP holds.
const maxEvents = 1 << 50

func parseSeed(value string) (uint64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, &connectors.OptionError{
			Option: "seed", Message: fmt.Sprintf("have %q", value), Hint: "want a whole number",
		}
	}
	return uint64(n), nil
}

func parseTime(value string) (int64, error) {
	for _, layout := range []string{time.DateTime, time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, &connectors.OptionError{
		Option: "base_time", Message: fmt.Sprintf("have %q", value), Hint: "want a time such as 2015-07-15 00:00:00",
	}
}
