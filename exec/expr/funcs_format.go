package expr

import (
	"bytes"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

func concat(n *Node) rowFunc {
	types := typesOf(n.Args)
	return func(f *frame) {
		for i, t := range types {
			if !f.isNull(i) {
				f.buf = appendOutText(f.buf, f, i, t)
			}
		}
	}
}

func concatWS(n *Node) rowFunc {
	types := typesOf(n.Args)
	return func(f *frame) {
		if f.isNull(0) {
			f.setNull()
			return
		}
		first := true
		for i, t := range types[1:] {
			if f.isNull(i + 1) {
				continue
			}
			if !first {
				f.setBytes(f.text(0))
			}
			first = false
			f.buf = appendOutText(f.buf, f, i+1, t)
		}
	}
}

// appendOutText appends an argument as it is sent to a client: t and f.
func appendOutText(dst []byte, f *frame, i int, t batch.Type) []byte {
	if t.Kind == batch.Bool {
		return batch.AppendBool(dst, f.bool(i))
	}
	return appendCastText(dst, f, i, t)
}

// format is format(pattern, …) with %s, %I, %L and %%.
func format(n *Node) rowFunc {
	types := typesOf(n.Args)
	return func(f *frame) {
		if f.isNull(0) {
			f.setNull()
			return
		}
		next := 1
		p := f.text(0)
		for len(p) > 0 {
			at := bytes.IndexByte(p, '%')
			if at < 0 || at == len(p)-1 {
				break
			}
			f.setBytes(p[:at])
			verb := p[at+1]
			p = p[at+2:]
			if verb == '%' {
				f.setText("%")
				continue
			}
			if next >= len(types) {
				f.fail(errorf("22023", "too few arguments for format()"))
				return
			}
			if !formatOne(f, verb, next, types[next]) {
				return
			}
			next++
		}
		if len(p) > 0 && p[len(p)-1] == '%' && len(p) == 1 {
			f.fail(&Error{Code: "22023", Message: "unterminated format() type specifier", Hint: "For a single \"%\" use \"%%\"."})
			return
		}
		f.setBytes(p)
	}
}

func formatOne(f *frame, verb byte, i int, t batch.Type) bool {
	var s []byte
	null := f.isNull(i)
	if !null {
		s = appendOutText(nil, f, i, t)
	}
	switch {
	case verb == 's':
	case verb == 'L' && null:
		s = []byte("NULL")
	case verb == 'L':
		s = quoteLiteral(s)
	case verb == 'I' && null:
		f.fail(errorf("22004", "null values cannot be formatted as an SQL identifier"))
		return false
	case verb == 'I':
		s = quoteIdent(s)
	default:
		f.fail(errorf("22023", "unrecognized format() type specifier \"%s\"", string(verb)))
		return false
	}
	f.setBytes(s)
	return true
}
