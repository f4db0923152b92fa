package session

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/sql/result"
)

func itoa(n int) string { return strconv.Itoa(n) }

// validText refuses bytes that are no UTF-8, or NUL.
func validText(line []byte) error {
	if utf8.Valid(line) && bytes.IndexByte(line, 0) < 0 {
		return nil
	}
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if r == utf8.RuneError && size <= 1 || line[i] == 0 {
			return result.Errorf("22021", "invalid byte sequence for encoding \"UTF8\": 0x%02x", line[i])
		}
		i += size
	}
	return nil
}

// textSplitter reads PostgreSQL's text format.
type textSplitter struct {
	delimiter byte
	null      string
	scratch   []byte
}

func (t *textSplitter) next(data []byte) (line []byte, size int) {
	for from := 0; ; {
		i := bytes.IndexByte(data[from:], '\n')
		if i < 0 {
			return nil, 0
		}
		if i += from; !escaped(data[:i]) {
			return data[:i], i + 1
		}
		from = i + 1
	}
}

// escaped reports whether what follows stands behind an odd number of backslashes.
func escaped(before []byte) bool {
	n := 0
	for n < len(before) && before[len(before)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func (t *textSplitter) fields(dst []field, line []byte) ([]field, error) {
	if bytes.IndexByte(line, '\\') < 0 {
		for {
			i := bytes.IndexByte(line, t.delimiter)
			if i < 0 {
				return append(dst, t.plain(line)), nil
			}
			dst = append(dst, t.plain(line[:i]))
			line = line[i+1:]
		}
	}
	// The decoded values are never longer than the line: scratch does not move.
	if cap(t.scratch) < len(line) {
		t.scratch = make([]byte, 0, 2*len(line))
	}
	t.scratch = t.scratch[:0]
	for start, i := 0, 0; ; i++ {
		if i < len(line) && line[i] == '\\' {
			i++
			continue
		}
		if i < len(line) && line[i] != t.delimiter {
			continue
		}
		raw := line[start:min(i, len(line))]
		if string(raw) == t.null {
			dst = append(dst, field{null: true})
		} else {
			from := len(t.scratch)
			t.scratch = unescape(t.scratch, raw)
			dst = append(dst, field{text: t.scratch[from:]})
		}
		if i >= len(line) {
			return dst, nil
		}
		start = i + 1
	}
}

func (t *textSplitter) plain(raw []byte) field {
	if string(raw) == t.null {
		return field{null: true}
	}
	return field{text: raw}
}

var unescapes = [256]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescape appends a value with its backslash sequences replaced.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' || i+1 == len(raw) {
			dst = append(dst, c)
			continue
		}
		i++
		c = raw[i]
		switch e := unescapes[c]; {
		case e != 0:
			dst = append(dst, e)
		case c >= '0' && c <= '7':
			v, n := digits(raw[i:], 8, 3)
			dst, i = append(dst, byte(v)), i+n-1
		case c == 'x':
			v, n := digits(raw[i+1:], 16, 2)
			if n == 0 {
				dst = append(dst, c)
				break
			}
			dst, i = append(dst, byte(v)), i+n
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// digits reads up to limit digits of a base, and returns how many there were.
func digits(s []byte, base, limit int) (v, n int) {
	for n < len(s) && n < limit {
		d, err := strconv.ParseUint(string(s[n:n+1]), base, 8)
		if err != nil {
			break
		}
		v, n = v*base+int(d), n+1
	}
	return v, n
}

// csvSplitter reads CSV as PostgreSQL does: a quoted value may have line ends.
type csvSplitter struct {
	delimiter, quote, escape byte
	null                     string
	scanned                  int  // bytes of data known to have no line end
	inside                   bool // a quoted value, after them
	scratch                  []byte
}

func (c *csvSplitter) next(data []byte) (line []byte, size int) {
	for i := c.scanned; i < len(data); i++ {
		switch b := data[i]; {
		case c.inside && b == c.escape && c.escape != c.quote:
			if i+1 == len(data) { // what it escapes is still to come
				c.scanned = i
				return nil, 0
			}
			i++
		case b == c.quote:
			c.inside = !c.inside
		case b == '\n' && !c.inside:
			c.scanned = 0
			return data[:i], i + 1
		}
	}
	c.scanned = len(data)
	return nil, 0
}

func (c *csvSplitter) fields(dst []field, line []byte) ([]field, error) {
	if bytes.IndexByte(line, c.quote) < 0 {
		for {
			i := bytes.IndexByte(line, c.delimiter)
			if i < 0 {
				return append(dst, c.plain(line)), nil
			}
			dst = append(dst, c.plain(line[:i]))
			line = line[i+1:]
		}
	}
	if cap(c.scratch) < len(line) {
		c.scratch = make([]byte, 0, 2*len(line))
	}
	c.scratch = c.scratch[:0]
	for i := 0; ; i++ {
		from, quoted := len(c.scratch), false
		for ; i < len(line) && line[i] != c.delimiter; i++ {
			if line[i] != c.quote {
				c.scratch = append(c.scratch, line[i])
				continue
			}
			quoted = true
			if i = c.quoted(line, i+1); i >= len(line) {
				return nil, result.Errorf("22P04", "unterminated CSV quoted field")
			}
		}
		text := c.scratch[from:]
		dst = append(dst, field{text: text, null: !quoted && string(text) == c.null})
		if i >= len(line) {
			return dst, nil
		}
	}
}

// quoted decodes what stands in quotes from i on and returns where the closing
// quote is.
func (c *csvSplitter) quoted(line []byte, i int) int {
	for ; i < len(line); i++ {
		if line[i] == c.escape && i+1 < len(line) && (line[i+1] == c.quote || line[i+1] == c.escape) {
			i++
			c.scratch = append(c.scratch, line[i])
			continue
		}
		if line[i] == c.quote {
			return i
		}
		c.scratch = append(c.scratch, line[i])
	}
	return i
}

func (c *csvSplitter) plain(raw []byte) field {
	if string(raw) == c.null {
		return field{null: true}
	}
	return field{text: raw}
}
