package parse

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// word reads an identifier, or a string or identifier with a letter before it.
func (l *lexer) word() {
	start := l.i
	if l.prefixed(start) {
		return
	}
	for l.i < len(l.src) && (isLetter(l.src[l.i]) || isDigit(l.src[l.i]) || l.src[l.i] == '$') {
		l.i++
	}
	l.add(tWord, fold(l.src[start:l.i]), start)
}

// prefixed reads e'…', b'…', x'…', n'…', u&'…' and u&"…".
func (l *lexer) prefixed(start int) bool {
	c, q := l.src[start]|0x20, l.byteAt(start+1)
	switch {
	case q == '\'' && (c == 'b' || c == 'x'):
		l.i++
		l.bits(start, c)
	case q == '\'' && c == 'e':
		l.i++
		l.quoted(start, escapedText)
	case q == '\'' && c == 'n':
		l.i++
		l.quoted(start, plainText)
	case c == 'u' && q == '&' && l.byteAt(start+2) == '\'':
		l.i += 2
		l.quoted(start, unicodeText)
	case c == 'u' && q == '&' && l.byteAt(start+2) == '"':
		l.i += 2
		l.quotedIdent(start, true)
	default:
		return false
	}
	return true
}

// fold lowers ASCII letters, as PostgreSQL folds names in UTF-8.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if b[j] >= 'A' && b[j] <= 'Z' {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// number reads 1, 1.5, .5, 1. and 1e10. 1..2 is 1, then two dots.
func (l *lexer) number() {
	start := l.i
	l.digits()
	if l.byteAt(l.i) == '.' && l.byteAt(l.i+1) != '.' {
		l.i++
		l.digits()
	}
	if c := l.byteAt(l.i); c == 'e' || c == 'E' {
		j := l.i + 1
		if c := l.byteAt(j); c == '+' || c == '-' {
			j++
		}
		if isDigit(l.byteAt(j)) {
			l.i = j
			l.digits()
		}
	}
	if isLetter(l.byteAt(l.i)) {
		for isLetter(l.byteAt(l.i)) || isDigit(l.byteAt(l.i)) {
			l.i++
		}
		l.near(start, "trailing junk after numeric literal")
		return
	}
	l.add(tNumber, l.src[start:l.i], start)
}

func (l *lexer) digits() {
	for isDigit(l.byteAt(l.i)) {
		l.i++
	}
}
