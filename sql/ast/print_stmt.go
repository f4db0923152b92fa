package ast

import (
	"strconv"
	"strings"
)

var kindWords = [...]string{
	AnyObject: "", StreamObject: "STREAM ", MaterializedViewObject: "MATERIALIZED VIEW ",
	ViewObject: "VIEW ", TableObject: "TABLE ", IndexObject: "INDEX ", SchemaObject: "SCHEMA ",
}

// String returns the kind as SQL writes it, in upper case.
func (k ObjectKind) String() string { return strings.TrimSuffix(kindWords[k], " ") }

func (p *printer) statement(s Statement) { p.w(s.String()) }

// optionName writes a dotted name bare if it can be, else as a string.
func (p *printer) optionName(name string) {
	for part := range strings.SplitSeq(name, ".") {
		if !plainIdent(part) {
			p.w(QuoteString(name))
			return
		}
	}
	p.w(name)
}

// settingWords begin forms of SET and SHOW of their own.
var settingWords = map[string]bool{
	"all": true, "create": true, "materialized": true, "streams": true, "views": true, "tables": true,
	"queries": true, "sources": true, "sinks": true, "jobs": true, "time": true, "transaction": true,
	"session": true, "local": true, "names": true, "schema": true, "role": true, "constraints": true,
}

func (p *printer) settingName(name string) {
	if first, _, _ := strings.Cut(name, "."); settingWords[first] {
		p.w(QuoteString(name))
		return
	}
	p.optionName(name)
}

func (o Option) value() string {
	switch {
	case o.Kind == StringLit && !o.Word:
		return QuoteString(o.Value)
	case o.Word:
		return QuoteIdent(o.Value)
	}
	return o.Value
}

func (p *printer) options(opts Options, sep string) {
	p.list(len(opts), func(i int) {
		p.optionName(opts[i].Name)
		if opts[i].ValPos != NoPos {
			p.w(sep, opts[i].value())
		}
	})
}

func (p *printer) withOptions(opts Options) {
	if len(opts) > 0 {
		p.w(" WITH (")
		p.options(opts, " = ")
		p.w(")")
	}
}

// columnDef writes a column; key is the name of the key that it is, if it has one.
func (p *printer) columnDef(c ColumnDef, key Name) {
	p.name(c.Name)
	if !c.Type.Empty() {
		p.w(" ")
		p.typeName(c.Type)
	}
	if c.Metadata != nil {
		p.w(" METADATA FROM ", QuoteString(*c.Metadata))
	}
	if c.Generated != nil {
		p.w(" GENERATED ALWAYS AS (")
		p.expr(c.Generated)
		p.w(") STORED")
	}
	if c.Default != nil {
		p.w(" DEFAULT (")
		p.expr(c.Default)
		p.w(")")
	}
	p.when(c.NotNull, " NOT NULL")
	if c.PrimaryKey {
		p.w(" ")
		p.constraint(key)
		p.w("PRIMARY KEY")
	}
}

// constraint writes the name before a constraint that has one.
func (p *printer) constraint(name Name) {
	if !name.Empty() {
		p.w("CONSTRAINT ")
		p.name(name)
		p.w(" ")
	}
}

// String returns the column as it stands in CREATE STREAM.
func (c ColumnDef) String() string { return print(func(p *printer) { p.columnDef(c, Name{}) }) }

// relation writes the parts that CREATE STREAM and CREATE TABLE share; bare is
// a table that may have no columns.
func (p *printer) relation(cols []ColumnDef, key []Name, named Name, bare bool, wm *Watermark, with Options, as *Select) {
	sep := ""
	item := func() { p.w(sep); sep = ", " }
	inline := false
	if len(cols) > 0 || key != nil || wm != nil || bare {
		p.w(" (")
		for _, c := range cols {
			item()
			p.columnDef(c, named)
			inline = inline || c.PrimaryKey
		}
		if key != nil && !inline {
			item()
			p.constraint(named)
			p.w("PRIMARY KEY (")
			p.names(key)
			p.w(")")
		}
		if wm != nil {
			item()
			p.w("WATERMARK FOR ")
			p.name(wm.Column)
			p.w(" AS ")
			p.expr(wm.Expr)
		}
		p.w(")")
	}
	p.withOptions(with)
	if as != nil {
		p.w(" AS ")
		p.query(as)
	}
}

