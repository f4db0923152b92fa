package system

import (
	"math"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

var typeNames = map[string]uint32{
	"bool": result.OIDBool, "boolean": result.OIDBool, "int2": result.OIDInt2, "smallint": result.OIDInt2,
	"int4": result.OIDInt4, "int": result.OIDInt4, "integer": result.OIDInt4, "int8": result.OIDInt8,
	"bigint": result.OIDInt8, "float4": result.OIDFloat4, "real": result.OIDFloat4, "float8": result.OIDFloat8,
	"numeric": result.OIDNumeric, "text": result.OIDText, "varchar": result.OIDVarchar, "bpchar": result.OIDBpchar,
	"character varying": result.OIDVarchar, "double precision": result.OIDFloat8,
	"name": result.OIDName, "char": result.OIDChar, "date": result.OIDDate, "timestamp": result.OIDTimestamp,
	"timestamp without time zone": result.OIDTimestamp, "timestamp with time zone": result.OIDTimestampTZ,
	"timestamptz": result.OIDTimestampTZ, "interval": result.OIDInterval, "oid": result.OIDOid,
	"regclass": result.OIDRegclass, "regtype": result.OIDRegtype, "regnamespace": result.OIDRegnsp,
	"regproc": result.OIDName, "int2vector": result.OIDInt2Vector, "oidvector": result.OIDOidVector,
	"unknown": result.OIDUnknown, "pg_node_tree": result.OIDNodeTree,
	"sql_identifier": result.OIDName, "character_data": result.OIDVarchar, "cardinal_number": result.OIDInt4,
	"yes_or_no": result.OIDVarchar,
}

func typeOf(t ast.TypeName) (uint32, error) {
	oid, ok := typeNames[t.Name]
	if ok && t.Dims > 0 {
		oid, ok = arrayOf[oid], arrayOf[oid] != 0
	}
	if !ok {
		e := result.Errorf(result.CodeUndefinedObject, "type %q does not exist", t.Name)
		return 0, at(e, t.Pos)
	}
	return oid, nil
}

// cast converts a value between types; NULL stays NULL.
func (c *compiler) cast(v any, from, to uint32) (any, error) {
	if v == nil || from == to {
		return v, nil
	}
	if s, ok := v.(string); ok {
		return c.parse(s, to)
	}
	switch {
	case isText(to):
		if b, ok := v.(bool); ok {
			return strconv.FormatBool(b), nil
		}
		return c.text(v, from), nil
	case isArray(from) && isArray(to):
		return c.castItems(v.([]any), elementOf[from], elementOf[to])
	case isNumber(from) && isNumber(to):
		return castNumber(v, to)
	case from == result.OIDBool && to == result.OIDInt4:
		return int64(btoi(v.(bool))), nil
	case isInt(from) && to == result.OIDBool:
		return v.(int64) != 0, nil
	case isTime(from) && isTime(to):
		return c.castTime(v.(int64), from, to), nil
	}
	return nil, result.Errorf("42846", "cannot cast type %s to %s", formatType(from, -1), formatType(to, -1))
}

func (c *compiler) castItems(items []any, from, to uint32) (any, error) {
	out := make([]any, len(items))
	for i, x := range items {
		var err error
		if out[i], err = c.cast(x, from, to); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func castNumber(v any, to uint32) (any, error) {
	switch {
	case to == result.OIDNumeric:
		return decimal(v), nil
	case to == result.OIDFloat4 || to == result.OIDFloat8:
		return float(v), nil
	}
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case float64:
		n = int64(math.RoundToEven(v))
	case batch.Decimal:
		var ok bool
		if n, ok = v.Round(0).Int(); !ok {
			return nil, result.Errorf("22003", "bigint out of range")
		}
	}
	lo, hi := intRange(to)
	if n < lo || n > hi {
		return nil, result.Errorf("22003", "%s out of range", formatType(to, -1))
	}
	return n, nil
}

func intRange(t uint32) (lo, hi int64) {
	switch t {
	case result.OIDInt2:
		return math.MinInt16, math.MaxInt16
	case result.OIDInt4:
		return math.MinInt32, math.MaxInt32
	case result.OIDInt8:
		return math.MinInt64, math.MaxInt64
	}
	return 0, math.MaxUint32
}

func float(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case batch.Decimal:
		return v.Float()
	}
	return v.(float64)
}

func decimal(v any) batch.Decimal {
	switch v := v.(type) {
	case int64:
		return batch.DecimalFromInt(v)
	case float64:
		return batch.DecimalFromFloat(v, 15)
	}
	return v.(batch.Decimal)
}

func (c *compiler) castTime(v int64, from, to uint32) int64 {
	switch {
	case from == result.OIDDate:
		v *= 86400e6
		if to == result.OIDTimestampTZ {
			v = batch.UTC(v, c.env.Zone)
		}
	case from == result.OIDTimestampTZ:
		v = batch.Local(v, c.env.Zone)
	case to == result.OIDTimestampTZ:
		v = batch.UTC(v, c.env.Zone)
	}
	if to == result.OIDDate {
		days, _ := batch.SplitMicros(v)
		return days
	}
	return v
}

// parse reads a text as a value of a type.
func (c *compiler) parse(s string, to uint32) (any, error) {
	invalid := func(err error) (any, error) {
		if err != nil {
			return nil, result.Errorf(result.CodeInvalidText, "%s", err)
		}
		return nil, result.Errorf(result.CodeInvalidText, "invalid input syntax for type %s: %q", formatType(to, -1), s)
	}
	trimmed := strings.TrimSpace(s)
	switch {
	case to == result.OIDChar && len(s) > 1:
		return s[:1], nil
	case isText(to):
		return s, nil
	case to == result.OIDRegclass, to == result.OIDRegtype, to == result.OIDRegnsp:
		return c.lookup(trimmed, to)
	case isInt(to):
		n, err := strconv.ParseInt(trimmed, 10, 64)
		if lo, hi := intRange(to); err != nil || n < lo || n > hi {
			return invalid(nil)
		}
		return n, nil
	case isArray(to):
		return c.parseArray(s, elementOf[to])
	}
	switch to {
	case result.OIDBool:
		if v, ok := parseBool(trimmed); ok {
			return v, nil
		}
		return invalid(nil)
	case result.OIDFloat4, result.OIDFloat8:
		f, err := strconv.ParseFloat(trimmed, 64)
		if err != nil {
			return invalid(nil)
		}
		return f, nil
	case result.OIDNumeric:
		d, err := batch.ParseDecimal([]byte(trimmed))
		if err != nil {
			return invalid(nil)
		}
		return d, nil
	}
	v, err := c.parseTime(trimmed, to)
	if err != nil {
		return invalid(err)
	}
	return v, nil
}

func (c *compiler) parseTime(s string, to uint32) (any, error) {
	switch to {
	case result.OIDDate:
		return batch.ParseDate([]byte(s))
	case result.OIDTimestamp:
		return batch.ParseTimestamp([]byte(s))
	case result.OIDTimestampTZ:
		return batch.ParseTimestampTZ([]byte(s), c.env.Zone)
	case result.OIDInterval:
		return batch.ParseSpan([]byte(s))
	}
	return nil, result.Errorf(result.CodeUnsupported, "no input for type %s", formatType(to, -1))
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "t", "true", "y", "yes", "on", "1":
		return true, true
	case "f", "false", "n", "no", "off", "0":
		return false, true
	}
	return false, false
}

// lookup finds what a name in a reg… literal stands for; digits are an oid.
func (c *compiler) lookup(s string, to uint32) (any, error) {
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return int64(n), nil
	}
	switch to {
	case result.OIDRegclass:
		if oid := c.env.classOID(s); oid != 0 {
			return int64(oid), nil
		}
		return nil, result.Errorf(result.CodeUndefinedTable, "relation %q does not exist", s)
	case result.OIDRegnsp:
		if oid := namespaceOID(unquote(s)); oid != 0 {
			return oid, nil
		}
		return nil, result.Errorf("3F000", "schema %q does not exist", s)
	}
	name := strings.TrimPrefix(strings.ToLower(s), "pg_catalog.")
	base, array := strings.CutSuffix(name, "[]")
	oid := typeNames[base]
	if array {
		oid = arrayOf[oid]
	}
	if oid == 0 {
		return nil, result.Errorf(result.CodeUndefinedObject, "type %q does not exist", s)
	}
	return int64(oid), nil
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return strings.ToLower(s)
}

// TypeOID returns the OID of a type as written.
func TypeOID(t ast.TypeName) (uint32, error) { return typeOf(t) }
