package system

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// A value is nil (NULL), bool, int64 (integers, oids, dates, timestamps),
// float64, batch.Decimal, batch.Span, string or []any (an array). Its type, an
// OID, is known when a query is compiled.

var arrayOf = map[uint32]uint32{
	result.OIDBool: result.OIDBoolArray, result.OIDChar: result.OIDCharArray, result.OIDName: result.OIDNameArray,
	result.OIDInt2: result.OIDInt2Array, result.OIDInt4: result.OIDInt4Array, result.OIDInt8: result.OIDInt8Array,
	result.OIDText: result.OIDTextArray, result.OIDUnknown: result.OIDTextArray, result.OIDVarchar: result.OIDTextArray,
	result.OIDOid: result.OIDOidArray, result.OIDFloat4: 1021, result.OIDFloat8: 1022, result.OIDNumeric: 1231,
	result.OIDDate: 1182, result.OIDTimestamp: 1115, result.OIDTimestampTZ: 1185, result.OIDInterval: 1187,
	result.OIDRegclass: 2210, result.OIDRegtype: 2211,
}

var elementOf = map[uint32]uint32{
	result.OIDBoolArray: result.OIDBool, result.OIDCharArray: result.OIDChar, result.OIDNameArray: result.OIDName,
	result.OIDInt2Array: result.OIDInt2, result.OIDInt4Array: result.OIDInt4, result.OIDInt8Array: result.OIDInt8,
	result.OIDTextArray: result.OIDText, result.OIDOidArray: result.OIDOid, result.OIDInt2Vector: result.OIDInt2,
	result.OIDOidVector: result.OIDOid, result.OIDAclArray: result.OIDText,
	1021: result.OIDFloat4, 1022: result.OIDFloat8, 1231: result.OIDNumeric, 1182: result.OIDDate,
	1115: result.OIDTimestamp, 1185: result.OIDTimestampTZ, 1187: result.OIDInterval,
	2210: result.OIDRegclass, 2211: result.OIDRegtype,
}

func isArray(t uint32) bool { return elementOf[t] != 0 }

func isText(t uint32) bool {
	switch t {
	case result.OIDText, result.OIDName, result.OIDChar, result.OIDVarchar, result.OIDBpchar, result.OIDUnknown,
		result.OIDNodeTree:
		return true
	}
	return false
}

func isInt(t uint32) bool {
	switch t {
	case result.OIDInt2, result.OIDInt4, result.OIDInt8:
		return true
	}
	return isReg(t) || t == result.OIDOid
}

// isReg: an oid that prints as the name of what it stands for.
func isReg(t uint32) bool {
	return t == result.OIDRegclass || t == result.OIDRegtype || t == result.OIDRegproc || t == result.OIDRegnsp
}

func isNumber(t uint32) bool {
	return isInt(t) || t == result.OIDFloat4 || t == result.OIDFloat8 || t == result.OIDNumeric
}

func isTime(t uint32) bool {
	return t == result.OIDDate || t == result.OIDTimestamp || t == result.OIDTimestampTZ
}

// text prints a value as PostgreSQL does.
func (c *compiler) text(v any, typ uint32) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "t"
		}
		return "f"
	case int64:
		return c.intText(v, typ)
	case float64:
		return floatText(v, typ)
	case batch.Decimal:
		return v.String()
	case batch.Span:
		return string(v.AppendText(nil))
	case []any:
		return c.arrayText(v, typ)
	}
	return fmt.Sprint(v)
}

func (c *compiler) intText(v int64, typ uint32) string {
	switch typ {
	case result.OIDDate:
		return string(batch.AppendDate(nil, v))
	case result.OIDTimestamp:
		return string(batch.AppendTimestamp(nil, v))
	case result.OIDTimestampTZ:
		return string(batch.AppendTimestampTZ(nil, v, c.env.Zone))
	case result.OIDRegclass:
		return c.env.className(uint32(v))
	case result.OIDRegtype:
		return formatType(uint32(v), -1)
	case result.OIDRegnsp:
		return namespaceName(v)
	}
	return strconv.FormatInt(v, 10)
}

func floatText(v float64, typ uint32) string {
	kind := batch.Float64
	if typ == result.OIDFloat4 {
		kind = batch.Float32
	}
	return string(batch.AppendFloat(nil, v, kind))
}

func (c *compiler) arrayText(items []any, typ uint32) string {
	if typ == result.OIDInt2Vector || typ == result.OIDOidVector {
		parts := make([]string, len(items))
		for i, x := range items {
			parts[i] = c.text(x, elementOf[typ])
		}
		return strings.Join(parts, " ")
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, x := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		if x == nil {
			b.WriteString("NULL")
			continue
		}
		b.WriteString(quoteElement(c.text(x, elementOf[typ])))
	}
	b.WriteByte('}')
	return b.String()
}

func quoteElement(s string) string {
	if s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{},\"\\ \t\n\r\v\f") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// parseArray takes {a,"b c",NULL} apart; elements are parsed as elem.
func (c *compiler) parseArray(s string, elem uint32) ([]any, error) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return nil, result.Errorf(result.CodeInvalidText, "malformed array literal: %q", s)
	}
	items := []any{}
	var item strings.Builder
	quoted, inside := false, false
	for i := 1; i < len(s) && s != "{}"; i++ {
		switch b := s[i]; {
		case b == '\\' && i+1 < len(s):
			i++
			item.WriteByte(s[i])
		case b == '"':
			inside, quoted = !inside, true
		case (b == ',' || b == '}') && !inside:
			if !quoted && strings.EqualFold(item.String(), "null") {
				items = append(items, nil)
			} else {
				v, err := c.cast(item.String(), result.OIDUnknown, elem)
				if err != nil {
					return nil, err
				}
				items = append(items, v)
			}
			item.Reset()
			quoted = false
		default:
			item.WriteByte(b)
		}
	}
	return items, nil
}

// compare orders two values of one type, NULLs excluded.
func compare(a, b any) int {
	switch a := a.(type) {
	case bool:
		return btoi(a) - btoi(b.(bool))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return batch.CompareFloat(a, b.(float64))
	case string:
		return strings.Compare(a, b.(string))
	case batch.Decimal:
		return a.Cmp(b.(batch.Decimal))
	case batch.Span:
		return a.Cmp(b.(batch.Span))
	case []any:
		return compareArrays(a, b.([]any))
	}
	return 0
}

func compareArrays(a, b []any) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil:
			return 1
		case b[i] == nil:
			return -1
		default:
			if d := compare(a[i], b[i]); d != 0 {
				return d
			}
		}
	}
	return len(a) - len(b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
