package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// charTable defines to_char for times and numbers.
func charTable() table {
	t := table{}
	for _, k := range []batch.Kind{ts, tz, iv} {
		t["to_char"] = append(t["to_char"], overload{args: in(k, txt), ret: txt, spec: func(n *Node) rowFunc { return timeToChar(n, k) }})
	}
	for _, k := range []batch.Kind{i4, i8, num, f4, f8} {
		t["to_char"] = append(t["to_char"], overload{args: in(k, txt), ret: txt, spec: func(n *Node) rowFunc { return numberToChar(n, k) }})
	}
	return t
}

// timePart is a piece of a format: literal text, or a pattern of a time.
type timePart struct {
	text    string
	pattern string // as in timePatterns; "" for literal text
	fill    bool   // no FM before it
	ordinal string // th or TH behind it
}

// timePatterns are the patterns of to_char, longest first where one begins
// another.
var timePatterns = []string{
	"SSSSS", "SSSS", "HH24", "HH12", "HH", "MI", "SS", "MS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6",
	"A.M.", "a.m.", "P.M.", "p.m.", "AM", "am", "PM", "pm", "Y,YYY", "YYYY", "YYY", "YY", "Y",
	"IYYY", "IYY", "IY", "IDDD", "ID", "IW", "I", "BC", "bc", "AD", "ad", "B.C.", "A.D.",
	"MONTH", "Month", "month", "MON", "Mon", "mon", "MM", "DAY", "Day", "day", "DY", "Dy", "dy",
	"DDD", "DD", "D", "WW", "W", "CC", "J", "Q", "RM", "rm", "TZH", "TZM", "TZ", "tz", "OF",
}

// wordPatterns differ by case; the others are taken in any.
func patternAt(s string) string {
	for _, p := range timePatterns {
		if strings.HasPrefix(s, p) {
			return p
		}
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) && !caseMatters(p) {
			return p
		}
	}
	return ""
}

func caseMatters(p string) bool {
	switch strings.ToUpper(p) {
	case "MONTH", "MON", "DAY", "DY", "AM", "PM", "A.M.", "P.M.", "BC", "AD", "TZ", "RM":
		return true
	}
	return false
}

// timeFormat is a format; unit is the length of time, in µs, that gives one text.
type timeFormat struct {
	parts []timePart
	unit  int64
}

// unitOf returns the length of time in which a pattern's text stays the same.
func unitOf(pattern string) int64 {
	switch strings.ToUpper(pattern) {
	case "MS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "TZ", "TZH", "TZM", "OF":
		return 1
	case "SS", "SSSS", "SSSSS":
		return batch.Second
	case "MI":
		return batch.Minute
	case "HH24", "HH12", "HH", "AM", "PM", "A.M.", "P.M.":
		return batch.Hour
	}
	return batch.Day
}

func parseTimeFormat(s string) (*timeFormat, *Error) {
	parts := timeParts(s)
	f := &timeFormat{parts: parts, unit: batch.Day}
	for _, p := range parts {
		if p.pattern != "" {
			f.unit = min(f.unit, unitOf(p.pattern))
		}
	}
	return f, nil
}

func timeParts(s string) []timePart {
	var out []timePart
	literal := func(t string) { out = append(out, timePart{text: t}) }
	for len(s) > 0 {
		fill := true
		if strings.HasPrefix(s, "FM") || strings.HasPrefix(s, "fm") {
			fill = false
			s = s[2:]
		}
		if p := patternAt(s); p != "" {
			part := timePart{pattern: p, fill: fill}
			s = s[len(p):]
			if strings.HasPrefix(s, "TH") || strings.HasPrefix(s, "th") {
				part.ordinal, s = s[:2], s[2:]
			}
			out = append(out, part)
			continue
		}
		switch {
		case s == "":
		case s[0] == '"':
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				end = len(s) - 1
			}
			literal(s[1 : end+1])
			s = s[min(end+2, len(s)):]
		case s[0] == '\\' && len(s) > 1:
			literal(s[1:2])
			s = s[2:]
		default:
			literal(s[:1])
			s = s[1:]
		}
	}
	return out
}

func timeToChar(n *Node, k batch.Kind) rowFunc {
	get := cached(n.Args[1], parseTimeFormat)
	var m fields
	var last lastText
	return func(f *frame) {
		format, err := get(f.text(1))
		if err != nil {
			f.fail(err)
			return
		}
		parts := format.parts
		if k == batch.Timestamp && last.holds(format, f.int(0)) {
			f.buf = append(f.buf, last.text...)
			return
		}
		if len(parts) == 0 || !m.take(f, 0, k) {
			f.setNull()
			return
		}
		begin := len(f.buf)
		if k == batch.Interval {
			m.year, m.month, m.day = int(m.span.Months/12), int(m.span.Months%12), int(m.span.Days)
		}
		for _, p := range parts {
			if p.pattern == "" {
				f.setText(p.text)
				continue
			}
			start := len(f.buf)
			f.buf = m.appendPattern(f.buf, p, k, f)
			if p.ordinal != "" {
				f.setText(ordinal(string(f.buf[start:]), p.ordinal))
			}
		}
		if k == batch.Timestamp {
			last.keep(format, f.int(0), f.buf[begin:])
		}
	}
}

// lastText is the last result of a format: rows that follow one another mostly
// lie in the same day, or minute, and a format that shows no more gives them
// the same text.
type lastText struct {
	format *timeFormat
	from   int64 // the least time, in µs, of this text
	text   []byte
}

func (l *lastText) holds(f *timeFormat, v int64) bool {
	return l.format == f && f.unit > 1 && uint64(v-l.from) < uint64(f.unit)
}

func (l *lastText) keep(f *timeFormat, v int64, text []byte) {
	l.format = f
	if f.unit > 1 {
		l.from = v - (v%f.unit+f.unit)%f.unit
		l.text = append(l.text[:0], text...)
	}
}

// ordinal returns st, nd, rd or th for a number.
func ordinal(digits, like string) string {
	out := "th"
	last := digits[len(digits)-1]
	teen := len(digits) > 1 && digits[len(digits)-2] == '1'
	switch {
	case teen:
	case last == '1':
		out = "st"
	case last == '2':
		out = "nd"
	case last == '3':
		out = "rd"
	}
	if like == "TH" {
		return strings.ToUpper(out)
	}
	return out
}
