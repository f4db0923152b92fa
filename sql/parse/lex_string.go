package parse

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// textStyle says how the inside of a string is decoded.
type textStyle uint8

const (
	plainText   textStyle = iota // '' is the only escape
	escapedText                  // e'…': backslashes
	unicodeText                  // u&'…': \0041 and \+01F600
)

// quoted reads a string whose opening quote is the next byte. Strings with
// only blanks and a line break between them are one.
func (l *lexer) quoted(start int, style textStyle) {
	var b strings.Builder
	for {
		body, ok := l.quotedPart('\'', style == escapedText)
		if !ok {
			l.near(start, "unterminated quoted string")
			return
		}
		b.WriteString(body)
		if !l.continued() {
			break
		}
	}
	text := b.String()
	switch style {
	case escapedText:
		text = l.unescape(start, text)
	case unicodeText:
		text = l.uescape(start, text)
	}
	if l.err == nil {
		l.add(tString, text, start)
	}
}

// quotedPart reads from an opening quote to its closing one and returns what is
// between, doubled quotes made single; backslash pairs are kept as they are.
func (l *lexer) quotedPart(q byte, backslash bool) (string, bool) {
	l.i++
	var b strings.Builder
	from := l.i
	for l.i < len(l.src) {
		switch c := l.src[l.i]; {
		case c == '\\' && backslash:
			l.i += 2
		case c == q && l.byteAt(l.i+1) == q:
			b.WriteString(l.src[from : l.i+1])
			l.i += 2
			from = l.i
		case c == q:
			b.WriteString(l.src[from:l.i])
			l.i++
			return b.String(), true
		default:
			l.i++
		}
	}
	l.i = len(l.src)
	return "", false
}

// continued passes to the next part of a string, if there is one: a quote after
// blanks with a line break among them.
func (l *lexer) continued() bool {
	i, line := l.i, false
	for i < len(l.src) {
		switch c := l.src[i]; {
		case isSpace(c):
			line = line || c == '\n' || c == '\r'
			i++
		case line && c == '-' && l.byteAt(i+1) == '-':
			for i < len(l.src) && l.src[i] != '\n' && l.src[i] != '\r' {
				i++
			}
		case line && c == '\'':
			l.i = i
			return true
		default:
			return false
		}
	}
	return false
}

// bits reads b'0101' or x'1F'; c is the letter.
func (l *lexer) bits(start int, c byte) {
	body, ok := l.quotedPart('\'', false)
	if !ok {
		l.near(start, "unterminated bit string literal")
		return
	}
	valid := "01"
	if c == 'x' {
		valid = "0123456789abcdefABCDEF"
	}
	if strings.Trim(body, valid) != "" {
		l.near(start, "invalid digit in bit string literal")
		return
	}
	l.add(tBits, string(c)+body, start)
}

// quotedIdent reads "name", or u&"name".
func (l *lexer) quotedIdent(start int, unicode bool) {
	text, ok := l.quotedPart('"', false)
	switch {
	case !ok:
		l.near(start, "unterminated quoted identifier")
		return
	case text == "":
		l.near(start, "zero-length delimited identifier")
		return
	case unicode:
		text = l.uescape(start, text)
	}
	if l.err == nil {
		l.add(tQuoted, text, start)
	}
}

// dollar reads $1, or $tag$ … $tag$.
func (l *lexer) dollar() {
	start := l.i
	l.i++
	if isDigit(l.byteAt(l.i)) {
		l.digits()
		if isLetter(l.byteAt(l.i)) {
			l.i++
			l.near(start, "trailing junk after parameter")
			return
		}
		l.add(tParam, l.src[start+1:l.i], start)
		return
	}
	for isLetter(l.byteAt(l.i)) || l.i > start+1 && isDigit(l.byteAt(l.i)) {
		l.i++
	}
	if l.byteAt(l.i) != '$' {
		l.i = start + 1
		l.near(start, "syntax error")
		return
	}
	l.i++
	tag := l.src[start:l.i]
	n := strings.Index(l.src[l.i:], tag)
	if n < 0 {
		l.i = len(l.src)
		l.near(start, "unterminated dollar-quoted string")
		return
	}
	body := l.src[l.i : l.i+n]
	l.i += n + len(tag)
	l.add(tString, body, start)
}

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
