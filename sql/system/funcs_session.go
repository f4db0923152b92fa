package system

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func told(typ uint32, f func(*Env) any) []function {
	return []function{loose(fn(typ, nil, func(c *compiler, _ []any) (any, error) { return f(c.env), nil }))}
}

var user = told(tName, func(e *Env) any { return e.User })

var now = told(result.OIDTimestampTZ, func(e *Env) any { return e.Now.UnixMicro() })

// sessionFunctions tell of the session and the server.
var sessionFunctions = map[string][]function{
	"version": told(tText, func(e *Env) any {
		return "PostgreSQL " + e.Version + ", a streaming engine"
	}),
	"current_database": told(tName, func(e *Env) any { return e.Database }),
	"current_catalog":  told(tName, func(e *Env) any { return e.Database }),
	"current_schema":   told(tName, func(*Env) any { return catalog.Public }),
	"current_schemas": {fn(result.OIDNameArray, args(tBool), func(_ *compiler, a []any) (any, error) {
		if a[0] == true {
			return []any{pgCatalog, catalog.Public}, nil
		}
		return []any{catalog.Public}, nil
	})},
	"current_user": user, "session_user": user, "user": user, "current_role": user,
	"pg_backend_pid":                 told(tInt, func(e *Env) any { return int64(e.ProcessID) }),
	"pg_postmaster_start_time":       told(result.OIDTimestampTZ, func(e *Env) any { return e.Started.UnixMicro() }),
	"pg_conf_load_time":              told(result.OIDTimestampTZ, func(e *Env) any { return e.Started.UnixMicro() }),
	"now":                            now,
	"current_timestamp":              now,
	"transaction_timestamp":          now,
	"statement_timestamp":            now,
	"clock_timestamp":                now,
	"localtimestamp":                 told(result.OIDTimestamp, func(e *Env) any { return batch.Local(e.Now.UnixMicro(), e.Zone) }),
	"pg_is_in_recovery":              told(tBool, func(*Env) any { return false }),
	"pg_is_wal_replay_paused":        told(tBool, func(*Env) any { return false }),
	"txid_current":                   told(tBig, func(*Env) any { return int64(0) }),
	"inet_server_addr":               told(tText, func(*Env) any { return nil }),
	"inet_server_port":               told(tInt, func(*Env) any { return nil }),
	"inet_client_addr":               told(tText, func(*Env) any { return nil }),
	"pg_current_xact_id_if_assigned": told(tText, func(*Env) any { return nil }),
	"pg_advisory_unlock_all":         told(tText, func(*Env) any { return "" }),
	"getdatabaseencoding":            told(tName, func(*Env) any { return "UTF8" }),
	"pg_client_encoding":             told(tName, func(*Env) any { return "UTF8" }),
	"current_setting": {from(1, fn(tText, args(tText, tBool), func(c *compiler, a []any) (any, error) {
		if v, ok := c.env.setting(strings.ToLower(a[0].(string))); ok {
			return v, nil
		}
		if len(a) == 2 && a[1] == true {
			return nil, nil
		}
		return nil, result.Errorf(result.CodeUndefinedObject, "unrecognized configuration parameter %q", a[0])
	}))},
	"set_config": {loose(fn(tText, args(tText, tText, tBool), func(c *compiler, a []any) (any, error) {
		if a[0] == nil {
			return nil, result.Errorf("22004", "SET requires parameter name")
		}
		value, _ := a[1].(string)
		if c.env.Settings == nil {
			return value, nil
		}
		local, _ := a[2].(bool)
		return value, c.env.Settings.SetSetting(strings.ToLower(a[0].(string)), value, local)
	}))},
	"pg_cancel_backend":    {always(tBool, false, tInt)},
	"pg_terminate_backend": {always(tBool, false, tInt)},
}

func (e *Env) setting(name string) (string, bool) {
	if e.Settings == nil {
		return "", false
	}
	return e.Settings.Setting(name)
}
