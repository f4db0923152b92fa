package nexmark

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
)

// Span is so many events a second for so long. Spans follow each other, and the
// first follows the last: bursts.
type Span struct {
	Rate int64
	For  time.Duration
}

// rhythm is a list of spans as numbers of events, for looking up in both
// directions.
type rhythm struct {
	spans  []Span
	events []int64 // of each span
	all    int64
	length time.Duration
}

func newRhythm(spans []Span) *rhythm {
	if len(spans) == 0 {
		return nil
	}
	r := &rhythm{spans: spans}
	for _, s := range spans {
		n := int64(float64(s.Rate) * s.For.Seconds())
		r.events = append(r.events, n)
		r.all += n
		r.length += s.For
	}
	return r
}

// mean returns the events a second over all spans.
func (r *rhythm) mean() int64 { return max(1, int64(float64(r.all)/r.length.Seconds())) }

// wall returns when event e happens after event 0, ns.
func (r *rhythm) wall(e int64) int64 {
	at, rest := e/r.all*int64(r.length), e%r.all
	for i, s := range r.spans {
		if rest < r.events[i] {
			return at + int64(float64(rest)*1e9/float64(s.Rate))
		}
		rest -= r.events[i]
		at += int64(s.For)
	}
	return at
}

// happened returns how many events happen in the first d.
func (r *rhythm) happened(d time.Duration) int64 {
	n, rest := int64(d/r.length)*r.all, d%r.length
	for i, s := range r.spans {
		if rest < s.For {
			return n + min(r.events[i], int64(rest.Seconds()*float64(s.Rate)))
		}
		rest -= s.For
		n += r.events[i]
	}
	return n
}

// parseRate reads a rate: '20000', or spans that follow each other again and
// again: '20000 for 4s, 200000 for 1s'.
func parseRate(value string) (rate int64, spans []Span, err error) {
	if !strings.Contains(value, "for") {
		rate, err = parseCount("rate", value)
		return rate, nil, err
	}
	for part := range strings.SplitSeq(value, ",") {
		count, length, _ := strings.Cut(part, "for")
		n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(count), "_", ""), 10, 64)
		d, wrong := time.ParseDuration(strings.ReplaceAll(strings.TrimSpace(length), " ", ""))
		if err != nil || wrong != nil || n < 1 || n > maxRate || d < time.Millisecond || d > 24*time.Hour || float64(n)*d.Seconds() < 1 {
			return 0, nil, &connectors.OptionError{
				Option: "rate", Message: fmt.Sprintf("have %q in %q", strings.TrimSpace(part), value),
				Hint: "want events a second, and for how long each: '20000 for 4s, 200000 for 1s'",
			}
		}
		spans = append(spans, Span{n, d})
	}
	return newRhythm(spans).mean(), spans, nil
}

// maxRate keeps what a rhythm counts within what its numbers hold.
const maxRate = 1 << 32
