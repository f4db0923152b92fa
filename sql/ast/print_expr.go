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
