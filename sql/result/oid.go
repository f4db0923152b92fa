package result

import "github.com/dirigo-stream/dirigo/exec/batch"

// The OIDs of PostgreSQL's types, from pg_type.dat.
const (
	OIDBool         uint32 = 16
	OIDBytea        uint32 = 17
	OIDChar         uint32 = 18
	OIDName         uint32 = 19
	OIDInt8         uint32 = 20
	OIDInt2         uint32 = 21
	OIDInt2Vector   uint32 = 22
	OIDInt4         uint32 = 23
	OIDRegproc      uint32 = 24
	OIDText         uint32 = 25
	OIDOid          uint32 = 26
	OIDOidVector    uint32 = 30
	OIDNodeTree     uint32 = 194
	OIDFloat4       uint32 = 700
	OIDFloat8       uint32 = 701
	OIDUnknown      uint32 = 705
	OIDBoolArray    uint32 = 1000
	OIDCharArray    uint32 = 1002
	OIDNameArray    uint32 = 1003
	OIDInt2Array    uint32 = 1005
	OIDInt4Array    uint32 = 1007
	OIDTextArray    uint32 = 1009
	OIDInt8Array    uint32 = 1016
	OIDOidArray     uint32 = 1028
	OIDAclArray     uint32 = 1034
	OIDBpchar       uint32 = 1042
	OIDVarchar      uint32 = 1043
	OIDDate         uint32 = 1082
	OIDTime         uint32 = 1083
	OIDTimestamp    uint32 = 1114
	OIDTimestampTZ  uint32 = 1184
	OIDInterval     uint32 = 1186
	OIDNumeric      uint32 = 1700
	OIDRegclass     uint32 = 2205
	OIDRegtype      uint32 = 2206
	OIDRegnsp       uint32 = 4089
	OIDUUID         uint32 = 2950
	OIDJSONB        uint32 = 3802
	OIDVarcharArray uint32 = 1015
)

var oidOfKind = [...]uint32{
	batch.Unknown: OIDText, batch.Bool: OIDBool, batch.Int16: OIDInt2, batch.Int32: OIDInt4,
	batch.Int64: OIDInt8, batch.Float32: OIDFloat4, batch.Float64: OIDFloat8,
	batch.Numeric: OIDNumeric, batch.Text: OIDText, batch.Date: OIDDate,
	batch.Timestamp: OIDTimestamp, batch.TimestampTZ: OIDTimestampTZ, batch.Interval: OIDInterval,
	batch.Time: OIDTime, batch.Bytea: OIDBytea, batch.JSONB: OIDJSONB, batch.UUID: OIDUUID,
}

const oidBpcharArray uint32 = 1014

var oidOfArray = map[batch.Kind]uint32{
	batch.Bool: OIDBoolArray, batch.Int16: OIDInt2Array, batch.Int32: OIDInt4Array, batch.Int64: OIDInt8Array,
	batch.Float32: 1021, batch.Float64: 1022, batch.Numeric: 1231, batch.Text: OIDTextArray, batch.Date: 1182,
	batch.Timestamp: 1115, batch.TimestampTZ: 1185, batch.Interval: 1187, batch.Time: 1183, batch.Bytea: 1001,
	batch.JSONB: 3807, batch.UUID: 2951,
}

// OID returns the OID of t.
func OID(t batch.Type) uint32 {
	if t.IsChar() {
		return OIDBpchar
	}
	if t.Kind == batch.Text && t.Precision > 0 {
		return OIDVarchar
	}
	if t.Kind == batch.Array {
		if t.ElemType().IsChar() {
			return oidBpcharArray
		}
		if t.Elem == batch.Text && t.Precision > 0 {
			return OIDVarcharArray
		}
		return oidOfArray[t.Elem]
	}
	if int(t.Kind) < len(oidOfKind) {
		return oidOfKind[t.Kind]
	}
	return OIDText
}

var kindOfOID = map[uint32]batch.Kind{
	OIDBool: batch.Bool, OIDInt2: batch.Int16, OIDInt4: batch.Int32, OIDInt8: batch.Int64,
	OIDOid: batch.Int64, OIDFloat4: batch.Float32, OIDFloat8: batch.Float64, OIDNumeric: batch.Numeric,
	OIDText: batch.Text, OIDVarchar: batch.Text, OIDBpchar: batch.Text, OIDName: batch.Text, OIDChar: batch.Text,
	OIDDate: batch.Date, OIDTimestamp: batch.Timestamp, OIDTimestampTZ: batch.TimestampTZ,
	OIDInterval: batch.Interval, OIDUnknown: batch.Unknown, 0: batch.Unknown,
}

// TypeOf returns the type of values that clients send as oid; false for a type
// that is not supported.
func TypeOf(oid uint32) (batch.Type, bool) {
	if k, ok := kindOfOID[oid]; ok {
		return batch.T(k), true
	}
	switch oid {
	case OIDTime:
		return batch.T(batch.Time), true
	case OIDBytea:
		return batch.T(batch.Bytea), true
	case OIDJSONB:
		return batch.T(batch.JSONB), true
	case OIDUUID:
		return batch.T(batch.UUID), true
	}
	if elem, ok := elemOf[oid]; ok {
		return batch.ArrayOf(batch.T(elem)), true
	}
	return batch.Type{}, false
}

var elemOf = func() map[uint32]batch.Kind {
	out := map[uint32]batch.Kind{OIDVarcharArray: batch.Text, oidBpcharArray: batch.Text}
	for k, oid := range oidOfArray {
		out[oid] = k
	}
	return out
}()

// KindOf returns the kind in which values of a type travel in the system
// catalogs; false for a type that does not occur there.
func KindOf(oid uint32) (batch.Kind, bool) {
	k, ok := kindOfOID[oid]
	return k, ok
}

// Size returns what pg_type.typlen says: bytes, or -1 for a varying length.
func Size(oid uint32) int16 {
	switch oid {
	case OIDBool, OIDChar:
		return 1
	case OIDInt2:
		return 2
	case OIDInt4, OIDFloat4, OIDDate, OIDOid, OIDRegclass, OIDRegtype, OIDRegproc, OIDRegnsp:
		return 4
	case OIDInt8, OIDFloat8, OIDTimestamp, OIDTimestampTZ, OIDTime:
		return 8
	case OIDInterval, OIDUUID:
		return 16
	case OIDName:
		return 64
	case OIDUnknown:
		return -2
	}
	return -1
}

// Modifier returns what pg_attribute.atttypmod says of t; -1: none.
func Modifier(t batch.Type) int32 {
	if t.Kind == batch.Array {
		t = t.ElemType()
	}
	switch {
	case t.Precision <= 0:
		return -1
	case t.Kind == batch.Numeric:
		return int32(t.Precision)<<16 | int32(uint16(t.Scale)&0x7ff) + 4
	case t.Kind == batch.Text:
		return int32(t.Precision) + 4
	}
	return -1
}
