package ast

import (
	"strconv"
	"strings"
)

// printer writes SQL text. It is a strings.Builder with the few phrases that
// every node needs.
type printer struct{ strings.Builder }

// print runs f on a new printer and returns what it wrote.
func print(f func(*printer)) string {
	var p printer
	f(&p)
	return p.String()
}

// w writes its parts.
func (p *printer) w(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// list writes n items separated by commas.
func (p *printer) list(n int, item func(i int)) {
	for i := range n {
		if i > 0 {
			p.w(", ")
		}
		item(i)
	}
}

func (p *printer) exprs(list []Expr) { p.list(len(list), func(i int) { p.expr(list[i]) }) }

func (p *printer) names(list []Name) { p.list(len(list), func(i int) { p.name(list[i]) }) }

func (p *printer) qnames(list []QName) { p.list(len(list), func(i int) { p.qname(list[i]) }) }

func (p *printer) name(n Name) { p.w(QuoteIdent(n.Text)) }

func (p *printer) qname(q QName) {
	for i, n := range q {
		if i > 0 {
			p.w(".")
		}
		p.name(n)
	}
}

// when writes text if cond holds.
func (p *printer) when(cond bool, text string) {
	if cond {
		p.w(text)
	}
}

// String returns the name, quoted if it must be.
func (n Name) String() string { return QuoteIdent(n.Text) }

// String returns the parts joined by dots, quoted where they must be.
func (q QName) String() string { return print(func(p *printer) { p.qname(q) }) }

// QuoteIdent returns the identifier as SQL: bare where it reads back as itself,
// else in double quotes.
func QuoteIdent(s string) string {
	if plainIdent(s) && Keyword(s) <= Unreserved {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func plainIdent(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '$') {
			return false
		}
	}
	return s != ""
}

// QuoteString returns the text as an SQL string literal.
func QuoteString(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// typeWords spells those types whose SQL name is not their catalog name.
var typeWords = map[string]string{
	"int2": "smallint", "int4": "integer", "int8": "bigint",
	"float4": "real", "float8": "double precision", "bool": "boolean",
	"bpchar": "character", "varbit": "bit varying",
	"timestamp": "timestamp", "timestamptz": "timestamp with time zone",
	"time": "time", "timetz": "time with time zone",
	"interval": "interval", "bit": "bit", "varchar": "varchar", "numeric": "numeric",
}

// String returns the type as SQL.
func (t TypeName) String() string { return print(func(p *printer) { p.typeName(t) }) }

func (p *printer) typeName(t TypeName) {
	p.typeHead(t)
	for range t.Dims {
		p.w("[]")
	}
}

func (p *printer) typeHead(t TypeName) {
	words := ""
	if len(t.Schema) == 0 {
		words = typeWords[t.Name]
	} else {
		p.qname(t.Schema)
		p.w(".")
	}
	// bpchar without a length is not character, which means character(1).
	if words == "" || t.Name == "bpchar" && len(t.Mods) == 0 {
		p.w(QuoteIdent(t.Name))
		p.mods(t.Mods)
		return
	}
	head, tail, split := strings.Cut(words, " with ")
	p.w(head)
	if t.Fields != "" {
		p.w(" ", t.Fields)
	}
	p.mods(t.Mods)
	if split {
		p.w(" with ", tail)
	}
}

func (p *printer) mods(mods []int) {
	if len(mods) == 0 {
		return
	}
	p.w("(")
	for i, m := range mods {
		p.when(i > 0, ",")
		p.w(strconv.Itoa(m))
	}
	p.w(")")
}
