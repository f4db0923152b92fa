package pgwire

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// elements are the element types of the arrays that system catalogs hold.
// Their values travel as text, {a,b}.
var elements = map[uint32]uint32{
	result.OIDTextArray: result.OIDText, result.OIDNameArray: result.OIDName,
	result.OIDCharArray: result.OIDChar, result.OIDInt2Array: result.OIDInt2,
	result.OIDInt4Array: result.OIDInt4, result.OIDInt8Array: result.OIDInt8,
	result.OIDOidArray: result.OIDOid, result.OIDAclArray: result.OIDText,
}

// appendArray writes the array with this text in binary, as array_send does.
func appendArray(dst, text []byte, elem uint32) []byte {
	items, nulls := splitArray(text)
	big := binary.BigEndian
	hasNull := uint32(0)
	for _, null := range nulls {
		if null {
			hasNull = 1
		}
	}
	if len(items) == 0 {
		dst = big.AppendUint32(dst, 0)
		dst = big.AppendUint32(dst, 0)
		return big.AppendUint32(dst, elem)
	}
	for _, word := range []uint32{1, hasNull, elem, uint32(len(items)), 1} {
		dst = big.AppendUint32(dst, word)
	}
	for i, item := range items {
		if nulls[i] {
			dst = big.AppendUint32(dst, 0xffffffff)
			continue
		}
		start := len(dst)
		dst = appendElement(big.AppendUint32(dst, 0), item, elem)
		big.PutUint32(dst[start:], uint32(len(dst)-start-4))
	}
	return dst
}

func appendElement(dst []byte, item string, elem uint32) []byte {
	n, _ := strconv.ParseInt(item, 10, 64)
	switch elem {
	case result.OIDInt2:
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	case result.OIDInt4, result.OIDOid:
		return binary.BigEndian.AppendUint32(dst, uint32(n))
	case result.OIDInt8:
		return binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, item...)
}

// putArray writes arrays of type elem in binary, as array_send does.
func putArray(v *batch.TextVec, elem batch.Type, zone *time.Location) func([]byte, int) []byte {
	as := result.Column{Type: elem}
	big := binary.BigEndian
	return func(dst []byte, row int) []byte {
		items := batch.New(elem.Kind, 8)
		n := batch.AppendElems(items, v.At(row), elem.Kind)
		dims, hasNull := uint32(1), uint32(0)
		if n == 0 {
			dims = 0
		}
		if slices.Contains(items.Nulls(), true) {
			hasNull = 1
		}
		for _, word := range []uint32{dims, hasNull, as.TypeOID()} {
			dst = big.AppendUint32(dst, word)
		}
		if n == 0 {
			return dst
		}
		dst = big.AppendUint32(big.AppendUint32(dst, uint32(n)), 1)
		c := newCell(items, as, true, zone)
		for i := range n {
			dst = c.field(dst, i)
		}
		return dst
	}
}

// arrayText returns the text of a binary array.
func arrayText(v []byte, oid uint32) (string, error) {
	bad := result.Errorf("22P03", "incorrect binary data format: array of type %d", oid)
	t, ok := result.TypeOf(oid)
	if !ok || t.Kind != batch.Array || len(v) < 12 {
		return "", bad
	}
	dims, elem, v := binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[8:]), v[12:]
	switch {
	case dims == 0 && len(v) == 0:
		return "{}", nil
	case dims > 1:
		return "", result.Errorf(result.CodeUnsupported, "arrays of more than one dimension are not supported")
	case len(v) < 8 || binary.BigEndian.Uint32(v) > uint32(len(v))/4:
		return "", bad
	}
	n := binary.BigEndian.Uint32(v)
	v = v[8:]
	out := []byte{'{'}
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		if len(v) < 4 {
			return "", bad
		}
		size := int32(binary.BigEndian.Uint32(v))
		v = v[4:]
		if size < 0 {
			out = append(out, "NULL"...)
			continue
		}
		if int(size) > len(v) {
			return "", bad
		}
		text, err := binaryText(v[:size], elem)
		if err != nil {
			return "", err
		}
		out = quoted(out, text)
		v = v[size:]
	}
	if len(v) > 0 {
		return "", bad
	}
	return string(append(out, '}')), nil
}

func quoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// splitArray takes {a,"b c",NULL} apart.
func splitArray(text []byte) (items []string, nulls []bool) {
	if len(text) < 2 || string(text) == "{}" {
		return nil, nil
	}
	var item []byte
	quoted, inside := false, false
	for i := 1; i < len(text); i++ {
		b := text[i]
		switch {
		case b == '\\' && i+1 < len(text):
			i++
			item = append(item, text[i])
		case b == '"':
			inside, quoted = !inside, true
		case (b == ',' || b == '}') && !inside:
			items = append(items, string(item))
			nulls = append(nulls, !quoted && string(item) == "NULL")
			item, quoted = item[:0], false
		default:
			item = append(item, b)
		}
	}
	return items, nulls
}
