package relational

import (
	"encoding/json"
	"fmt"
	"strings"
)

// kind is a column's type, as both engines spell it.
type kind string

// The types of random columns. None of them rounds, and no two spellings are one
// value: equal rows are equal texts.
const (
	integer   kind = "INT"
	bigint    kind = "BIGINT"
	text      kind = "TEXT"
	numeric   kind = "NUMERIC(8,2)"
	boolean   kind = "BOOLEAN"
	date      kind = "DATE"
	timestamp kind = "TIMESTAMP"
	clock     kind = "TIME"
	uuid      kind = "UUID"
	bytea     kind = "BYTEA"
	jsonb     kind = "JSONB"
	integers  kind = "INT[]"
	texts     kind = "TEXT[]"
)

var kinds = []kind{
	integer, integer, integer, integer, integer, bigint, bigint, text, text, text, numeric, numeric, boolean, date,
	timestamp, clock, uuid, bytea, jsonb, integers, texts,
}

// hasExtremes says that min and max exist. (PostgreSQL 15 has them for no uuid
// and no bytea.)
func (k kind) hasExtremes() bool {
	switch k {
	case boolean, uuid, bytea, jsonb:
		return false
	}
	return true
}

// domain are the values of a kind but integers, few so that they meet, as
// PostgreSQL prints them.
var domain = map[kind][]string{
	text:      {"", "a", "b", "ab", "B", "ä", "c d"},
	numeric:   {"0.00", "1.50", "-2.25", "10.00", "3.10"},
	boolean:   {"t", "f"},
	date:      {"2024-01-15", "2024-02-15", "2024-03-15"},
	timestamp: {"2024-01-15 00:00:00", "2024-01-15 12:30:00", "2024-02-15 00:00:00.5"},
	clock:     {"00:00:00", "12:30:00", "23:59:59.999999"},
	uuid:      {"00000000-0000-0000-0000-000000000001", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-0000-0000-0000-000000000000"},
	bytea:     {`\x`, `\x00`, `\x00ff`, `\x61`},
	jsonb:     {`{"a": 1}`, `{"a": 2, "b": [1, 2]}`, `[1, "x"]`, `"x"`, `null`, `{}`},
	integers:  {"{}", "{1}", "{1,2}", "{1,NULL}", "{3,2,1}"},
	texts:     {"{}", "{a}", "{a,b}", `{NULL,"c d"}`},
}

// raw is a random value of a kind as PostgreSQL prints it.
func (g *gen) raw(k kind) string {
	if k == integer || k == bigint {
		return fmt.Sprint(g.IntN(g.spread) - 1)
	}
	return pick(g, domain[k])
}

// literal is a constant of a kind.
func (g *gen) literal(k kind) string { return spell(k, g.raw(k)) }

func spell(k kind, raw string) string {
	switch k {
	case integer, bigint, numeric:
		return raw
	case boolean:
		return map[string]string{"t": "TRUE", "f": "FALSE"}[raw]
	case text:
		return "'" + raw + "'"
	case integers, texts, bytea:
		return "'" + raw + "'::" + string(k)
	}
	return string(k) + " '" + raw + "'"
}

// value is a literal, or NULL now and then.
func (g *gen) value(k kind, nullable bool) string {
	if nullable && g.chance(g.nulls) {
		return "NULL"
	}
	return g.literal(k)
}

// cell is a value in COPY's text format.
func (g *gen) cell(k kind, nullable bool) string {
	if nullable && g.chance(g.nulls) {
		return `\N`
	}
	return strings.ReplaceAll(g.raw(k), `\`, `\\`)
}

// field is a value in JSON.
func (g *gen) field(k kind) string {
	if g.chance(g.nulls) && k != jsonb { // a JSON null in a column of JSONB is one of two things
		return "null"
	}
	raw := g.raw(k)
	switch k {
	case integer, bigint, numeric:
		return raw
	case jsonb:
		if raw == "null" {
			return "{}"
		}
		return raw
	case boolean:
		return fmt.Sprint(raw == "t")
	case integers:
		return strings.ReplaceAll(strings.NewReplacer("{", "[", "}", "]").Replace(raw), "NULL", "null")
	case texts:
		return map[string]string{"{}": "[]", "{a}": `["a"]`, "{a,b}": `["a", "b"]`}[raw] + map[bool]string{true: `[null, "c d"]`}[strings.Contains(raw, "NULL")]
	}
	quoted, _ := json.Marshal(raw)
	return string(quoted)
}
