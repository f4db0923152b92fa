package codec

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

func skipSpace(s []byte, i int) int {
	for i < len(s) && s[i] <= ' ' && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns the index of the first byte from i on that ends a run of
// plain characters in a JSON string: a quote, a backslash, a control character
// or a byte of a multi-byte character; len(s) if there is none. Eight bytes are
// tested at a time.
func special(s []byte, i int) int {
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// A borrow can set a wrong bit only above a right one, and the lowest counts.
		m := ((quote - ones) | (slash - ones) | (w - ones*0x20) | w) & highs
		// (x - ones) also has its high bit set where x had it: that is a
		// multi-byte character in each of the four, and special anyway.
		if m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c == '"' || c == '\\' || c < 0x20 || c >= utf8.RuneSelf {
			return i
		}
	}
	return i
}

// str reads the string whose opening quote is s[i]. The text belongs to s where
// plain is true, else to the decoder's scratch. end is behind the closing quote.
func (d *JSONDecoder) str(s []byte, i int) (text []byte, plain bool, end int, err *RecordError) {
	start := i + 1
	i = special(s, start)
	if i < len(s) && s[i] == '"' {
		return s[start:i], true, i + 1, nil
	}
	end, escaped, err := endOfString(s, start, i)
	if err != nil {
		return nil, false, 0, err
	}
	if !escaped {
		return s[start : end-1], true, end, nil
	}
	d.text = d.text[:0]
	if d.text, err = unescape(d.text, s[start:end-1], start); err != nil {
		return nil, false, 0, err
	}
	return d.text, false, end, nil
}

// endOfString goes on from s[i], the first special character, to behind the
// closing quote. It checks the characters and the shape of escapes.
func endOfString(s []byte, start, i int) (end int, escaped bool, err *RecordError) {
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			return i + 1, escaped, nil
		case c == '\\':
			escaped = true
			n, err := escape(s, i)
			if err != nil {
				return 0, false, err
			}
			i += n
		case c < 0x20:
			return 0, false, malformed("control character %#02x in a string at byte %d", c, i)
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && n <= 1 {
				return 0, false, malformed("invalid UTF-8 at byte %d", i)
			}
			i += n
		}
		i = special(s, i)
	}
	return 0, false, malformed("string without end, from byte %d", start-1)
}

// escape returns the length of the escape sequence at s[i].
func escape(s []byte, i int) (int, *RecordError) {
	if i+1 >= len(s) {
		return 0, malformed("string without end at byte %d", i)
	}
	switch s[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, nil
	case 'u':
		if _, ok := hex4(s, i+2); ok {
			return 6, nil
		}
	}
	return 0, malformed("invalid escape at byte %d", i)
}

func hex4(s []byte, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	var r rune
	for _, c := range s[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends s, whose escapes are known to be well-formed, with them
// resolved. at is the position of s in its record, for messages.
func unescape(dst, s []byte, at int) ([]byte, *RecordError) {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			i++
			continue
		}
		if c := s[i+1]; c != 'u' {
			dst = append(dst, unescaped[c])
			i += 2
			continue
		}
		r, _ := hex4(s, i+2)
		n := 6
		if utf16.IsSurrogate(r) {
			var low rune
			if i+7 < len(s) && s[i+6] == '\\' && s[i+7] == 'u' {
				low, _ = hex4(s, i+8)
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return dst, malformed("half of a surrogate pair at byte %d", at+i)
			}
			n = 12
		}
		if r == 0 {
			return dst, malformed("character U+0000 at byte %d: a text cannot hold it", at+i)
		}
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst, nil
}

var unescaped = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// number returns the position behind the number at s[i], and whether it has
// neither fraction nor exponent.
func number(s []byte, i int) (end int, whole bool, err *RecordError) {
	start := i
	if i < len(s) && s[i] == '-' {
		i++
	}
	first := i
	if i = digits(s, i); i == first || (s[first] == '0' && i > first+1) {
		return 0, false, malformed("invalid value at byte %d", start)
	}
	whole = true
	if i < len(s) && s[i] == '.' {
		whole = false
		first = i + 1
		if i = digits(s, first); i == first {
			return 0, false, malformed("invalid number at byte %d", start)
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		whole = false
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		first = i
		if i = digits(s, first); i == first {
			return 0, false, malformed("invalid number at byte %d", start)
		}
	}
	return i, whole, nil
}

func digits(s []byte, i int) int {
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

// skipValue checks the value at s[i] and returns the position behind it.
// Recursion is bounded by depth.
func skipValue(s []byte, i, depth int) (int, *RecordError) {
	if i >= len(s) {
		return 0, malformed("want a value at byte %d", i)
	}
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
		return skipNested(s, i, depth)
	case 't':
		return literal(s, i, "true")
	case 'f':
		return literal(s, i, "false")
	case 'n':
		return literal(s, i, "null")
	}
	end, _, err := number(s, i)
	return end, err
}

func skipString(s []byte, i int) (int, *RecordError) {
	end := special(s, i+1)
	if end < len(s) && s[end] == '"' {
		return end + 1, nil
	}
	end, _, err := endOfString(s, i+1, end)
	return end, err
}

func literal(s []byte, i int, word string) (int, *RecordError) {
	if end := i + len(word); end <= len(s) && string(s[i:end]) == word {
		return end, nil
	}
	return 0, malformed("invalid value at byte %d", i)
}

// skipNested checks the object or array at s[i].
func skipNested(s []byte, i, depth int) (int, *RecordError) {
	if depth <= 0 {
		return 0, malformed("nested too deeply at byte %d", i)
	}
	object := s[i] == '{'
	closing := s[i] + 2 // in ASCII both brackets close two further on
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == closing {
		return i + 1, nil
	}
	for {
		var err *RecordError
		if object {
			if i, err = skipKey(s, i); err != nil {
				return 0, err
			}
		}
		if i, err = skipValue(s, i, depth-1); err != nil {
			return 0, err
		}
		i = skipSpace(s, i)
		if i < len(s) && s[i] == closing {
			return i + 1, nil
		}
		if i >= len(s) || s[i] != ',' {
			return 0, malformed("want ',' or '%c' at byte %d", closing, i)
		}
		i = skipSpace(s, i+1)
	}
}

func skipKey(s []byte, i int) (int, *RecordError) {
	if i >= len(s) || s[i] != '"' {
		return 0, malformed("want a field name at byte %d", i)
	}
	i, err := skipString(s, i)
	if err != nil {
		return 0, err
	}
	if i = skipSpace(s, i); i >= len(s) || s[i] != ':' {
		return 0, malformed("want ':' at byte %d", i)
	}
	return skipSpace(s, i+1), nil
}
