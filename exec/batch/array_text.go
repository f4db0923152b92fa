package batch

import (
	"fmt"
	"strings"
	"time"
)

// AppendArray appends an array of type t as PostgreSQL prints it: {1,NULL,"a b"}.
func AppendArray(dst, v []byte, t Type, loc *time.Location) []byte {
	elem := t.ElemType()
	dst = append(dst, '{')
	it := Elems(v, elem.Kind)
	for first := true; ; first = false {
		e, ok := it.Next()
		if !ok {
			return append(dst, '}')
		}
		if !first {
			dst = append(dst, ',')
		}
		if e.Null {
			dst = append(dst, "NULL"...)
			continue
		}
		start := len(dst)
		dst = quoteElem(e.AppendText(dst, elem, loc), start)
	}
}

// AppendText appends the element, not NULL and of type t, as PostgreSQL prints t.
func (e Elem) AppendText(dst []byte, t Type, loc *time.Location) []byte {
	switch t.Kind.Rep() {
	case RepBool:
		return AppendBool(dst, e.key[0] != 0)
	case RepFloat:
		return AppendFloat(dst, e.float(), t.Kind)
	case RepDecimal:
		return e.decimal().AppendText(dst)
	case RepSpan:
		return e.span().AppendText(dst)
	case RepInt:
		return AppendInt(dst, e.int(), t.Kind, loc)
	}
	if t.Kind == Text && !t.IsChar() {
		return e.appendBytes(dst)
	}
	return AppendBytes(dst, e.appendBytes(nil), t, loc)
}

// quoteElem quotes dst[start:] in place, if an array's text needs that.
func quoteElem(dst []byte, start int) []byte {
	s := dst[start:]
	extra := 0
	for _, c := range s {
		if c == '"' || c == '\\' {
			extra++
		}
	}
	if extra == 0 && len(s) > 0 && !equalFold(s, "null") && !strings.ContainsAny(string(s), "{}, \t\n\r\v\f") {
		return dst
	}
	quoted := make([]byte, 0, len(s)+extra+2)
	quoted = append(quoted, '"')
	for _, c := range s {
		if c == '"' || c == '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, c)
	}
	return append(append(dst[:start], quoted...), '"')
}

// AppendParsedArray reads an array literal of type t and appends the value.
// Errors are 22P02, 0A000 for more dimensions than one, and the elements' own.
func AppendParsedArray(dst, s []byte, t Type, loc *time.Location) ([]byte, error) {
	p := arrayParser{whole: s, s: trimSpace(s)}
	if err := p.bounds(); err != nil {
		return dst, err
	}
	elem := t.ElemType()
	b, c := NewArrayBuilder(elem.Kind), New(elem.Kind, 8)
	for p.more() {
		text, quoted, err := p.element()
		switch {
		case err != nil:
			return dst, err
		case !quoted && equalFold(text, "null") && len(text) == 4:
			AppendNull(c)
		default:
			if err := AppendParsed(c, elem, text, loc); err != nil {
				return dst, err
			}
		}
		b.Add(c, b.Len())
	}
	if p.err != nil {
		return dst, p.err
	}
	return b.Append(dst), nil
}

type arrayParser struct {
	whole, s []byte
	at       int
	buf      []byte
	begun    bool
	err      error
}

func (p *arrayParser) malformed(detail string) error {
	return &ValueError{Code: "22P02", Message: fmt.Sprintf("malformed array literal: \"%s\"", p.whole), Detail: detail}
}

func errDimensions() error {
	return &ValueError{
		Code: "0A000", Message: "arrays of more than one dimension are not supported",
		Hint: "Use an array of one dimension, or JSONB.",
	}
}

// bounds reads up to behind the opening brace. Of written bounds only [1:n]= are
// those that an array has here.
func (p *arrayParser) bounds() error {
	if len(p.s) > 0 && p.s[0] == '[' {
		end := strings.IndexByte(string(p.s), '=')
		var low, high int
		if n, _ := fmt.Sscanf(string(p.s[:max(end, 0)]), "[%d:%d]", &low, &high); n != 2 {
			if n, _ := fmt.Sscanf(string(p.s[:max(end, 0)]), "[%d]", &high); n != 1 {
				return p.malformed("Missing array dimension value.")
			}
			low = 1
		}
		if low != 1 || strings.Count(string(p.s[:end]), "[") > 1 {
			return &ValueError{Code: "0A000", Message: "arrays with a lower bound other than 1 are not supported"}
		}
		p.s = trimSpace(p.s[end+1:])
	}
	if len(p.s) == 0 || p.s[0] != '{' {
		return p.malformed(`Array value must start with "{" or dimension information.`)
	}
	p.at = 1
	return nil
}

func (p *arrayParser) space() {
	for p.at < len(p.s) && isSpace(p.s[p.at]) {
		p.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// more tells whether an element follows, and reads the comma before it.
func (p *arrayParser) more() bool {
	p.space()
	switch {
	case p.at >= len(p.s):
		p.err = p.malformed("Unexpected end of input.")
	case p.s[p.at] == '}':
		if p.at+1 < len(p.s) {
			p.err = p.malformed("Junk after closing right brace.")
		}
		return false
	case !p.begun:
		p.begun = true
		return true
	case p.s[p.at] == ',':
		p.at++
		return true
	default:
		p.err = p.malformed("Unexpected array element.")
	}
	return false
}

// element reads one element; its bytes are good until the next. Quoted tells
// that the word NULL would be a text there.
func (p *arrayParser) element() (text []byte, quoted bool, err error) {
	p.space()
	p.buf = p.buf[:0]
	solid, escaped := 0, false // up to solid spaces count
	for ; p.at < len(p.s); p.at++ {
		switch c := p.s[p.at]; {
		case c == '{':
			return nil, false, errDimensions()
		case c == '"':
			if quoted || len(p.buf) > 0 {
				return nil, false, p.malformed("Unexpected array element.")
			}
			quoted = true
			if !p.quoted() {
				return nil, false, p.malformed("Unexpected end of input.")
			}
		case c == ',' || c == '}':
			if quoted {
				return p.buf, true, nil
			}
			if solid == 0 {
				return nil, false, p.malformed(fmt.Sprintf("Unexpected \"%c\" character.", c))
			}
			return p.buf[:solid], escaped, nil
		case isSpace(c):
			p.buf = appendUnless(p.buf, c, quoted)
		case quoted:
			return nil, false, p.malformed("Unexpected array element.")
		default:
			if c == '\\' {
				if p.at++; p.at == len(p.s) {
					return nil, false, p.malformed("Unexpected end of input.")
				}
				escaped = true
			}
			p.buf = append(p.buf, p.s[p.at])
			solid = len(p.buf)
		}
	}
	return nil, false, p.malformed("Unexpected end of input.")
}

func appendUnless(buf []byte, c byte, not bool) []byte {
	if not {
		return buf
	}
	return append(buf, c)
}

// quoted reads up to the closing quote, at which it stands then.
func (p *arrayParser) quoted() bool {
	for p.at++; p.at < len(p.s); p.at++ {
		switch c := p.s[p.at]; c {
		case '"':
			return true
		case '\\':
			if p.at++; p.at == len(p.s) {
				return false
			}
		}
		p.buf = append(p.buf, p.s[p.at])
	}
	return false
}
