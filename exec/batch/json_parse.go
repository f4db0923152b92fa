package batch

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// maxJSONDepth bounds the nesting of JSONB, which functions follow by recursion.
const maxJSONDepth = 1000

// AppendJSON reads a JSON text and appends the JSONB value, as columns hold it.
// Errors are 22P02 (syntax), 22P05 (a \u escape that no text can hold), 22021
// (no UTF-8), 22003 (a number out of range) and 54001 (too deep).
func (b *JSONBuilder) AppendJSON(dst, text []byte) ([]byte, error) {
	b.Reset()
	if err := b.Parse(text); err != nil {
		return dst, err
	}
	return b.Append(dst), nil
}

// Parse adds the value of a JSON text.
func (b *JSONBuilder) Parse(text []byte) error {
	if !utf8.Valid(text) {
		return &ValueError{Code: "22021", Message: `invalid byte sequence for encoding "UTF8"`}
	}
	p := jsonParser{b: b, s: text}
	err := p.value(0)
	if err == nil {
		if p.space(); p.at < len(p.s) {
			err = p.syntax("Expected end of input, but found %s.", p.token())
		}
	}
	return err
}

type jsonParser struct {
	b  *JSONBuilder
	s  []byte
	at int
}

func (p *jsonParser) space() {
	for p.at < len(p.s) {
		switch p.s[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek returns the next byte that is no space; 0 at the end.
func (p *jsonParser) peek() byte {
	p.space()
	if p.at == len(p.s) {
		return 0
	}
	return p.s[p.at]
}

func (p *jsonParser) syntax(format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	if p.at >= len(p.s) {
		detail = "The input string ended unexpectedly."
	}
	return &ValueError{Code: "22P02", Message: "invalid input syntax for type json", Detail: detail}
}

// token names what stands at the reader, for messages.
func (p *jsonParser) token() string {
	end := p.at
	for end < len(p.s) && isWordByte(p.s[end]) {
		end++
	}
	if end == p.at && end < len(p.s) {
		_, n := utf8.DecodeRune(p.s[end:])
		end += n
	}
	return `"` + string(p.s[p.at:end]) + `"`
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func (p *jsonParser) value(depth int) error {
	if depth > maxJSONDepth {
		return &ValueError{Code: "54001", Message: "stack depth limit exceeded"}
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.text()
		if err == nil {
			p.b.add(jsonNode{tag: nodeString, str: s})
		}
		return err
	case c == '-' || isDigit(c):
		return p.number()
	case p.word("true"):
		p.b.Bool(true)
	case p.word("false"):
		p.b.Bool(false)
	case p.word("null"):
		p.b.Null()
	default:
		return p.unexpected("JSON value")
	}
	return nil
}

func (p *jsonParser) unexpected(want string) error {
	if p.at < len(p.s) && isWordByte(p.s[p.at]) {
		return p.syntax("Token %s is invalid.", p.token())
	}
	return p.syntax("Expected %s, but found %s.", want, p.token())
}

func (p *jsonParser) word(w string) bool {
	end := p.at + len(w)
	if end > len(p.s) || string(p.s[p.at:end]) != w || (end < len(p.s) && isWordByte(p.s[end])) {
		return false
	}
	p.at = end
	return true
}

func (p *jsonParser) array(depth int) error {
	p.at++
	p.b.Begin(false)
	for first := true; ; first = false {
		c := p.peek()
		if c == ']' {
			break
		}
		if !first {
			if c != ',' {
				return p.unexpected(`"," or "]"`)
			}
			p.at++
		}
		if err := p.value(depth + 1); err != nil {
			return err
		}
	}
	p.at++
	p.b.End()
	return nil
}

func (p *jsonParser) object(depth int) error {
	p.at++
	p.b.Begin(true)
	for first := true; ; first = false {
		c := p.peek()
		if c == '}' {
			break
		}
		if !first {
			if c != ',' {
				return p.unexpected(`"," or "}"`)
			}
			p.at++
			c = p.peek()
		}
		if c != '"' {
			return p.unexpected("string")
		}
		if err := p.member(depth); err != nil {
			return err
		}
	}
	p.at++
	p.b.End()
	return nil
}

func (p *jsonParser) member(depth int) error {
	key, err := p.text()
	if err != nil {
		return err
	}
	if p.peek() != ':' {
		return p.unexpected(`":"`)
	}
	p.at++
	p.b.key = key
	return p.value(depth + 1)
}

func (p *jsonParser) number() error {
	start := p.at
	if p.s[p.at] == '-' {
		p.at++
	}
	whole := p.digits()
	good := whole == 1 || whole > 1 && p.s[p.at-whole] != '0'
	if p.at < len(p.s) && p.s[p.at] == '.' {
		p.at++
		good = p.digits() > 0 && good
	}
	if p.at < len(p.s) && p.s[p.at]|0x20 == 'e' {
		p.at++
		if p.at < len(p.s) && (p.s[p.at] == '+' || p.s[p.at] == '-') {
			p.at++
		}
		good = p.digits() > 0 && good
	}
	if !good || p.at < len(p.s) && isWordByte(p.s[p.at]) {
		return p.syntax("Token \"%s\" is invalid.", p.s[start:p.at])
	}
	d, err := ParseDecimal(p.s[start:p.at])
	if err != nil {
		return err
	}
	p.b.Number(d)
	return nil
}

func (p *jsonParser) digits() int {
	from := p.at
	for p.at < len(p.s) && isDigit(p.s[p.at]) {
		p.at++
	}
	return p.at - from
}

// text reads a string into the builder's arena.
func (p *jsonParser) text() (jsonSpan, error) {
	p.at++
	from := uint32(len(p.b.arena))
	for p.at < len(p.s) {
		run := p.at
		for p.at < len(p.s) && p.s[p.at] >= ' ' && p.s[p.at] != '"' && p.s[p.at] != '\\' {
			p.at++
		}
		p.b.arena = append(p.b.arena, p.s[run:p.at]...)
		if p.at == len(p.s) {
			break
		}
		switch c := p.s[p.at]; {
		case c == '"':
			p.at++
			return jsonSpan{from, uint32(len(p.b.arena))}, nil
		case c != '\\':
			return jsonSpan{}, p.syntax("Character with value 0x%02x must be escaped.", c)
		}
		p.at++
		if err := p.escape(); err != nil {
			return jsonSpan{}, err
		}
	}
	return jsonSpan{}, p.syntax("")
}

var jsonEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash.
func (p *jsonParser) escape() error {
	if p.at == len(p.s) {
		return p.syntax("")
	}
	c := p.s[p.at]
	p.at++
	if c != 'u' {
		to, ok := jsonEscapes[c]
		if !ok {
			p.at--
			return p.syntax("Escape sequence \"\\%s\" is invalid.", p.token())
		}
		p.b.arena = append(p.b.arena, to)
		return nil
	}
	r, ok := p.hex4()
	if !ok {
		return p.syntax(`"\u" must be followed by four hexadecimal digits.`)
	}
	switch {
	case r == 0:
		return &ValueError{Code: "22P05", Message: "unsupported Unicode escape sequence", Detail: `\u0000 cannot be converted to text.`}
	case r >= 0xdc00 && r < 0xe000:
		return p.syntax("Unicode low surrogate must follow a high surrogate.")
	case r >= 0xd800 && r < 0xdc00:
		var low rune
		ok := p.at+1 < len(p.s) && p.s[p.at] == '\\' && p.s[p.at+1] == 'u'
		if ok {
			p.at += 2
			low, ok = p.hex4()
		}
		if !ok || low < 0xdc00 || low >= 0xe000 {
			return p.syntax("Unicode high surrogate must not follow a high surrogate.")
		}
		r = utf16.DecodeRune(r, low)
	}
	p.b.arena = utf8.AppendRune(p.b.arena, r)
	return nil
}

func (p *jsonParser) hex4() (r rune, ok bool) {
	if p.at+4 > len(p.s) {
		p.at = len(p.s)
		return 0, false
	}
	for _, c := range p.s[p.at : p.at+4] {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	p.at += 4
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
