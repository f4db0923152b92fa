package parse

import "strings"

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
