package expr

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// textTable defines functions of texts. Positions and lengths count characters.
func textTable() table {
	t := table{
		"||":           {text2(func(f *frame, a, b []byte) { f.setBytes(a); f.setBytes(b) })},
		"length":       {{args: in(txt), ret: i4, row: func(f *frame) { f.setInt(int64(utf8.RuneCount(f.text(0)))) }}},
		"octet_length": {{args: in(txt), ret: i4, row: func(f *frame) { f.setInt(int64(len(f.text(0)))) }}},
		"bit_length":   {{args: in(txt), ret: i4, row: func(f *frame) { f.setInt(int64(len(f.text(0))) * 8) }}},
		"lower":        {{args: in(txt), ret: txt, row: func(f *frame) { f.buf = appendLower(f.buf, f.text(0)) }}},
		"upper":        {{args: in(txt), ret: txt, row: func(f *frame) { f.buf = appendUpper(f.buf, f.text(0)) }}},
		"initcap":      {text1(initcap)},
		"reverse":      {text1(reverse)},
		"md5": {text1(func(s []byte) []byte {
			sum := md5.Sum(s)
			return hex.AppendEncode(nil, sum[:])
		})},
		"quote_literal": {text1(quoteLiteral)},
		"quote_ident":   {text1(quoteIdent)},
		"ltrim":         trims(bytes.TrimLeft), "rtrim": trims(bytes.TrimRight), "btrim": trims(bytes.Trim), "trim": trims(bytes.Trim),
		"substring": {
			{args: in(txt, i4), ret: txt, row: func(f *frame) { f.setBytes(substring(f.text(0), f.int(1), 1<<40)) }},
			{args: in(txt, i4, i4), ret: txt, row: substringLen},
			{args: in(txt, txt), ret: txt, spec: substringRegexp},
		},
		"strpos": {{args: in(txt, txt), ret: i4, row: func(f *frame) { f.setInt(strpos(f.text(0), f.text(1))) }}},
		"left":   {{args: in(txt, i4), ret: txt, row: func(f *frame) { f.setBytes(leftOf(f.text(0), f.int(1))) }}},
		"right":  {{args: in(txt, i4), ret: txt, row: func(f *frame) { f.setBytes(rightOf(f.text(0), f.int(1))) }}},
		"lpad":   pads(true), "rpad": pads(false),
		"replace":     {{args: in(txt, txt, txt), ret: txt, row: replaceText}},
		"translate":   {{args: in(txt, txt, txt), ret: txt, row: translate}},
		"split_part":  {{args: in(txt, txt, i4), ret: txt, row: splitPart}},
		"repeat":      {{args: in(txt, i4), ret: txt, row: repeatText}},
		"starts_with": {{args: in(txt, txt), ret: boolean_, row: func(f *frame) { f.setBool(bytes.HasPrefix(f.text(0), f.text(1))) }}},
		"ascii":       {{args: in(txt), ret: i4, row: ascii}},
		"chr":         {{args: in(i4), ret: txt, row: chr}},
		"to_hex": {
			{args: in(i4), ret: txt, row: func(f *frame) { f.buf = strconv.AppendUint(f.buf, uint64(uint32(f.int(0))), 16) }},
			{args: in(i8), ret: txt, row: func(f *frame) { f.buf = strconv.AppendUint(f.buf, uint64(f.int(0)), 16) }},
		},
		"concat":    {{args: in(any_), ret: txt, variadic: true, lax: true, spec: concat}},
		"concat_ws": {{args: in(txt, any_), ret: txt, variadic: true, lax: true, spec: concatWS}},
		"format":    {{args: in(txt), ret: txt, lax: true, spec: format}, {args: in(txt, any_), ret: txt, variadic: true, lax: true, spec: format}},
		"overlay": {
			{args: in(txt, txt, i4), ret: txt, row: func(f *frame) { overlay(f, int64(utf8.RuneCount(f.text(1)))) }},
			{args: in(txt, txt, i4, i4), ret: txt, row: func(f *frame) { overlay(f, f.int(3)) }},
		},
	}
	for name, os := range regexpTable() {
		t[name] = os
	}
	for _, k := range []batch.Kind{boolean_, i2, i4, i8, f4, f8, num, dat, ts, tz, iv, tim, byt, jsn, uid} {
		t["||"] = append(t["||"], concatWith(k)...)
	}
	return t
}

