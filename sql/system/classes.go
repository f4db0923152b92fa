package system

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// OIDs of what there is one of.
const (
	catalogOID  = 11
	publicOID   = 2200
	schemaOID   = 13000 // information_schema
	ownerOID    = 10
	databaseOID = 5
	classOIDOf  = 1259 // pg_class itself
	userBase    = 16384
)

// ClassOID returns the OID under which clients see a catalog object.
func ClassOID(id uint64) uint32 { return uint32(userBase + id) }

// class is a relation as pg_class lists it.
type class struct {
	oid          uint32
	schema, name string
	kind         string
	object       *catalog.Object
	key          *catalog.Object // of an index: the table whose key it is
	rel          *relation
}

func namespaceOID(name string) int64 {
	switch name {
	case pgCatalog:
		return catalogOID
	case catalog.Public:
		return publicOID
	case informationSchema:
		return schemaOID
	}
	return 0
}

func namespaceName(oid int64) string {
	switch oid {
	case catalogOID:
		return pgCatalog
	case publicOID:
		return catalog.Public
	case schemaOID:
		return informationSchema
	}
	return fmt.Sprint(oid)
}

// classes returns all relations, the user's first.
func (e *Env) classes() []class {
	var all []class
	for _, o := range e.objects() {
		all = append(all, objectClass(o))
	}
	e.keyed(func(o *catalog.Object) { all = append(all, keyClass(o)) })
	return append(all, systemClasses()...)
}

func (e *Env) objects() []*catalog.Object {
	if e.Catalog == nil {
		return nil
	}
	return e.Catalog.List()
}

func objectClass(o *catalog.Object) class {
	kind := "r"
	if o.Kind == catalog.View {
		kind = "m"
	}
	return class{oid: ClassOID(o.ID), schema: catalog.Public, name: o.Name, kind: kind, object: o}
}

func systemClasses() []class {
	var all []class
	for _, r := range relations() {
		all = append(all, class{oid: r.oid, schema: r.schema, name: r.name, kind: r.kind, rel: r})
	}
	slices.SortFunc(all, func(a, b class) int { return int(a.oid) - int(b.oid) })
	return all
}

func (e *Env) object(oid uint32) *catalog.Object {
	if e.Catalog == nil || oid < userBase {
		return nil
	}
	o, _ := e.Catalog.ByID(uint64(oid - userBase))
	return o
}

func (e *Env) class(oid uint32) *class {
	if o := e.object(oid); o != nil {
		c := objectClass(o)
		return &c
	}
	if o := e.keyOf(oid); o != nil {
		c := keyClass(o)
		return &c
	}
	for _, r := range relations() {
		if r.oid == oid {
			return &class{oid: oid, schema: r.schema, name: r.name, kind: r.kind, rel: r}
		}
	}
	return nil
}

// className prints an oid as regclass does.
func (e *Env) className(oid uint32) string {
	c := e.class(oid)
	switch {
	case c == nil && oid == 0:
		return "-"
	case c == nil:
		return fmt.Sprint(oid)
	case c.schema == informationSchema:
		return c.schema + "." + quoteIdent(c.name)
	}
	return quoteIdent(c.name)
}

// classOID finds a relation by its name as written; 0: there is none.
func (e *Env) classOID(text string) uint32 {
	parts := splitName(text)
	name := parts[len(parts)-1]
	if len(parts) == 1 || parts[0] == catalog.Public {
		for _, o := range e.objects() {
			if o.Name == name {
				return ClassOID(o.ID)
			}
		}
	}
	schema := pgCatalog
	if len(parts) > 1 {
		schema = parts[0]
	}
	if r := relations()[schema+"."+name]; r != nil {
		return r.oid
	}
	return 0
}

func splitName(text string) []string {
	var parts []string
	inside := false
	start := 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			inside = !inside
		case text[i] == '.' && !inside:
			parts = append(parts, unquote(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, unquote(text[start:]))
}

func classRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, c := range e.classes() {
		atts, indexed := len(c.attributes()), c.object != nil && c.object.KeyName != ""
		method := int64(0)
		if c.key != nil {
			method = btreeOID
		}
		rows = append(rows, r.row("oid", int64(c.oid), "relname", c.name, "relam", method, "relnamespace", namespaceOID(c.schema),
			"relowner", int64(ownerOID), "relkind", c.kind, "relnatts", int64(atts), "relpersistence", "p",
			"reltuples", float64(-1), "relhasindex", indexed, "relispopulated", true, "relreplident", "d", "relfilenode", int64(c.oid)))
	}
	return rows
}

