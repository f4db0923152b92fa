package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// lexer cuts a text into tokens by PostgreSQL's lexical rules, with
// standard_conforming_strings on.
type lexer struct {
	src  string
	i    int
	toks []token
	open []int // indices of brackets not closed yet
	err  *Error
}

// lex returns the tokens of text, closed by a tEnd. It holds the bounds on
// length, number of tokens and nesting, so that nothing after it sees a text
// that could exhaust the stack.
func lex(text string) ([]token, *Error) {
	if len(text) > MaxText {
		return nil, &Error{Code: CodeTooComplex, Message: "statement is longer than 1 MB", Pos: 0}
	}
	if i := badByte(text); i >= 0 {
		return nil, &Error{Code: CodeEncoding, Message: "invalid byte sequence for encoding \"UTF8\"", Pos: ast.Pos(i)}
	}
	l := &lexer{src: text, toks: make([]token, 0, len(text)/5+8)}
	for l.skip() && l.err == nil {
		l.scan()
		if len(l.toks) > MaxTokens {
			l.fail(l.i, CodeTooComplex, "statement has too many parts")
		}
	}
	if l.err != nil {
		return nil, l.err
	}
	l.toks = append(l.toks, token{kind: tEnd, pos: len(text), end: len(text), match: -1})
	return l.toks, nil
}

// badByte returns the offset of the first NUL or byte that is not UTF-8, or -1.
func badByte(s string) int {
	nul := strings.IndexByte(s, 0)
	if nul < 0 && utf8.ValidString(s) {
		return -1
	}
	for i, c := range s {
		if c == 0 {
			return i
		}
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

func (l *lexer) fail(pos int, code, msg string) {
	if l.err == nil {
		l.err = &Error{Code: code, Message: msg, Pos: ast.Pos(pos)}
	}
	l.i = len(l.src)
}

// near reports a lexical error at the token that begins at pos.
func (l *lexer) near(pos int, msg string) {
	end := min(l.i, len(l.src))
	l.fail(pos, CodeSyntax, msg+` at or near "`+l.src[pos:end]+`"`)
}

func (l *lexer) byteAt(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// add appends a token that begins at pos and ends here.
func (l *lexer) add(k kind, text string, pos int) {
	l.toks = append(l.toks, token{kind: k, text: text, pos: pos, end: l.i, match: -1})
}

// skip passes blanks and comments, and reports whether anything is left.
func (l *lexer) skip() bool {
	for l.i < len(l.src) {
		switch c := l.src[l.i]; {
		case isSpace(c):
			l.i++
		case c == '-' && l.byteAt(l.i+1) == '-':
			l.lineComment()
		case c == '/' && l.byteAt(l.i+1) == '*':
			l.blockComment()
		default:
			return true
		}
	}
	return false
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func (l *lexer) lineComment() {
	if n := strings.IndexAny(l.src[l.i:], "\n\r"); n >= 0 {
		l.i += n
	} else {
		l.i = len(l.src)
	}
}

// blockComment passes a comment, which may hold others.
func (l *lexer) blockComment() {
	start, depth := l.i, 0
	for l.i < len(l.src) {
		switch {
		case strings.HasPrefix(l.src[l.i:], "/*"):
			depth++
			l.i += 2
		case strings.HasPrefix(l.src[l.i:], "*/"):
			depth--
			l.i += 2
			if depth == 0 {
				return
			}
		default:
			l.i++
		}
	}
	l.near(start, "unterminated /* comment")
}

// scan reads one token.
func (l *lexer) scan() {
	c, start := l.src[l.i], l.i
	switch {
	case isLetter(c):
		l.word()
	case c == '\'':
		l.quoted(start, plainText)
	case c == '"':
		l.quotedIdent(start, false)
	case isDigit(c), c == '.' && isDigit(l.byteAt(l.i+1)):
		l.number()
	case c == '$':
		l.dollar()
	case c == '`':
		l.fail(start, CodeSyntax, "syntax error at or near \"`\"")
		l.err.Hint = `names are quoted with ": "name"`
	case strings.IndexByte("()[],;.:", c) >= 0:
		l.punct()
	case strings.IndexByte(opChars, c) >= 0:
		l.operator()
	default:
		_, n := utf8.DecodeRuneInString(l.src[l.i:])
		l.i += n
		l.near(start, "syntax error")
	}
}

func (l *lexer) punct() {
	start := l.i
	l.i++
	switch two := l.src[start:min(start+2, len(l.src))]; two {
	case "::", ":=":
		l.i++
	}
	l.add(tPunct, l.src[start:l.i], start)
	l.bracket(len(l.toks) - 1)
}

// bracket pairs brackets and bounds how deep they nest.
func (l *lexer) bracket(i int) {
	switch text := l.toks[i].text; text {
	case "(", "[":
		l.open = append(l.open, i)
		if len(l.open) > MaxDepth {
			l.fail(l.toks[i].pos, CodeTooComplex, "statement is nested too deep")
		}
	case ")", "]":
		n := len(l.open)
		if n == 0 {
			return
		}
		if partner := l.open[n-1]; (l.toks[partner].text == "(") == (text == ")") {
			l.open = l.open[:n-1]
			l.toks[i].match, l.toks[partner].match = partner, i
		}
	}
}

const opChars = "~!@#^&|?+-*/%<>="

// operator reads the longest operator. One of several characters ends in + or -
// only if it also holds one of ~!@#^&|?%, so that "a=-1" reads as expected.
func (l *lexer) operator() {
	start := l.i
	for l.i < len(l.src) && strings.IndexByte(opChars, l.src[l.i]) >= 0 {
		if rest := l.src[l.i:]; strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*") {
			break
		}
		l.i++
	}
	text := l.src[start:l.i]
	if !strings.ContainsAny(text, "~!@#^&|?%") {
		for len(text) > 1 && (text[len(text)-1] == '+' || text[len(text)-1] == '-') {
			text = text[:len(text)-1]
		}
		l.i = start + len(text)
	}
	switch text {
	case "=>":
		l.add(tPunct, text, start)
		return
	case "!=":
		text = "<>"
	}
	l.add(tOp, text, start)
}
