package pgwire

import (
	"encoding/binary"
	"strconv"

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
