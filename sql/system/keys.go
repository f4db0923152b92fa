package system

import (
	"strings"

	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// A table's primary key is the one index and the one constraint there is. Both
// have the OID of the table's hidden view, which nothing else shows.

// btreeOID is what clients take for the access method of an index.
const btreeOID = 403

// keyed calls f with each table that has a primary key.
func (e *Env) keyed(f func(o *catalog.Object)) {
	for _, o := range e.objects() {
		if o.Table != nil && o.KeyName != "" {
			f(o)
		}
	}
}

func keyOID(o *catalog.Object) uint32 { return ClassOID(o.Table.View.ID) }

// keyOf returns the table whose key has an OID, or nil.
func (e *Env) keyOf(oid uint32) (found *catalog.Object) {
	e.keyed(func(o *catalog.Object) {
		if keyOID(o) == oid {
			found = o
		}
	})
	return found
}

func keyClass(o *catalog.Object) class {
	return class{oid: keyOID(o), schema: catalog.Public, name: o.KeyName, kind: "i", key: o}
}

// keyNumbers are the columns of a key as pg_index counts them.
func keyNumbers(o *catalog.Object) []any {
	out := make([]any, len(o.Key))
	for i, c := range o.Key {
		out[i] = int64(c + 1)
	}
	return out
}

// keyColumns lists the columns of a key as SQL does.
func keyColumns(o *catalog.Object) string {
	names := make([]string, len(o.Key))
	for i, c := range o.Key {
		names[i] = quoteIdent(o.Columns[c].Name)
	}
	return strings.Join(names, ", ")
}

func keyDefinition(o *catalog.Object) string {
	return "CREATE UNIQUE INDEX " + quoteIdent(o.KeyName) + " ON public." + quoteIdent(o.Name) + " USING btree (" + keyColumns(o) + ")"
}

func indexRows(e *Env, r *relation) (rows [][]any) {
	e.keyed(func(o *catalog.Object) {
		n := int64(len(o.Key))
		rows = append(rows, r.row("indexrelid", int64(keyOID(o)), "indrelid", int64(ClassOID(o.ID)), "indnatts", n, "indnkeyatts", n,
			"indisunique", true, "indisprimary", true, "indimmediate", true, "indisvalid", true, "indisready", true,
			"indislive", true, "indkey", keyNumbers(o)))
	})
	return rows
}

func constraintRows(e *Env, r *relation) (rows [][]any) {
	e.keyed(func(o *catalog.Object) {
		rows = append(rows, r.row("oid", int64(keyOID(o)), "conname", o.KeyName, "connamespace", int64(publicOID), "contype", "p",
			"convalidated", true, "conrelid", int64(ClassOID(o.ID)), "conindid", int64(keyOID(o)), "conislocal", true,
			"connoinherit", true, "conkey", keyNumbers(o)))
	})
	return rows
}

func indexesRows(e *Env, r *relation) (rows [][]any) {
	e.keyed(func(o *catalog.Object) {
		rows = append(rows, r.row("schemaname", catalog.Public, "tablename", o.Name, "indexname", o.KeyName, "indexdef", keyDefinition(o)))
	})
	return rows
}

func tableConstraintRows(e *Env, r *relation) (rows [][]any) {
	e.keyed(func(o *catalog.Object) {
		rows = append(rows, r.row("constraint_catalog", e.Database, "constraint_schema", catalog.Public, "constraint_name", o.KeyName,
			"table_catalog", e.Database, "table_schema", catalog.Public, "table_name", o.Name, "constraint_type", "PRIMARY KEY",
			"is_deferrable", "NO", "initially_deferred", "NO", "enforced", "YES"))
	})
	return rows
}

func keyColumnRows(e *Env, r *relation) (rows [][]any) {
	e.keyed(func(o *catalog.Object) {
		for i, c := range o.Key {
			rows = append(rows, r.row("constraint_catalog", e.Database, "constraint_schema", catalog.Public, "constraint_name", o.KeyName,
				"table_catalog", e.Database, "table_schema", catalog.Public, "table_name", o.Name,
				"column_name", o.Columns[c].Name, "ordinal_position", int64(i+1)))
		}
	})
	return rows
}

// indexDef is pg_get_indexdef: of the index, or of its n-th column.
func indexDef(c *compiler, a []any) (any, error) {
	o := c.env.keyOf(uint32(a[0].(int64)))
	if o == nil {
		return nil, nil
	}
	if len(a) > 1 && a[1] != nil {
		if n := a[1].(int64); n > 0 && int(n) <= len(o.Key) {
			return quoteIdent(o.Columns[o.Key[n-1]].Name), nil
		}
	}
	return keyDefinition(o), nil
}

func constraintDef(c *compiler, a []any) (any, error) {
	o := c.env.keyOf(uint32(a[0].(int64)))
	if o == nil {
		return nil, nil
	}
	return "PRIMARY KEY (" + keyColumns(o) + ")", nil
}