// attribute is a column as pg_attribute lists it.
type attribute struct {
	name      string
	oid       uint32
	modifier  int32
	notNull   bool
	generated string
	value     string // the default
	typ       batch.Type
}

func (c class) attributes() []attribute {
	var out []attribute
	if c.key != nil {
		for _, i := range c.key.Key {
			col := c.key.Columns[i]
			out = append(out, attribute{name: col.Name, oid: result.OID(col.Type), modifier: result.Modifier(col.Type), typ: col.Type})
		}
		return out
	}
	if c.object == nil {
		for _, col := range c.rel.cols {
			out = append(out, attribute{name: col.name, oid: col.typ, modifier: -1})
		}
		return out
	}
	for _, col := range c.object.Columns {
		out = append(out, attribute{
			name: col.Name, oid: result.OID(col.Type), modifier: result.Modifier(col.Type),
			notNull: col.NotNull, generated: col.Generated, value: col.Default, typ: col.Type,
		})
	}
	return out
}

func attributeRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, c := range e.classes() {
		for i, a := range c.attributes() {
			generated, storage := "", "p"
			if a.generated != "" {
				generated = "s"
			}
			if result.Size(a.oid) < 0 {
				storage = "x"
			}
			rows = append(rows, r.row("attrelid", int64(c.oid), "attname", a.name, "atttypid", int64(a.oid),
				"attstattarget", int64(-1), "attlen", int64(result.Size(a.oid)), "attnum", int64(i+1),
				"attcacheoff", int64(-1), "atttypmod", int64(a.modifier), "attnotnull", a.notNull,
				"atthasdef", a.generated+a.value != "", "attgenerated", generated, "attstorage", storage,
				"attislocal", true, "attcollation", collationOf(a.oid)))
		}
	}
	return rows
}

func collationOf(oid uint32) int64 {
	for _, t := range types() {
		if t.oid == oid {
			switch t.line[9] {
			case "100":
				return 100
			case "950":
				return 950
			}
		}
	}
	return 0
}

func attrdefRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, o := range e.objects() {
		for i, col := range o.Columns {
			if col.Generated+col.Default != "" {
				rows = append(rows, r.row("oid", int64(ClassOID(o.ID))<<10+int64(i), "adrelid", int64(ClassOID(o.ID)),
					"adnum", int64(i+1), "adbin", col.Generated+col.Default))
			}
		}
	}
	return rows
}

// comment says of an object what \d has no place for.
func comment(o *catalog.Object) any {
	var parts []string
	connector := o.Options["connector"]
	switch {
	case o.Kind == catalog.Stream:
		parts = append(parts, "stream from "+connector)
	case o.Kind == catalog.Derived:
		parts = append(parts, "continuous query into "+connector)
	case o.Kind == catalog.View:
		parts = append(parts, "continuous query, kept")
	}
	if topic := o.Options["topic"]; topic != "" {
		parts = append(parts, "topic "+topic)
	}
	if slo := o.Options["slo"]; slo != "" {
		parts = append(parts, "slo "+slo)
	}
	if len(parts) == 0 {
		return nil
	}
	return strings.Join(parts, ", ")
}

// ColumnComment says of column i how its values come about.
func ColumnComment(o *catalog.Object, i int) any {
	if i < 0 || i >= len(o.Columns) {
		return nil
	}
	var parts []string
	if m := o.Columns[i].Metadata; m != "" {
		parts = append(parts, "metadata "+m)
	}
	if o.Watermark == i {
		parts = append(parts, watermarkText(o))
	}
	if slices.Contains(o.Key, i) {
		parts = append(parts, "key")
	}
	if len(parts) == 0 {
		return nil
	}
	return strings.Join(parts, ", ")
}

func watermarkText(o *catalog.Object) string {
	if o.Source == nil || o.Source.Delay == 0 {
		return "event time"
	}
	return "event time, watermark " + batch.Span{Micros: o.Source.Delay}.String() + " behind"
}

func descriptionRows(e *Env, r *relation) [][]any {
	var rows [][]any
	add := func(oid uint32, sub int, text any) {
		if text != nil {
			rows = append(rows, r.row("objoid", int64(oid), "classoid", int64(classOIDOf), "objsubid", int64(sub), "description", text))
		}
	}
	for _, o := range e.objects() {
		add(ClassOID(o.ID), 0, comment(o))
		for i := range o.Columns {
			add(ClassOID(o.ID), i+1, ColumnComment(o, i))
		}
	}
	return rows
}