func (s *CreateStream) String() string {
	return print(func(p *printer) {
		p.w("CREATE STREAM ")
		p.when(s.IfNotExists, "IF NOT EXISTS ")
		p.qname(s.Name)
		p.relation(s.Columns, s.PrimaryKey, Name{}, false, s.Watermark, s.With, s.As)
	})
}

func (s *CreateTable) String() string {
	return print(func(p *printer) {
		p.w("CREATE ")
		p.when(s.Temporary, "TEMPORARY ")
		p.w("TABLE ")
		p.when(s.IfNotExists, "IF NOT EXISTS ")
		p.qname(s.Name)
		p.relation(s.Columns, s.PrimaryKey, s.KeyName, s.As == nil && s.With == nil, s.Watermark, s.With, s.As)
	})
}

func (s *CreateView) String() string {
	return print(func(p *printer) {
		p.w("CREATE ")
		p.when(s.OrReplace, "OR REPLACE ")
		p.when(s.Materialized, "MATERIALIZED ")
		p.w("VIEW ")
		p.when(s.IfNotExists, "IF NOT EXISTS ")
		p.qname(s.Name)
		p.columns(s.Columns)
		p.withOptions(s.With)
		p.w(" AS ")
		p.query(s.As)
	})
}

func (s *Drop) String() string {
	return print(func(p *printer) {
		p.w("DROP ", kindWords[s.Kind])
		p.when(s.IfExists, "IF EXISTS ")
		p.qnames(s.Names)
		p.when(s.Cascade, " CASCADE")
	})
}

func (s *Alter) String() string {
	return print(func(p *printer) {
		p.w("ALTER ", kindWords[s.Kind])
		p.when(s.IfExists, "IF EXISTS ")
		p.qname(s.Name)
		switch s.Action {
		case AlterRename:
			p.w(" RENAME TO ")
			p.name(s.NewName)
			return
		case AlterPause:
			p.w(" PAUSE")
			return
		case AlterResume:
			p.w(" RESUME")
			return
		case AlterReset:
			p.w(" RESET (")
		default:
			p.w(" SET (")
		}
		p.options(s.Options, " = ")
		p.w(")")
	})
}

func (s *Insert) String() string {
	return print(func(p *printer) {
		p.with(s.With)
		p.w("INSERT INTO ")
		p.target(s.Table, s.Alias)
		p.columns(s.Columns)
		if s.Query == nil {
			p.w(" DEFAULT VALUES")
		} else {
			p.w(" ")
			p.query(s.Query)
		}
		p.onConflict(s.OnConflict)
		p.returning(s.Returning)
	})
}

func (p *printer) target(table QName, alias Name) {
	p.qname(table)
	if !alias.Empty() {
		p.w(" AS ")
		p.name(alias)
	}
}

func (p *printer) onConflict(c *OnConflict) {
	if c == nil {
		return
	}
	p.w(" ON CONFLICT")
	p.columns(c.Columns)
	if !c.Constraint.Empty() {
		p.w(" ON CONSTRAINT ")
		p.name(c.Constraint)
	}
	if c.Set == nil {
		p.w(" DO NOTHING")
		return
	}
	p.w(" DO UPDATE SET ")
	p.assigns(c.Set)
	p.clause(" WHERE ", c.Where)
}

func (p *printer) assigns(set []Assign) {
	p.list(len(set), func(i int) {
		p.name(set[i].Column)
		p.w(" = ")
		p.expr(set[i].Value)
	})
}

func (p *printer) returning(fields []Field) {
	if fields != nil {
		p.w(" RETURNING ")
		p.fields(fields)
	}
}

func (s *Update) String() string {
	return print(func(p *printer) {
		p.with(s.With)
		p.w("UPDATE ")
		p.target(s.Table, s.Alias)
		p.w(" SET ")
		p.assigns(s.Set)
		if s.From != nil {
			p.w(" FROM ")
			p.tables(s.From)
		}
		p.clause(" WHERE ", s.Where)
		p.returning(s.Returning)
	})
}

func (s *Delete) String() string {
	return print(func(p *printer) {
		p.with(s.With)
		p.w("DELETE FROM ")
		p.target(s.Table, s.Alias)
		if s.Using != nil {
			p.w(" USING ")
			p.tables(s.Using)
		}
		p.clause(" WHERE ", s.Where)
		p.returning(s.Returning)
	})
}

func (s *Truncate) String() string {
	return print(func(p *printer) {
		p.w("TRUNCATE TABLE ")
		p.qnames(s.Names)
		p.when(s.Cascade, " CASCADE")
	})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
