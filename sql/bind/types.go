package bind

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// kinds are the type names there are, by PostgreSQL's catalog names.
var kinds = map[string]batch.Kind{
	"bool": batch.Bool, "int2": batch.Int16, "int4": batch.Int32, "int8": batch.Int64,
	"float4": batch.Float32, "float8": batch.Float64, "numeric": batch.Numeric,
	"text": batch.Text, "varchar": batch.Text, "bpchar": batch.Text, "date": batch.Date,
	"timestamp": batch.Timestamp, "timestamptz": batch.TimestampTZ, "interval": batch.Interval,
	"time": batch.Time, "bytea": batch.Bytea, "jsonb": batch.JSONB, "uuid": batch.UUID,
}

// knownTypes are PostgreSQL's types that this release does not have.
var knownTypes = map[string]bool{
	"char": true, "json": true,
	"timetz": true, "bit": true, "varbit": true, "inet": true, "xml": true, "money": true, "oid": true,
	"name": true, "regclass": true,
}

// typeOf returns the type that a name stands for.
func typeOf(t ast.TypeName) (batch.Type, error) {
	kind, ok := kinds[t.Name]
	switch {
	case len(t.Schema) > 0 && t.Schema.Last().Text != "pg_catalog":
		return batch.Type{}, noType(t)
	case !ok && t.Name == "json":
		return batch.Type{}, later(t.Pos, "type json is").hint("Use JSONB instead.")
	case !ok && knownTypes[t.Name]:
		return batch.Type{}, later(t.Pos, "type "+t.Name+" is").hint("Use TEXT instead.")
	case !ok:
		return batch.Type{}, noType(t)
	}
	typ, err := modified(kind, t)
	if err != nil || t.Dims == 0 {
		return typ, err
	}
	return batch.ArrayOf(typ), nil // as in PostgreSQL, int[][] is int[]
}

func noType(t ast.TypeName) error {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	return fail(codeUndefinedObject, t.Pos, "type %q does not exist", t.Name).nearest(t.Name, names)
}

// modified applies the modifiers of a type: NUMERIC(p, s), VARCHAR(n). Those of
// timestamps are accepted when they ask for the microseconds there are.
func modified(kind batch.Kind, t ast.TypeName) (batch.Type, error) {
	typ := batch.T(kind)
	switch {
	case len(t.Mods) == 0:
		return typ, nil
	case kind == batch.Numeric && len(t.Mods) <= 2:
		return numericType(t)
	case (t.Name == "varchar" || t.Name == "bpchar") && len(t.Mods) == 1:
		if n := t.Mods[0]; n < 1 || n > 32767 {
			return typ, fail(codeInvalidParameter, t.Pos, "length for type %s must be between 1 and 32767", strings.TrimPrefix(t.Name, "bp"))
		}
		if t.Name == "bpchar" {
			return batch.Char(t.Mods[0]), nil
		}
		typ.Precision = int16(t.Mods[0])
		return typ, nil
	case kind == batch.Timestamp || kind == batch.TimestampTZ || kind == batch.Interval || kind == batch.Time:
		if t.Mods[0] == 6 {
			return typ, nil
		}
		return typ, later(t.Pos, "a precision of times other than 6 is")
	}
	return typ, fail(codeSyntax, t.Pos, "type modifier is not allowed for type %q", t.Name)
}

func numericType(t ast.TypeName) (batch.Type, error) {
	precision, scale := t.Mods[0], 0
	if len(t.Mods) == 2 {
		scale = t.Mods[1]
	}
	typ := batch.Type{Kind: batch.Numeric, Precision: int16(precision), Scale: int16(scale)}
	switch {
	case precision < 1 || precision > 1000:
		return typ, fail(codeInvalidParameter, t.Pos, "NUMERIC precision %d must be between 1 and 1000", precision)
	case scale < -1000 || scale > 1000:
		return typ, fail(codeInvalidParameter, t.Pos, "NUMERIC scale %d must be between -1000 and 1000", scale)
	}
	return typ, nil
}
