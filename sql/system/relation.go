package system

import (
	_ "embed"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// relation is a system relation. Those without rows are empty: what they list
// does not exist here, but clients ask.
type relation struct {
	schema, name string
	oid          uint32
	kind         string // r or v
	cols         []column
	index        map[string]int
	fill         func(e *Env, r *relation) [][]any
}

// columnsText lists PostgreSQL 15's own relations: schema, name, oid, kind and
// columns. Types that do not exist here stand as the nearest that does.
//
//go:embed columns.txt
var columnsText string

const (
	pgCatalog         = "pg_catalog"
	informationSchema = "information_schema"
	firstOwnOID       = 14000 // of the dirigo_ relations; PostgreSQL's end below
)

var (
	building sync.Once
	built    map[string]*relation
)

// relations returns all system relations by schema and name. They are made at
// first use: a variable could not be, for what fills them looks at them.
func relations() map[string]*relation {
	building.Do(func() { built = build() })
	return built
}

func build() map[string]*relation {
	all := map[string]*relation{}
	filled := fillers()
	for line := range strings.Lines(columnsText) {
		r := readRelation(line)
		r.fill = filled[r.schema+"."+r.name]
		all[r.schema+"."+r.name] = r
	}
	for i, name := range slices.Sorted(maps.Keys(ownRelations)) {
		own := ownRelations[name]
		r := readRelation(pgCatalog + " " + name + " " + strconv.Itoa(firstOwnOID+i) + " v " + own.columns)
		r.fill = own.fill
		all[pgCatalog+"."+name] = r
	}
	return all
}

func readRelation(line string) *relation {
	parts := strings.Fields(line)
	oid, _ := strconv.Atoi(parts[2])
	r := &relation{schema: parts[0], name: parts[1], oid: uint32(oid), kind: parts[3], index: map[string]int{}}
	for i, col := range parts[4:] {
		name, typ, _ := strings.Cut(col, ":")
		oid := typeNames[typ]
		if base, array := strings.CutPrefix(typ, "_"); array {
			oid = arrayOf[typeNames[base]]
		}
		r.cols = append(r.cols, column{rel: r.name, name: name, typ: oid})
		r.index[name] = i
	}
	return r
}

func (r *relation) rows(e *Env) [][]any {
	if r.fill == nil {
		return nil
	}
	return r.fill(e, r)
}

// row makes a row of names and values; columns of tables that are not named
// get the zero of their type, where that is not a text or an array.
func (r *relation) row(pairs ...any) []any {
	row := make([]any, len(r.cols))
	if r.kind == "r" {
		for i, col := range r.cols {
			row[i] = zero(col.typ)
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		k, ok := r.index[pairs[i].(string)]
		if !ok {
			panic("relation " + r.name + " has no column " + pairs[i].(string))
		}
		row[k] = pairs[i+1]
	}
	return row
}

func zero(typ uint32) any {
	switch {
	case typ == result.OIDBool:
		return false
	case isInt(typ):
		return int64(0)
	case typ == result.OIDFloat4 || typ == result.OIDFloat8:
		return float64(0)
	case typ == result.OIDChar || typ == result.OIDName:
		return ""
	}
	return nil
}

// find returns the system relation of that name; without a schema it is one of
// pg_catalog.
func find(name ast.QName) *relation {
	switch len(name) {
	case 1:
		return relations()[pgCatalog+"."+name[0].Text]
	case 2:
		return relations()[name[0].Text+"."+name[1].Text]
	}
	return nil
}

// Exists reports whether a name is that of a system relation.
func Exists(name ast.QName) bool { return find(name) != nil }

// Columns returns the columns of a system relation; nil: there is none.
func Columns(name ast.QName) []result.Column {
	r := find(name)
	if r == nil {
		return nil
	}
	out := make([]result.Column, len(r.cols))
	for i, col := range r.cols {
		out[i] = describe(col)
	}
	return out
}
