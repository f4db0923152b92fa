package ast

import "strings"

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
