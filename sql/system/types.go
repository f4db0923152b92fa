package system

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/dirigo-stream/dirigo/sql/result"
)

// typesText lists the types that clients may meet, as pg_type has them: oid,
// name, len, byval, type, category, preferred, elem, array, collation, input,
// output, receive, send, delim, align, storage.
//
//go:embed types.txt
var typesText string

type pgType struct {
	oid  uint32
	name string
	line []string
}

var types = sync.OnceValue(func() []pgType {
	var all []pgType
	for line := range strings.Lines(typesText) {
		parts := strings.Fields(line)
		oid, _ := strconv.Atoi(parts[0])
		all = append(all, pgType{uint32(oid), parts[1], parts})
	}
	return all
})

func typeRows(_ *Env, r *relation) [][]any {
	var rows [][]any
	for _, t := range types() {
		n := func(i int) int64 {
			v, _ := strconv.ParseInt(t.line[i], 10, 64)
			return v
		}
		rows = append(rows, r.row("oid", int64(t.oid), "typname", t.name, "typnamespace", int64(catalogOID),
			"typowner", int64(ownerOID), "typlen", n(2), "typbyval", t.line[3] == "t", "typtype", t.line[4],
			"typcategory", t.line[5], "typispreferred", t.line[6] == "t", "typisdefined", true,
			"typdelim", t.line[14], "typelem", n(7), "typarray", n(8), "typinput", t.line[10],
			"typoutput", t.line[11], "typreceive", t.line[12], "typsend", t.line[13], "typalign", t.line[15],
			"typstorage", t.line[16], "typtypmod", int64(-1), "typcollation", n(9),
			"typsubscript", "-", "typmodin", "-", "typmodout", "-", "typanalyze", "-"))
	}
	return rows
}

var longNames = map[uint32]string{
	result.OIDBool: "boolean", result.OIDInt2: "smallint", result.OIDInt4: "integer", result.OIDInt8: "bigint",
	result.OIDFloat4: "real", result.OIDFloat8: "double precision", result.OIDVarchar: "character varying",
	result.OIDBpchar: "character", result.OIDTime: "time without time zone",
	result.OIDTimestamp: "timestamp without time zone", result.OIDTimestampTZ: "timestamp with time zone",
	result.OIDChar: `"char"`,
}

// formatType names a type as format_type does; modifier -1: none.
func formatType(oid uint32, modifier int32) string {
	if name, ok := longNames[oid]; ok {
		if (oid == result.OIDVarchar || oid == result.OIDBpchar) && modifier > 4 {
			return fmt.Sprintf("%s(%d)", name, modifier-4)
		}
		return name
	}
	if oid == result.OIDNumeric && modifier > 4 {
		m := modifier - 4
		return fmt.Sprintf("numeric(%d,%d)", m>>16, (m&0x7ff^1024)-1024)
	}
	for _, t := range types() {
		if t.oid != oid {
			continue
		}
		if elem, _ := strconv.Atoi(t.line[7]); elem != 0 && strings.HasPrefix(t.name, "_") {
			return formatType(uint32(elem), modifier) + "[]"
		}
		return t.name
	}
	switch oid {
	case 0:
		return "-"
	}
	return "???"
}
