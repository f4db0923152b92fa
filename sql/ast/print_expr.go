package ast

import (
	"strconv"
	"strings"
)

// Operands that are operators themselves stand in parentheses, so that what is
// printed shows how it was understood, and does not lean on precedence.

// expr writes an expression that nothing binds to.
func (p *printer) expr(e Expr) {
	switch e := e.(type) {
	case *Ident:
		p.qname(e.Name)
	case *Star:
		p.star(e.Qual)
	case *Literal:
		p.literal(e)
	case *TypedLiteral:
		p.typeName(e.Type)
		p.w(" ", QuoteString(e.Text))
	case *IntervalLiteral:
		p.interval(e)
	case *Param:
		p.w("$", strconv.Itoa(e.N))
	case *Default:
		p.w("DEFAULT")
	case *NamedArg:
		p.name(e.Name)
		p.w(" => ")
		p.expr(e.Value)
	case *Call:
		p.call(e)
	case *Case:
		p.caseExpr(e)
	case *Subquery:
		p.when(e.Exists, "EXISTS ")
		p.paren(e.Query)
	case *ArraySubquery:
		p.w("ARRAY")
		p.paren(e.Query)
	case *Array:
		p.w("ARRAY[")
		p.exprs(e.Elems)
		p.w("]")
	case *Row:
		p.row(e)
	case *GroupingSet:
		p.groupingSet(e)
	default:
		p.operator(e)
	}
}

// operand writes an expression that an operator binds to.
func (p *printer) operand(e Expr) {
	if isOperator(e) {
		p.w("(")
		p.expr(e)
		p.w(")")
		return
	}
	p.expr(e)
}

// primary writes what a subscript binds to.
func (p *printer) primary(e Expr) {
	switch e.(type) {
	case *Ident, *Param, *Subquery:
		p.operand(e)
	default:
		p.w("(")
		p.expr(e)
		p.w(")")
	}
}

func isOperator(e Expr) bool {
	switch e := e.(type) {
	case *Unary, *Binary, *Is, *IsDistinct, *Between, *In, *Like, *AtTimeZone, *Collate, *Quantified:
		return true
	case *Cast:
		return e.Form == CastColon
	}
	return false
}

func (p *printer) operator(e Expr) {
	switch e := e.(type) {
	case *Unary:
		p.w(opText(e.Schema, e.Op), " ")
		p.operand(e.X)
	case *Binary:
		p.operand(e.L)
		p.w(" ", opText(e.Schema, e.Op), " ")
		p.operand(e.R)
	case *Is:
		p.operand(e.X)
		p.w(" IS ", not(e.Not), [...]string{"NULL", "TRUE", "FALSE", "UNKNOWN"}[e.What])
	case *IsDistinct:
		p.operand(e.L)
		p.w(" IS ", not(e.Not), "DISTINCT FROM ")
		p.operand(e.R)
	case *Between:
		p.operand(e.X)
		p.w(" ", not(e.Not), "BETWEEN ")
		p.when(e.Symmetric, "SYMMETRIC ")
		p.operand(e.Lo)
		p.w(" AND ")
		p.operand(e.Hi)
	case *In:
		p.in(e)
	case *Like:
		p.like(e)
	case *AtTimeZone:
		p.operand(e.X)
		p.w(" AT TIME ZONE ")
		p.operand(e.Zone)
	case *Collate:
		p.operand(e.X)
		p.w(" COLLATE ")
		p.qname(e.Collation)
	case *Quantified:
		p.quantified(e)
	default:
		p.postfix(e)
	}
}

func (p *printer) postfix(e Expr) {
	switch e := e.(type) {
	case *Cast:
		if e.Form == CastColon {
			p.operand(e.X)
			p.w("::")
			p.typeName(e.Type)
			return
		}
		p.w("CAST(")
		p.expr(e.X)
		p.w(" AS ")
		p.typeName(e.Type)
		p.w(")")
	case *Extract:
		p.w("EXTRACT(", QuoteIdent(e.Field), " FROM ")
		p.expr(e.X)
		p.w(")")
	case *Index:
		p.index(e)
	case *FieldSel:
		p.w("(")
		p.expr(e.X)
		p.w(").")
		if e.Field.Empty() {
			p.w("*")
			return
		}
		p.name(e.Field)
	}
}

func not(b bool) string {
	if b {
		return "NOT "
	}
	return ""
}

func opText(schema QName, op string) string {
	if len(schema) > 0 {
		return "OPERATOR(" + schema.String() + "." + op + ")"
	}
	return strings.ToUpper(op)
}

func (p *printer) star(qual QName) {
	p.qname(qual)
	p.when(len(qual) > 0, ".")
	p.w("*")
}

