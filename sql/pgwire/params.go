package pgwire

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// params returns the values of a Bind as text.
func params(m *pgproto3.Bind, types []uint32) ([]result.Param, error) {
	if len(m.Parameters) != len(types) {
		return nil, result.Errorf(result.CodeProtocol,
			"bind message supplies %d parameters, but prepared statement %q requires %d", len(m.Parameters), m.PreparedStatement, len(types))
	}
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(types) {
		return nil, result.Errorf(result.CodeProtocol, "bind message has %d parameter formats but %d parameters", n, len(types))
	}
	out := make([]result.Param, len(types))
	for i, value := range m.Parameters {
		if value == nil {
			out[i].Null = true
			continue
		}
		text, err := paramText(value, types[i], formatOf(m.ParameterFormatCodes, i))
		if err != nil {
			return nil, err
		}
		if !utf8.ValidString(text) {
			return nil, result.Errorf("22021", "invalid byte sequence for encoding \"UTF8\" in parameter $%d", i+1)
		}
		out[i].Text = text
	}
	return out, nil
}

func formatOf(codes []int16, i int) int16 {
	switch len(codes) {
	case 0:
		return 0
	case 1:
		return codes[0]
	}
	return codes[i]
}

func paramText(v []byte, oid uint32, format int16) (string, error) {
	switch format {
	case 0:
		return string(v), nil
	case 1:
		return binaryText(v, oid)
	}
	return "", result.Errorf(result.CodeProtocol, "unsupported format code: %d", format)
}

// binaryText returns the text of a binary value.
func binaryText(v []byte, oid uint32) (string, error) {
	if size := result.Size(oid); size > 0 && oid != result.OIDName && len(v) != int(size) {
		return "", result.Errorf("22P03", "incorrect binary data format: %d bytes for type %d", len(v), oid)
	}
	big := binary.BigEndian
	switch oid {
	case result.OIDText, result.OIDVarchar, result.OIDName, result.OIDChar, result.OIDBpchar, result.OIDUnknown, 0:
		return string(v), nil
	case result.OIDBool:
		return strconv.FormatBool(v[0] != 0), nil
	case result.OIDInt2:
		return strconv.Itoa(int(int16(big.Uint16(v)))), nil
	case result.OIDInt4:
		return strconv.Itoa(int(int32(big.Uint32(v)))), nil
	case result.OIDInt8:
		return strconv.FormatInt(int64(big.Uint64(v)), 10), nil
	case result.OIDOid, result.OIDRegclass, result.OIDRegtype:
		return strconv.FormatUint(uint64(big.Uint32(v)), 10), nil
	case result.OIDFloat4:
		return string(batch.AppendFloat(nil, float64(math.Float32frombits(big.Uint32(v))), batch.Float32)), nil
	case result.OIDFloat8:
		return string(batch.AppendFloat(nil, math.Float64frombits(big.Uint64(v)), batch.Float64)), nil
	case result.OIDNumeric:
		text, err := numericText(v)
		if err != nil {
			return "", result.Errorf("22P03", "%s", err)
		}
		return text, nil
	case result.OIDDate:
		return string(batch.AppendDate(nil, dateOf(int32(big.Uint32(v))))), nil
	case result.OIDTimestamp:
		return string(batch.AppendTimestamp(nil, timeOf(int64(big.Uint64(v))))), nil
	case result.OIDTimestampTZ:
		return string(batch.AppendTimestampTZ(nil, timeOf(int64(big.Uint64(v))), nil)), nil
	case result.OIDTime:
		return string(batch.AppendTime(nil, min(max(int64(big.Uint64(v)), 0), batch.Day))), nil
	case result.OIDBytea:
		return string(batch.AppendBytea(nil, v)), nil
	case result.OIDUUID:
		return string(batch.AppendUUID(nil, v)), nil
	case result.OIDJSONB:
		if len(v) == 0 || v[0] != 1 {
			return "", result.Errorf("XX000", "unsupported jsonb version number")
		}
		return string(v[1:]), nil
	case result.OIDInterval:
		s := batch.Span{Micros: int64(big.Uint64(v)), Days: int32(big.Uint32(v[8:])), Months: int32(big.Uint32(v[12:]))}
		return string(s.AppendText(nil)), nil
	}
	if t, ok := result.TypeOf(oid); ok && t.Kind == batch.Array {
		return arrayText(v, oid)
	}
	return "", result.Errorf(result.CodeUnsupported, "binary parameters of type %d are not supported", oid).
		WithHint("Send it as text.")
}

// dateOf and timeOf undo binaryDate and binaryTime.
func dateOf(days int32) int64 {
	switch days {
	case math.MaxInt32:
		return math.MaxInt64
	case math.MinInt32:
		return math.MinInt64
	}
	return int64(days) + epochDays
}

func timeOf(micros int64) int64 {
	if micros == math.MaxInt64 || micros == math.MinInt64 || micros > math.MaxInt64-epochMicros {
		return micros
	}
	return micros + epochMicros
}
