package system

import (
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

type filler = func(e *Env, r *relation) [][]any

// fillers are those of PostgreSQL's relations that have something to tell.
func fillers() map[string]filler {
	return map[string]filler{
		"pg_catalog.pg_class": classRows, "pg_catalog.pg_attribute": attributeRows,
		"pg_catalog.pg_attrdef": attrdefRows, "pg_catalog.pg_description": descriptionRows,
		"pg_catalog.pg_type": typeRows, "pg_catalog.pg_namespace": namespaceRows,
		"pg_catalog.pg_database": databaseRows, "pg_catalog.pg_roles": roleRows, "pg_catalog.pg_authid": roleRows,
		"pg_catalog.pg_user": userRows, "pg_catalog.pg_am": amRows, "pg_catalog.pg_collation": collationRows,
		"pg_catalog.pg_tablespace": tablespaceRows, "pg_catalog.pg_settings": settingRows,
		"pg_catalog.pg_stat_activity": activityRows, "pg_catalog.pg_tables": tableRows,
		"pg_catalog.pg_matviews": matviewRows, "information_schema.tables": schemaTableRows,
		"pg_catalog.pg_index": indexRows, "pg_catalog.pg_constraint": constraintRows,
		"pg_catalog.pg_indexes":                indexesRows,
		"information_schema.table_constraints": tableConstraintRows, "information_schema.key_column_usage": keyColumnRows,
		"information_schema.columns": schemaColumnRows, "information_schema.schemata": schemataRows,
	}
}

func namespaceRows(_ *Env, r *relation) [][]any {
	var rows [][]any
	for _, name := range []string{pgCatalog, catalog.Public, informationSchema} {
		rows = append(rows, r.row("oid", namespaceOID(name), "nspname", name, "nspowner", int64(ownerOID)))
	}
	return rows
}

func databaseRows(e *Env, r *relation) [][]any {
	return [][]any{r.row("oid", int64(databaseOID), "datname", e.Database, "datdba", int64(ownerOID), "encoding", int64(6),
		"datlocprovider", "c", "datallowconn", true, "datconnlimit", int64(-1), "dattablespace", int64(1663),
		"datcollate", "C", "datctype", "C.UTF-8")}
}

func roleRows(e *Env, r *relation) [][]any {
	return [][]any{r.row("oid", int64(ownerOID), "rolname", e.User, "rolsuper", true, "rolinherit", true,
		"rolcreaterole", true, "rolcreatedb", true, "rolcanlogin", true, "rolreplication", false,
		"rolbypassrls", true, "rolconnlimit", int64(-1))}
}

func userRows(e *Env, r *relation) [][]any {
	return [][]any{r.row("usename", e.User, "usesysid", int64(ownerOID), "usecreatedb", true, "usesuper", true,
		"userepl", false, "usebypassrls", true, "passwd", "********")}
}

func amRows(_ *Env, r *relation) [][]any {
	return [][]any{
		r.row("oid", int64(2), "amname", "heap", "amhandler", "heap_tableam_handler", "amtype", "t"),
		r.row("oid", int64(btreeOID), "amname", "btree", "amhandler", "bthandler", "amtype", "i"),
	}
}

func collationRows(_ *Env, r *relation) [][]any {
	var rows [][]any
	for oid, name := range map[int64]string{100: "default", 950: "C"} {
		rows = append(rows, r.row("oid", oid, "collname", name, "collnamespace", int64(catalogOID), "collowner", int64(ownerOID),
			"collprovider", "c", "collisdeterministic", true, "collencoding", int64(-1), "collcollate", "C", "collctype", "C"))
	}
	return rows
}

func tablespaceRows(_ *Env, r *relation) [][]any {
	return [][]any{r.row("oid", int64(1663), "spcname", "pg_default", "spcowner", int64(ownerOID))}
}

func settingRows(e *Env, r *relation) [][]any {
	var rows [][]any
	if e.Settings != nil {
		e.Settings.All(func(name, value, description string) bool {
			rows = append(rows, r.row("name", name, "setting", value, "short_desc", description, "context", "user",
				"vartype", "string", "source", "session", "boot_val", value, "reset_val", value, "pending_restart", false))
			return true
		})
	}
	return rows
}

func activityRows(e *Env, r *relation) [][]any {
	var rows [][]any
	if e.Clients == nil {
		return nil
	}
	for c := range e.Clients {
		rows = append(rows, r.row("datid", int64(databaseOID), "datname", c.Database, "pid", int64(c.ProcessID),
			"usesysid", int64(ownerOID), "usename", c.User, "application_name", c.Application, "client_addr", c.Addr,
			"backend_start", c.Since.UnixMicro(), "state", c.State, "query", c.Query, "backend_type", "client backend"))
	}
	return rows
}

func tableRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, c := range e.classes() {
		if c.kind == "r" {
			rows = append(rows, r.row("schemaname", c.schema, "tablename", c.name, "tableowner", e.User,
				"hasindexes", c.object != nil && c.object.KeyName != "", "hasrules", false, "hastriggers", false, "rowsecurity", false))
		}
	}
	return rows
}

func matviewRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, o := range e.objects() {
		if o.Kind == catalog.View {
			rows = append(rows, r.row("schemaname", catalog.Public, "matviewname", o.Name, "matviewowner", e.User,
				"hasindexes", false, "ispopulated", true, "definition", o.SQL))
		}
	}
	return rows
}

// schemaTableRows lists materialized views too, which PostgreSQL leaves out:
// tools find the results there.
func schemaTableRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, c := range e.classes() {
		if c.kind == "i" {
			continue
		}
		insertable := "NO"
		if c.object != nil && c.object.Table != nil {
			insertable = "YES"
		}
		kind := "BASE TABLE"
		if c.kind != "r" {
			kind = "VIEW"
		}
		rows = append(rows, r.row("table_catalog", e.Database, "table_schema", c.schema, "table_name", c.name,
			"table_type", kind, "is_insertable_into", insertable, "is_typed", "NO"))
	}
	return rows
}

func schemaColumnRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, c := range e.classes() {
		if c.kind == "i" {
			continue
		}
		for i, a := range c.attributes() {
			row := []any{
				"table_catalog", e.Database, "table_schema", c.schema, "table_name", c.name,
				"column_name", a.name, "ordinal_position", int64(i + 1), "is_nullable", yesNo(!a.notNull),
				"data_type", formatType(a.oid, -1), "udt_catalog", e.Database, "udt_schema", pgCatalog,
				"udt_name", typeName(a.oid), "is_identity", "NO", "is_updatable", "NO", "is_generated", "NEVER",
			}
			if a.value != "" {
				row = append(row, "column_default", a.value)
			}
			if a.generated != "" {
				row = append(row, "generation_expression", a.generated, "is_generated", "ALWAYS")
			}
			if a.oid == result.OIDVarchar && a.typ.Precision > 0 {
				row = append(row, "character_maximum_length", int64(a.typ.Precision))
			}
			if a.oid == result.OIDNumeric && a.typ.Precision > 0 {
				row = append(row, "numeric_precision", int64(a.typ.Precision), "numeric_precision_radix", int64(10),
					"numeric_scale", int64(a.typ.Scale))
			}
			rows = append(rows, r.row(row...))
		}
	}
	return rows
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

func typeName(oid uint32) string {
	for _, t := range types() {
		if t.oid == oid {
			return t.name
		}
	}
	return "unknown"
}

func schemataRows(e *Env, r *relation) [][]any {
	var rows [][]any
	for _, name := range []string{pgCatalog, catalog.Public, informationSchema} {
		rows = append(rows, r.row("catalog_name", e.Database, "schema_name", name, "schema_owner", e.User))
	}
	return rows
}
