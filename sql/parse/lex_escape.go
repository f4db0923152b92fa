package parse

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape decodes the backslashes of e'…'.
func (l *lexer) unescape(start int, s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		i = l.escape(start, s, i+1, &b)
	}
	if out := b.String(); badByte(out) < 0 {
		return out
	}
	l.fail(start, CodeEncoding, "invalid byte sequence for encoding \"UTF8\"")
	return ""
}

var simpleEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape decodes the escape after the backslash at s[i-1] and returns where
// the text goes on.
func (l *lexer) escape(start int, s string, i int, b *strings.Builder) int {
	c := s[i]
	if e, ok := simpleEscapes[c]; ok {
		b.WriteByte(e)
		return i + 1
	}
	base, width, from := 0, 0, i+1
	switch {
	case c >= '0' && c <= '7':
		base, width, from = 8, 3, i
	case c == 'x':
		base, width = 16, 2
	case c == 'u':
		base, width = 16, 4
	case c == 'U':
		base, width = 16, 8
	default:
		b.WriteByte(c)
		return from
	}
	end := from
	for end < len(s) && end < from+width && digitIn(s[end], base) {
		end++
	}
	v, _ := strconv.ParseUint(s[from:end], base, 32)
	switch {
	case c == 'x' && end == from:
		b.WriteByte(c)
	case c != 'u' && c != 'U':
		b.WriteByte(byte(v))
	case end != from+width:
		l.near(start, "invalid Unicode escape")
	default:
		return l.writeRune(start, s, rune(v), end, `\u`, b)
	}
	return end
}

func digitIn(c byte, base int) bool {
	_, err := strconv.ParseUint(string(c), base, 8)
	return err == nil
}

// writeRune writes a code point, taking a second escape if it is the first half
// of a surrogate pair, and returns where the text goes on.
func (l *lexer) writeRune(start int, s string, v rune, end int, lead string, b *strings.Builder) int {
	if utf16.IsSurrogate(v) && strings.HasPrefix(s[end:], lead) && len(s) >= end+len(lead)+4 {
		from := end + len(lead)
		low, err := strconv.ParseUint(s[from:from+4], 16, 32)
		if r := utf16.DecodeRune(v, rune(low)); err == nil && r != utf8.RuneError {
			b.WriteRune(r)
			return from + 4
		}
	}
	if !utf8.ValidRune(v) || v == 0 {
		l.near(start, "invalid Unicode escape value")
		return len(s)
	}
	b.WriteRune(v)
	return end
}

// uescape decodes u&'…', with the escape character that UESCAPE may name.
func (l *lexer) uescape(start int, s string) string {
	esc := l.uescapeChar()
	if l.err != nil {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case s[i] != esc:
			b.WriteByte(s[i])
			i++
		case i+1 < len(s) && s[i+1] == esc:
			b.WriteByte(esc)
			i += 2
		default:
			i = l.uescapeAt(start, s, i+1, esc, &b)
		}
	}
	return b.String()
}

func (l *lexer) uescapeAt(start int, s string, i int, esc byte, b *strings.Builder) int {
	width := 4
	if i < len(s) && s[i] == '+' {
		i, width = i+1, 6
	}
	if i+width > len(s) {
		l.near(start, "invalid Unicode escape")
		return len(s)
	}
	v, err := strconv.ParseUint(s[i:i+width], 16, 32)
	if err != nil {
		l.near(start, "invalid Unicode escape")
		return len(s)
	}
	return l.writeRune(start, s, rune(v), i+width, string(esc), b)
}

// uescapeChar passes UESCAPE 'c' if it comes next; a backslash otherwise.
func (l *lexer) uescapeChar() byte {
	end := l.i
	if l.skip() && len(l.src) >= l.i+7 && fold(l.src[l.i:l.i+7]) == "uescape" {
		from := l.i
		l.i += 7
		if l.skip() && l.src[l.i] == '\'' {
			if body, ok := l.quotedPart('\'', false); ok && len(body) == 1 && !digitIn(body[0], 16) &&
				strings.IndexByte("+'\" \t\n\r\f", body[0]) < 0 {
				return body[0]
			}
		}
		l.near(from, "invalid Unicode escape character")
		return 0
	}
	l.i = end
	return '\\'
}