func (p *printer) literal(l *Literal) {
	switch l.Kind {
	case NullLit:
		p.w("NULL")
	case BoolLit:
		p.w(strings.ToUpper(l.Text))
	case StringLit:
		p.w(QuoteString(l.Text))
	case BitLit:
		p.w(l.Text[:1], QuoteString(l.Text[1:]))
	default:
		p.w(l.Text)
	}
}

func (p *printer) interval(e *IntervalLiteral) {
	p.w("INTERVAL")
	if e.Precision >= 0 && e.Fields == "" {
		p.w("(", strconv.Itoa(e.Precision), ")")
	}
	p.w(" ", QuoteString(e.Text))
	if e.Fields != "" {
		p.w(" ", e.Fields)
		if e.Precision >= 0 {
			p.w("(", strconv.Itoa(e.Precision), ")")
		}
	}
}

func (p *printer) in(e *In) {
	p.operand(e.X)
	p.w(" ", not(e.Not), "IN ")
	if e.Query != nil {
		p.paren(e.Query)
		return
	}
	p.w("(")
	p.exprs(e.List)
	p.w(")")
}

func (p *printer) like(e *Like) {
	p.operand(e.X)
	p.w(" ", not(e.Not), [...]string{"LIKE ", "ILIKE ", "SIMILAR TO "}[e.Kind])
	p.operand(e.Pattern)
	if e.Escape != nil {
		p.w(" ESCAPE ")
		p.operand(e.Escape)
	}
}

func (p *printer) quantified(e *Quantified) {
	p.operand(e.X)
	p.w(" ", opText(e.Schema, e.Op), " ", map[bool]string{false: "ANY ", true: "ALL "}[e.All])
	if e.Query != nil {
		p.paren(e.Query)
		return
	}
	p.w("(")
	p.expr(e.Array)
	p.w(")")
}

func (p *printer) caseExpr(e *Case) {
	p.w("CASE")
	if e.Operand != nil {
		p.w(" ")
		p.expr(e.Operand)
	}
	for _, w := range e.Whens {
		p.w(" WHEN ")
		p.expr(w.Cond)
		p.w(" THEN ")
		p.expr(w.Then)
	}
	if e.Else != nil {
		p.w(" ELSE ")
		p.expr(e.Else)
	}
	p.w(" END")
}

func (p *printer) index(e *Index) {
	if inner, ok := e.X.(*Index); ok {
		p.index(inner)
	} else {
		p.primary(e.X)
	}
	p.w("[")
	if e.Lo != nil {
		p.expr(e.Lo)
	}
	p.when(e.Slice, ":")
	if e.Hi != nil {
		p.expr(e.Hi)
	}
	p.w("]")
}

func (p *printer) row(e *Row) {
	p.when(e.Explicit, "ROW")
	p.w("(")
	p.exprs(e.Elems)
	p.w(")")
}

func (p *printer) groupingSet(e *GroupingSet) {
	p.w([...]string{"", "ROLLUP ", "CUBE ", "GROUPING SETS "}[e.Kind], "(")
	p.exprs(e.Elems)
	p.w(")")
}

func (e *Ident) String() string           { return exprText(e) }
func (e *Star) String() string            { return exprText(e) }
func (e *Literal) String() string         { return exprText(e) }
func (e *TypedLiteral) String() string    { return exprText(e) }
func (e *IntervalLiteral) String() string { return exprText(e) }
func (e *Param) String() string           { return exprText(e) }
func (e *Default) String() string         { return exprText(e) }
func (e *Unary) String() string           { return exprText(e) }
func (e *Binary) String() string          { return exprText(e) }
func (e *Is) String() string              { return exprText(e) }
func (e *IsDistinct) String() string      { return exprText(e) }
func (e *Between) String() string         { return exprText(e) }
func (e *In) String() string              { return exprText(e) }
func (e *Like) String() string            { return exprText(e) }
func (e *Call) String() string            { return exprText(e) }
func (e *NamedArg) String() string        { return exprText(e) }
func (e *Cast) String() string            { return exprText(e) }
func (e *Case) String() string            { return exprText(e) }
func (e *Extract) String() string         { return exprText(e) }
func (e *AtTimeZone) String() string      { return exprText(e) }
func (e *Collate) String() string         { return exprText(e) }
func (e *Subquery) String() string        { return exprText(e) }
func (e *Quantified) String() string      { return exprText(e) }
func (e *Array) String() string           { return exprText(e) }
func (e *ArraySubquery) String() string   { return exprText(e) }
func (e *Index) String() string           { return exprText(e) }
func (e *FieldSel) String() string        { return exprText(e) }
func (e *Row) String() string             { return exprText(e) }
func (e *GroupingSet) String() string     { return exprText(e) }

func exprText(e Expr) string { return print(func(p *printer) { p.expr(e) }) }
