package ast

import "strings"

// Option is one name = value of a WITH or SET list.
type Option struct {
	Pos            // of the name
	Name   string  // folded; parts of a dotted name are joined by "."
	Value  string  // as text, without quotes; a word is folded
	Kind   LitKind // StringLit, NumberLit, BoolLit; a bare word is a StringLit
	Word   bool    // the value was a bare word
	ValPos Pos     // of the value
}

// Options is a WITH list, in the order written. Names are unique.
type Options []Option

// Lookup returns the option of that name (any case), or nil.
func (o Options) Lookup(name string) *Option {
	for i := range o {
		if strings.EqualFold(o[i].Name, name) {
			return &o[i]
		}
	}
	return nil
}

// ObjectKind is a kind of catalog object.
type ObjectKind uint8

// The kinds of catalog objects.
const (
	AnyObject ObjectKind = iota // no kind was written
	StreamObject
	MaterializedViewObject
	ViewObject
	TableObject
	IndexObject
	SchemaObject
)

// ColumnDef is a column of CREATE STREAM or CREATE TABLE.
type ColumnDef struct {
	Pos
	Name       Name
	Type       TypeName // may be empty for a generated column
	NotNull    bool
	PrimaryKey bool
	Default    Expr    // nil if not written
	Generated  Expr    // AS expr, GENERATED ALWAYS AS (expr) STORED; else nil
	Metadata   *string // METADATA [FROM 'key']: the key, by default the column's name
}

// Watermark is WATERMARK FOR column AS expr.
type Watermark struct {
	Pos
	Column Name
	Expr   Expr
}

// CreateStream is CREATE STREAM: a source by its columns, or with As a
// continuous query into a sink.
type CreateStream struct {
	Pos
	IfNotExists bool
	Name        QName
	Columns     []ColumnDef // with As: names only, Type empty
	PrimaryKey  []Name      // PRIMARY KEY (a, b), or the column marked so
	Watermark   *Watermark  // nil if not written
	With        Options
	As          *Select // nil for a source
}

// CreateView is CREATE [MATERIALIZED] VIEW.
type CreateView struct {
	Pos
	Materialized bool
	OrReplace    bool
	IfNotExists  bool
	Name         QName
	Columns      []Name
	With         Options
	As           *Select
}

// CreateTable is CREATE TABLE.
type CreateTable struct {
	Pos
	Temporary   bool
	IfNotExists bool
	Name        QName
	Columns     []ColumnDef
	PrimaryKey  []Name
	KeyName     Name // CONSTRAINT name PRIMARY KEY; empty if not written
	Watermark   *Watermark
	With        Options
	As          *Select // nil if not written
}

// Drop is DROP kind names.
type Drop struct {
	Pos
	Kind     ObjectKind
	IfExists bool
	Names    []QName
	Cascade  bool
}

// AlterAction is what an Alter does.
type AlterAction uint8

// The actions of ALTER.
const (
	AlterSet    AlterAction = iota // SET (name = value, …)
	AlterReset                     // RESET (name, …)
	AlterRename                    // RENAME TO name
	AlterPause                     // PAUSE
	AlterResume                    // RESUME
)

// Alter is ALTER kind name SET (…) | RESET (…) | RENAME TO name | PAUSE | RESUME.
type Alter struct {
	Pos
	Kind     ObjectKind
	IfExists bool
	Name     QName
	Action   AlterAction
	Options  Options // of SET; of RESET the names alone
	NewName  Name    // of RENAME
}

func (*CreateStream) statement() {}
func (*CreateView) statement()   {}
func (*CreateTable) statement()  {}
func (*Drop) statement()         {}
func (*Alter) statement()        {}
