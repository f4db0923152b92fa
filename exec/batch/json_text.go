package batch

// AppendText appends j as PostgreSQL prints jsonb: {"a": 1, "b": [2, 3]}.
func (j JSON) AppendText(dst []byte) []byte {
	dst, _ = j.print(dst)
	return dst
}

// print appends j and returns what stands behind it: it walks over the nodes
// once, however deep they lie.
func (j JSON) print(dst []byte) ([]byte, JSON) {
	rest := j
	switch tag := j.node[0]; tag {
	case nodeArray, nodeObject:
		n, size := readCount(j.node[1:])
		rest.node = j.node[1+size:]
		return rest.printMembers(dst, n, tag == nodeObject)
	case nodeString:
		dst = AppendQuoted(dst, j.Str())
	case nodeNumber:
		dst = j.Number().AppendText(dst)
		rest.first++
	case nodeTrue:
		dst = append(dst, "true"...)
	case nodeFalse:
		dst = append(dst, "false"...)
	default:
		dst = append(dst, "null"...)
	}
	rest.node = j.node[sizeScalar(j.node):]
	return dst, rest
}

func (j JSON) printMembers(dst []byte, n int, object bool) ([]byte, JSON) {
	open, end := byte('['), byte(']')
	if object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i := range n {
		if i > 0 {
			dst = append(dst, ',', ' ')
		}
		if object {
			key := JSON{node: j.node}.member()
			dst = append(AppendQuoted(dst, key), ':', ' ')
			j.node = j.node[len(key)+1:]
		}
		dst, j = j.print(dst)
	}
	return append(dst, end), j
}

// member returns the key at the head of j's bytes.
func (j JSON) member() []byte {
	end := 0
	for j.node[end] != 0 {
		end++
	}
	return j.node[:end]
}

// AppendPlain appends j as ->> gives it: strings without quotes.
func (j JSON) AppendPlain(dst []byte) []byte {
	if j.Kind() == JSONString {
		return append(dst, j.Str()...)
	}
	return j.AppendText(dst)
}

const hexDigits = "0123456789abcdef"

// AppendQuoted appends s as a JSON string.
func AppendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// AppendPretty appends j as jsonb_pretty prints it.
func (j JSON) AppendPretty(dst []byte, indent int) []byte {
	if j.Kind() < JSONArray {
		return j.AppendText(dst)
	}
	object := j.Kind() == JSONObject
	open, end := byte('['), byte(']')
	if object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	it := j.Iter()
	for first := true; ; first = false {
		key, v, ok := it.Next()
		if !ok {
			break
		}
		if !first {
			dst = append(dst, ',')
		}
		dst = newLine(dst, indent+4)
		if object {
			dst = append(AppendQuoted(dst, key), ':', ' ')
		}
		dst = v.AppendPretty(dst, indent+4)
	}
	return append(newLine(dst, indent), end)
}

func newLine(dst []byte, indent int) []byte {
	dst = append(dst, '\n')
	for range indent {
		dst = append(dst, ' ')
	}
	return dst
}
