package batch

import "fmt"

// Kind is an SQL type without its modifiers.
type Kind uint8

// The kinds. Their numbers are stored in catalogs and blocks and never change.
const (
	Unknown Kind = 0 // NULL or a quoted literal that has not met a type yet
	Bool    Kind = 1
	Int16   Kind = 2
	Int32   Kind = 3
	Int64   Kind = 4
	Float32 Kind = 5
	Float64 Kind = 6
	Numeric Kind = 7
	Text    Kind = 8 // TEXT, VARCHAR(n) with Precision n, and CHAR(n), see Char
	Date    Kind = 9 // days since 1970-01-01
	// Timestamp and TimestampTZ are microseconds since 1970-01-01 00:00:00 (UTC).
	Timestamp   Kind = 10
	TimestampTZ Kind = 11
	Interval    Kind = 12
	Time        Kind = 13 // microseconds since midnight, 24:00 included
	Bytea       Kind = 14
	JSONB       Kind = 15
	UUID        Kind = 16
	Array       Kind = 17 // one dimension of Type.Elem
)

// Known tells whether there is a kind k.
func (k Kind) Known() bool { return k <= Array }

// Rep says how a kind lies in memory: which column type carries it.
type Rep uint8

// The representations: Vec[bool], Vec[int64], Vec[float64], Vec[Decimal],
// *TextVec, Vec[Span], and *TextVec again for values that are bytes and no
// text: as they are (BYTEA, UUID) or encoded so that their bytes order as the
// values do (JSONB, arrays; see TextVec.Tailed).
const (
	RepBool Rep = iota
	RepInt
	RepFloat
	RepDecimal
	RepText
	RepSpan
	RepBytes
)

// Rep returns the representation of k. All integers, dates and times are
// int64 and both floats float64: their arithmetic checks ranges (and rounds to
// float32) by kind, so that kernels exist once per representation.
func (k Kind) Rep() Rep {
	switch k {
	case Bool:
		return RepBool
	case Float32, Float64:
		return RepFloat
	case Numeric:
		return RepDecimal
	case Unknown, Text:
		return RepText
	case Interval:
		return RepSpan
	case Bytea, JSONB, UUID, Array:
		return RepBytes
	}
	return RepInt
}

var kindNames = [...]string{
	"unknown", "boolean", "smallint", "integer", "bigint", "real", "double precision",
	"numeric", "text", "date", "timestamp without time zone", "timestamp with time zone", "interval",
	"time without time zone", "bytea", "jsonb", "uuid", "array",
}

// String returns PostgreSQL's name of k.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Type is a kind with its modifiers.
//
// Precision is the n of VARCHAR(n) and the p of NUMERIC(p, s); 0 means none.
// Scale counts only with a Precision. Elem is the kind of an array's elements,
// to which the modifiers belong then.
type Type struct {
	Kind      Kind  `json:"k"`
	Precision int16 `json:"p,omitempty"`
	Scale     int16 `json:"s,omitempty"`
	Elem      Kind  `json:"e,omitempty"`
}

// T returns the type of kind k without modifiers.
func T(k Kind) Type { return Type{Kind: k} }

// Char returns CHAR(n). Its values are kept without spaces at the end, which do
// not count in SQL, and printed with them.
func Char(n int) Type { return Type{Kind: Text, Precision: int16(n), Scale: -1} }

// IsChar tells whether t is CHAR(n).
func (t Type) IsChar() bool { return t.Kind == Text && t.Scale < 0 }

// ArrayOf returns the type of arrays with elements of type t.
func ArrayOf(t Type) Type {
	t.Elem, t.Kind = t.Kind, Array
	return t
}

// ElemType returns the type of an array's elements.
func (t Type) ElemType() Type {
	t.Kind, t.Elem = t.Elem, Unknown
	return t
}

// String returns the type as PostgreSQL's format_type prints it.
func (t Type) String() string {
	switch {
	case t.Kind == Array:
		return t.ElemType().String() + "[]"
	case t.Kind == Numeric && t.Precision > 0:
		return fmt.Sprintf("numeric(%d,%d)", t.Precision, t.Scale)
	case t.IsChar():
		return fmt.Sprintf("character(%d)", t.Precision)
	case t.Kind == Text && t.Precision > 0:
		return fmt.Sprintf("character varying(%d)", t.Precision)
	}
	return t.Kind.String()
}

// Field is one column of a schema.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Schema names and types the columns of a relation.
type Schema []Field