func text1(fn func([]byte) []byte) overload {
	return overload{args: in(txt), ret: txt, row: func(f *frame) { f.setBytes(fn(f.text(0))) }}
}

func text2(fn func(f *frame, a, b []byte)) overload {
	return overload{args: in(txt, txt), ret: txt, row: func(f *frame) { fn(f, f.text(0), f.text(1)) }}
}

// concatWith are text || k and k || text.
func concatWith(k batch.Kind) []overload {
	return []overload{
		{args: in(txt, k), ret: txt, row: func(f *frame) { f.setBytes(f.text(0)); f.buf = appendCastText(f.buf, f, 1, batch.T(k)) }},
		{args: in(k, txt), ret: txt, row: func(f *frame) { f.buf = appendCastText(f.buf, f, 0, batch.T(k)); f.setBytes(f.text(1)) }},
	}
}

// appendLower and appendUpper map letters of all languages; texts of ASCII alone
// need no copy in between.
func appendLower(dst, s []byte) []byte {
	start := len(dst)
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return append(dst[:start], bytes.ToLower(s)...)
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func appendUpper(dst, s []byte) []byte {
	start := len(dst)
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return append(dst[:start], bytes.ToUpper(s)...)
		}
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func initcap(s []byte) []byte {
	inside := false
	return bytes.Map(func(r rune) rune {
		was := inside
		inside = unicode.IsLetter(r) || unicode.IsDigit(r)
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func reverse(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		_, size := utf8.DecodeLastRune(s)
		out = append(out, s[len(s)-size:]...)
		s = s[:len(s)-size]
	}
	return out
}

func quoteLiteral(s []byte) []byte {
	out := "'" + strings.ReplaceAll(string(s), "'", "''") + "'"
	if bytes.IndexByte(s, '\\') >= 0 {
		out = "E" + strings.ReplaceAll(out, `\`, `\\`)
	}
	return []byte(out)
}

func quoteIdent(s []byte) []byte {
	plain := len(s) > 0 && (s[0] == '_' || s[0] >= 'a' && s[0] <= 'z')
	for _, c := range s {
		plain = plain && (c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	}
	if plain {
		return s
	}
	return []byte(`"` + strings.ReplaceAll(string(s), `"`, `""`) + `"`)
}

func trims(fn func([]byte, string) []byte) []overload {
	return []overload{
		{args: in(txt), ret: txt, row: func(f *frame) { f.setBytes(fn(f.text(0), " ")) }},
		{args: in(txt, txt), ret: txt, row: func(f *frame) {
			if len(f.text(1)) == 0 {
				f.setBytes(f.text(0))
				return
			}
			f.setBytes(fn(f.text(0), string(f.text(1))))
		}},
	}
}

// offset returns the byte position of character n, at most len(s).
func offset(s []byte, n int64) int {
	if n <= 0 {
		return 0
	}
	at := 0
	for ; n > 0 && at < len(s); n-- {
		if s[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	return at
}

// substring returns n characters from position from, counted from 1.
func substring(s []byte, from, n int64) []byte {
	end := from + n
	if end <= 1 {
		return nil
	}
	from = max(from, 1)
	s = s[offset(s, from-1):]
	return s[:offset(s, end-from)]
}

func substringLen(f *frame) {
	if f.int(2) < 0 {
		f.fail(errorf("22011", "negative substring length not allowed"))
		return
	}
	f.setBytes(substring(f.text(0), f.int(1), f.int(2)))
}

func strpos(s, sub []byte) int64 {
	at := bytes.Index(s, sub)
	if at < 0 {
		return 0
	}
	return int64(utf8.RuneCount(s[:at])) + 1
}

// leftOf returns the first n characters, or all but the last -n.
func leftOf(s []byte, n int64) []byte {
	if n < 0 {
		n = max(0, int64(utf8.RuneCount(s))+n)
	}
	return s[:offset(s, n)]
}

// rightOf returns the last n characters, or all but the first -n.
func rightOf(s []byte, n int64) []byte {
	if n < 0 {
		return s[offset(s, -n):]
	}
	return s[offset(s, max(0, int64(utf8.RuneCount(s))-n)):]
}

// maxText bounds what padding and repeating may make of one value, in bytes;
// maxArena, all texts of one column: offsets have 32 bits.
const (
	maxText  = 64 << 20
	maxArena = 1 << 30
)

var errTooLong = errorf("54000", "requested length too large")

func pads(left bool) []overload {
	return []overload{
		{args: in(txt, i4), ret: txt, row: func(f *frame) { pad(f, []byte(" "), left) }},
		{args: in(txt, i4, txt), ret: txt, row: func(f *frame) { pad(f, f.text(2), left) }},
	}
}

func pad(f *frame, fill []byte, left bool) {
	s, n := f.text(0), f.int(1)
	have := int64(utf8.RuneCount(s))
	if n <= have || len(fill) == 0 {
		f.setBytes(s[:offset(s, min(max(n, 0), have))])
		return
	}
	if n > maxText/utf8.UTFMax {
		f.fail(errTooLong)
		return
	}
	if !left {
		f.setBytes(s)
	}
	width := int64(utf8.RuneCount(fill))
	for need := n - have; need > 0; need -= width {
		f.setBytes(fill[:offset(fill, min(need, width))])
	}
	if left {
		f.setBytes(s)
	}
}

func replaceText(f *frame) {
	if len(f.text(1)) == 0 {
		f.setBytes(f.text(0))
		return
	}
	f.setBytes(bytes.ReplaceAll(f.text(0), f.text(1), f.text(2)))
}

func translate(f *frame) {
	from, to := []rune(string(f.text(1))), []rune(string(f.text(2)))
	f.setBytes(bytes.Map(func(r rune) rune {
		for i, x := range from {
			if x == r {
				if i < len(to) {
					return to[i]
				}
				return -1
			}
		}
		return r
	}, f.text(0)))
}

func splitPart(f *frame) {
	s, sep, n := f.text(0), f.text(1), f.int(2)
	if n == 0 {
		f.fail(errorf("22023", "field position must not be zero"))
		return
	}
	if len(sep) == 0 {
		if n == 1 || n == -1 {
			f.setBytes(s)
		}
		return
	}
	if n < 0 {
		n += int64(bytes.Count(s, sep)) + 2
		if n < 1 {
			return
		}
	}
	for ; n > 1; n-- {
		at := bytes.Index(s, sep)
		if at < 0 {
			return
		}
		s = s[at+len(sep):]
	}
	if at := bytes.Index(s, sep); at >= 0 {
		s = s[:at]
	}
	f.setBytes(s)
}

func repeatText(f *frame) {
	n := max(f.int(1), 0)
	if n*int64(len(f.text(0))) > maxText {
		f.fail(errTooLong)
		return
	}
	for range n {
		f.setBytes(f.text(0))
	}
}

func ascii(f *frame) {
	if len(f.text(0)) == 0 {
		f.setInt(0)
		return
	}
	r, _ := utf8.DecodeRune(f.text(0))
	f.setInt(int64(r))
}

func chr(f *frame) {
	switch n := f.int(0); {
	case n == 0:
		f.fail(errorf("54000", "null character not permitted"))
	case n < 0:
		f.fail(errorf("54000", "character number must be positive"))
	case n > unicode.MaxRune || (n >= 0xd800 && n < 0xe000):
		f.fail(errorf("54000", "requested character too large for encoding: %d", n))
	default:
		f.buf = utf8.AppendRune(f.buf, rune(n))
	}
}

func overlay(f *frame, n int64) {
	s, from := f.text(0), f.int(2)
	if from <= 0 {
		f.fail(errorf("22011", "negative substring length not allowed"))
		return
	}
	f.setBytes(substring(s, 1, from-1))
	f.setBytes(f.text(1))
	f.setBytes(substring(s, from+n, 1<<40))
}
