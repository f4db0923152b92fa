package system

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// visible is pg_…_is_visible: of what is not ours, nothing is hidden.
var visible = []function{fn(tBool, args(tOid), func(c *compiler, a []any) (any, error) {
	return true, nil
})}

// granted is has_…_privilege: everybody may everything.
var granted = []function{
	always(tBool, true, tAny, tAny), always(tBool, true, tAny, tAny, tAny), always(tBool, true, tAny, tAny, tAny, tAny),
}

// none is a function about things there are none of.
func none(typ uint32, types ...uint32) []function {
	f := always(typ, nil, types...)
	f.least = 1
	return []function{f}
}

var catalogFunctions = map[string][]function{
	"pg_table_is_visible": {fn(tBool, args(tOid), func(c *compiler, a []any) (any, error) {
		cl := c.env.class(uint32(a[0].(int64)))
		if cl == nil {
			return nil, nil
		}
		return cl.schema != informationSchema, nil
	})},
	"pg_type_is_visible": visible, "pg_function_is_visible": visible, "pg_operator_is_visible": visible,
	"pg_opclass_is_visible": visible, "pg_opfamily_is_visible": visible, "pg_conversion_is_visible": visible,
	"pg_statistics_obj_is_visible": visible, "pg_collation_is_visible": visible,
	"pg_ts_config_is_visible": visible, "pg_ts_dict_is_visible": visible,
	"pg_ts_parser_is_visible": visible, "pg_ts_template_is_visible": visible,
	"has_table_privilege": granted, "has_schema_privilege": granted, "has_database_privilege": granted,
	"has_column_privilege": granted, "has_function_privilege": granted, "has_any_column_privilege": granted,
	"has_sequence_privilege": granted, "has_type_privilege": granted, "pg_has_role": granted,
	"has_tablespace_privilege": granted, "has_foreign_data_wrapper_privilege": granted, "has_server_privilege": granted,
	"has_language_privilege": granted,
	"format_type": {loose(fn(tText, args(tOid, tInt), func(_ *compiler, a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		mod := int64(-1)
		if a[1] != nil {
			mod = a[1].(int64)
		}
		return formatType(uint32(a[0].(int64)), int32(mod)), nil
	}))},
	"pg_get_userbyid": {fn(tName, args(tOid), func(c *compiler, a []any) (any, error) { return c.env.User, nil })},
	"pg_get_expr":     {from(2, fn(tText, args(tText, tOid, tBool), func(_ *compiler, a []any) (any, error) { return a[0], nil }))},
	"pg_get_viewdef":  {from(1, fn(tText, args(tOid, tAny), viewDef))},
	"obj_description": {from(1, fn(tText, args(tOid, tName), func(c *compiler, a []any) (any, error) {
		if o := c.env.object(uint32(a[0].(int64))); o != nil {
			return comment(o), nil
		}
		return nil, nil
	}))},
	"col_description": {fn(tText, args(tOid, tInt), func(c *compiler, a []any) (any, error) {
		if o := c.env.object(uint32(a[0].(int64))); o != nil {
			return ColumnComment(o, int(a[1].(int64))-1), nil
		}
		return nil, nil
	})},
	"shobj_description":                  none(tText, tOid, tName),
	"pg_get_indexdef":                    {from(1, fn(tText, args(tOid, tInt, tBool), indexDef))},
	"pg_get_constraintdef":               {from(1, fn(tText, args(tOid, tBool), constraintDef))},
	"pg_get_ruledef":                     none(tText, tOid, tBool),
	"pg_get_triggerdef":                  none(tText, tOid, tBool),
	"pg_get_partkeydef":                  none(tText, tOid),
	"pg_get_statisticsobjdef_columns":    none(tText, tOid),
	"pg_get_statisticsobjdef":            none(tText, tOid),
	"pg_get_functiondef":                 none(tText, tOid),
	"pg_get_function_result":             none(tText, tOid),
	"pg_get_function_arguments":          none(tText, tOid),
	"pg_get_function_identity_arguments": none(tText, tOid),
	"pg_get_function_sqlbody":            none(tText, tOid),
	"pg_get_serial_sequence":             none(tText, tText, tText),
	"pg_tablespace_location":             {always(tText, "", tOid)},
	"pg_relation_is_publishable":         {always(tBool, false, result.OIDRegclass)},
	"pg_is_other_temp_schema":            {always(tBool, false, tOid)},
	"pg_my_temp_schema":                  {always(tOid, int64(0))},
	"pg_encoding_to_char":                {always(tName, "UTF8", tInt)},
	"pg_char_to_encoding":                {always(tInt, int64(6), tName)},
	"pg_table_size":                      {fn(tBig, args(result.OIDRegclass), relationSize)},
	"pg_total_relation_size":             {fn(tBig, args(result.OIDRegclass), relationSize)},
	"pg_relation_size":                   {from(1, fn(tBig, args(result.OIDRegclass, tText), relationSize))},
	"pg_indexes_size":                    {always(tBig, int64(0), result.OIDRegclass)},
	"pg_database_size":                   {always(tBig, nil, tAny)},
	"pg_tablespace_size":                 {always(tBig, nil, tAny)},
	"pg_size_pretty":                     {fn(tText, args(tBig), func(_ *compiler, a []any) (any, error) { return prettySize(a[0].(int64)), nil })},
	"to_regclass": {fn(result.OIDRegclass, args(tText), func(c *compiler, a []any) (any, error) {
		if oid := c.env.classOID(a[0].(string)); oid != 0 {
			return int64(oid), nil
		}
		return nil, nil
	})},
	"to_regtype": {fn(result.OIDRegtype, args(tText), func(c *compiler, a []any) (any, error) {
		oid, err := c.lookup(a[0].(string), result.OIDRegtype)
		if err != nil {
			return nil, nil
		}
		return oid, nil
	})},
}

func viewDef(c *compiler, a []any) (any, error) {
	if o := c.env.object(uint32(a[0].(int64))); o != nil && o.Kind == catalog.View {
		return o.SQL, nil
	}
	return nil, nil
}

// relationSize is the state kept for a relation.
func relationSize(c *compiler, a []any) (any, error) {
	o := c.env.object(uint32(a[0].(int64)))
	if o == nil || c.env.Engine == nil {
		return int64(0), nil
	}
	for _, q := range c.env.Engine.Queries() {
		if q.ID == o.ID {
			return q.StateBytes, nil
		}
	}
	return int64(0), nil
}

// prettySize rounds as pg_size_pretty does: a unit is used from 10 of the one
// before up to 10,240.
func prettySize(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	i := 0
	half := false
	for ; i < len(units)-1 && n >= 10*1024; i++ {
		half = n%1024 >= 512
		n /= 1024
	}
	if half {
		n++
	}
	return fmt.Sprintf("%d %s", n, units[i])
}
