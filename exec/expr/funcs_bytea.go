package expr

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// byteaTable defines functions of bytes. Positions and lengths count bytes.
func byteaTable() table {
	return table{
		"||":           {{args: in(byt, byt), ret: byt, row: func(f *frame) { f.setBytes(f.text(0)); f.setBytes(f.text(1)) }}},
		"length":       {{args: in(byt), ret: i4, row: func(f *frame) { f.setInt(int64(len(f.text(0)))) }}},
		"octet_length": {{args: in(byt), ret: i4, row: func(f *frame) { f.setInt(int64(len(f.text(0)))) }}},
		"bit_length":   {{args: in(byt), ret: i4, row: func(f *frame) { f.setInt(int64(len(f.text(0))) * 8) }}},
		"bit_count":    {{args: in(byt), ret: i8, row: bitCount}},
		"substring": {
			{args: in(byt, i4), ret: byt, row: func(f *frame) { sliceBytes(f, f.int(1), 1<<40) }},
			{args: in(byt, i4, i4), ret: byt, row: func(f *frame) {
				if f.int(2) < 0 {
					f.fail(errorf("22011", "negative substring length not allowed"))
					return
				}
				sliceBytes(f, f.int(1), f.int(2))
			}},
		},
		"strpos":   {{args: in(byt, byt), ret: i4, row: func(f *frame) { f.setInt(int64(bytes.Index(f.text(0), f.text(1)) + 1)) }}},
		"btrim":    {{args: in(byt, byt), ret: byt, row: func(f *frame) { f.setBytes(trimBytes(f.text(0), f.text(1), true, true)) }}},
		"ltrim":    {{args: in(byt, byt), ret: byt, row: func(f *frame) { f.setBytes(trimBytes(f.text(0), f.text(1), true, false)) }}},
		"rtrim":    {{args: in(byt, byt), ret: byt, row: func(f *frame) { f.setBytes(trimBytes(f.text(0), f.text(1), false, true)) }}},
		"overlay":  {{args: in(byt, byt, i4), ret: byt, row: overlayBytes}, {args: in(byt, byt, i4, i4), ret: byt, row: overlayBytes}},
		"get_byte": {{args: in(byt, i4), ret: i4, row: getByte}},
		"set_byte": {{args: in(byt, i4, i4), ret: byt, row: setByte}},
		"get_bit":  {{args: in(byt, i8), ret: i4, row: getBit}},
		"encode":   {{args: in(byt, txt), ret: txt, row: encodeBytes}},
		"decode":   {{args: in(txt, txt), ret: byt, row: decodeText}},
		"md5": {{args: in(byt), ret: txt, row: func(f *frame) {
			sum := md5.Sum(f.text(0))
			f.buf = hex.AppendEncode(f.buf, sum[:])
		}}},
		"sha224":       {digest(func(s []byte) []byte { h := sha256.Sum224(s); return h[:] })},
		"sha256":       {digest(func(s []byte) []byte { h := sha256.Sum256(s); return h[:] })},
		"sha384":       {digest(func(s []byte) []byte { h := sha512.Sum384(s); return h[:] })},
		"sha512":       {digest(func(s []byte) []byte { h := sha512.Sum512(s); return h[:] })},
		"convert_from": {{args: in(byt, txt), ret: txt, row: convertFrom}},
		"convert_to":   {{args: in(txt, txt), ret: byt, row: convertTo}},
	}
}

func digest(sum func([]byte) []byte) overload {
	return overload{args: in(byt), ret: byt, row: func(f *frame) { f.setBytes(sum(f.text(0))) }}
}

func bitCount(f *frame) {
	n := 0
	for _, c := range f.text(0) {
		n += bits.OnesCount8(c)
	}
	f.setInt(int64(n))
}

// sliceBytes takes n bytes from position at, 1 being the first; what lies
// outside counts and is not there.
func sliceBytes(f *frame, at, n int64) {
	s := f.text(0)
	from, to := max(at-1, 0), min(at-1+n, int64(len(s)))
	if from < to {
		f.setBytes(s[from:to])
	}
}

func trimBytes(s, set []byte, left, right bool) []byte {
	for left && len(s) > 0 && bytes.IndexByte(set, s[0]) >= 0 {
		s = s[1:]
	}
	for right && len(s) > 0 && bytes.IndexByte(set, s[len(s)-1]) >= 0 {
		s = s[:len(s)-1]
	}
	return s
}

