// Package ast is Dirigo's syntax tree: what a statement says, before any name
// or type is looked up. The parser builds it; binding, the session and EXPLAIN
// read it. It knows nothing of the catalog, of types beyond their spelling, or
// of the parser that made it.
//
// Every node carries the byte offset of the token that names it in the user's
// text (of an operator, the operator itself, as PostgreSQL reports it), and
// prints itself as SQL that parses to the same tree.
package ast

import (
	"strings"
	"unicode/utf8"
)

// Pos is a byte offset in the text of the statement's message, from 0.
// It is embedded in every node.
type Pos int

// NoPos is the position of a node that no text stands for.
const NoPos Pos = -1

// At returns the position; every node has it by embedding.
func (p Pos) At() Pos { return p }

// Position converts a byte offset in text to a line and a column, both from 1;
// columns count characters. Offsets beyond the text mean its end.
func Position(text string, off Pos) (line, col int) {
	n := min(max(int(off), 0), len(text))
	before := text[:n]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// Node is any part of a statement.
type Node interface {
	At() Pos
	String() string // SQL that parses to the same node
}

// Statement is one SQL statement.
type Statement interface {
	Node
	statement()
}

// Expr is a scalar expression.
type Expr interface {
	Node
	expr()
}

// TableExpr is an item of FROM.
type TableExpr interface {
	Node
	tableExpr()
}

// Body is what a query's ORDER BY and LIMIT apply to: a SelectCore, SetOp,
// Values, or a parenthesised Select with clauses of its own.
type Body interface {
	Node
	body()
}

// Name is one identifier. Text is folded to lower case unless it was quoted.
// The zero Name stands for a name that was not written.
type Name struct {
	Pos
	Text   string
	Quoted bool
}

// Empty reports whether no name was written.
func (n Name) Empty() bool { return n.Text == "" }

// QName is a name with its qualifiers, outermost first: catalog, schema, name.
type QName []Name

// At returns the position of the first part.
func (q QName) At() Pos {
	if len(q) == 0 {
		return NoPos
	}
	return q[0].Pos
}

// Last returns the innermost part: the object's own name.
func (q QName) Last() Name {
	if len(q) == 0 {
		return Name{Pos: NoPos}
	}
	return q[len(q)-1]
}

// Qualifier returns all parts but the last.
func (q QName) Qualifier() QName { return q[:max(len(q)-1, 0)] }

// Is reports whether the name is the unqualified or pg_catalog-qualified text.
func (q QName) Is(text string) bool {
	switch len(q) {
	case 1:
		return q[0].Text == text
	case 2:
		return q[0].Text == "pg_catalog" && q[1].Text == text
	}
	return false
}

// TypeName is a type as written. Name is PostgreSQL's catalog name (int8 for
// BIGINT, timestamptz for TIMESTAMP WITH TIME ZONE); a name that is no keyword
// of SQL stands as it was, folded.
type TypeName struct {
	Pos
	Schema QName  // qualifiers, usually nil
	Name   string // int2 int4 int8 float4 float8 numeric bool text varchar …; empty: none was written
	Mods   []int  // numeric(10,2), varchar(20), timestamp(3)
	Fields string // of an interval: "HOUR TO SECOND"; else empty
	Dims   int    // array dimensions
}

// Empty reports whether no type was written.
func (t TypeName) Empty() bool { return t.Name == "" }