func overlayBytes(f *frame) {
	s, by, at := f.text(0), f.text(1), f.int(2)
	n := int64(len(by))
	if len(f.in) > 3 {
		n = f.int(3)
	}
	if at <= 0 {
		f.fail(errorf("22011", "negative substring length not allowed"))
		return
	}
	size := int64(len(s))
	f.setBytes(s[:min(at-1, size)])
	f.setBytes(by)
	f.setBytes(s[min(max(at-1+n, 0), size):])
}

func errIndex(i int64, n int) *Error {
	return errorf("2202E", "index %d out of valid range, 0..%d", i, n-1)
}

func getByte(f *frame) {
	s, i := f.text(0), f.int(1)
	if i < 0 || i >= int64(len(s)) {
		f.fail(errIndex(i, len(s)))
		return
	}
	f.setInt(int64(s[i]))
}

func setByte(f *frame) {
	s, i := f.text(0), f.int(1)
	if i < 0 || i >= int64(len(s)) {
		f.fail(errIndex(i, len(s)))
		return
	}
	f.setBytes(s[:i])
	f.buf = append(f.buf, byte(f.int(2)))
	f.setBytes(s[i+1:])
}

func getBit(f *frame) {
	s, i := f.text(0), f.int(1)
	if i < 0 || i >= int64(len(s))*8 {
		f.fail(errIndex(i, len(s)*8))
		return
	}
	f.setInt(int64(s[i/8] >> (i % 8) & 1))
}

func errEncoding(name []byte) *Error {
	return errorf("22023", "unrecognized encoding: \"%s\"", name)
}

func encodeBytes(f *frame) {
	s := f.text(0)
	switch strings.ToLower(string(f.text(1))) {
	case "hex":
		f.buf = batch.AppendHex(f.buf, s)
	case "base64":
		f.buf = appendBase64(f.buf, s)
	case "escape":
		for _, c := range s {
			switch {
			case c == 0 || c >= 0x80:
				f.buf = append(f.buf, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
			case c == '\\':
				f.buf = append(f.buf, '\\', '\\')
			default:
				f.buf = append(f.buf, c)
			}
		}
	default:
		f.fail(errEncoding(f.text(1)))
	}
}

func decodeText(f *frame) {
	var err error
	s := f.text(0)
	switch strings.ToLower(string(f.text(1))) {
	case "hex":
		f.buf, err = batch.ParseHex(f.buf, s)
	case "base64":
		f.buf, err = parseBase64(f.buf, s)
	case "escape":
		if bytes.HasPrefix(s, []byte(`\x`)) {
			f.fail(errorf("22P02", "invalid input syntax for type bytea"))
			return
		}
		f.buf, err = batch.ParseBytea(f.buf, s)
	default:
		f.fail(errEncoding(f.text(1)))
		return
	}
	if err != nil {
		f.failValue(err)
	}
}

// isUTF8 tells whether an encoding's name is of the one that texts are in.
func isUTF8(name []byte) bool {
	n := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(string(name)))
	return n == "utf8" || n == "unicode"
}

func convertFrom(f *frame) {
	if !isUTF8(f.text(1)) {
		f.fail(errorf("22023", "invalid source encoding name \"%s\"", f.text(1)))
		return
	}
	if s := f.text(0); !utf8.Valid(s) || bytes.IndexByte(s, 0) >= 0 {
		f.fail(errorf("22021", "invalid byte sequence for encoding \"UTF8\""))
		return
	}
	f.setBytes(f.text(0))
}

func convertTo(f *frame) {
	if !isUTF8(f.text(1)) {
		f.fail(errorf("22023", "invalid destination encoding name \"%s\"", f.text(1)))
		return
	}
	f.setBytes(f.text(0))
}

// uuidTable defines the one function of UUIDs: a random one, version 4.
func uuidTable() table {
	return table{"gen_random_uuid": {{ret: uid, volatile: true, row: func(f *frame) {
		var v [16]byte
		_, _ = rand.Read(v[:]) // never fails
		v[6], v[8] = v[6]&0x0f|0x40, v[8]&0x3f|0x80
		f.setBytes(v[:])
	}}}}
}
