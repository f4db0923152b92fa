package expr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// textParser reads the SQL expressions of the tests: enough of PostgreSQL's
// grammar to build nodes for them, without the front end, which is above us.
type textParser struct {
	toks []string
	at   int
}

var tokenRE = regexp.MustCompile(`'(?:[^']|'')*'|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+|[A-Za-z_][A-Za-z_0-9]*|::|->>|->|#>>|#>|#-|@>|<@|\?\||\?&|\?|&&|<>|!=|<=|>=|<<|>>|\|\||!~\*|!~|~\*|[-+*/%^<>=~!@#&|(),:\[\]]`)

type syntaxError string

// parseText returns the node of an expression; Resolve's errors come as they are.
func parseText(s string) (n *Node, err error) {
	p := &textParser{toks: tokenRE.FindAllString(s, -1)}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		case syntaxError:
			err = fmt.Errorf("test syntax: %s in %q", string(r), s)
		default:
			panic(r)
		}
	}()
	n = p.expr(0)
	if p.at < len(p.toks) {
		panic(syntaxError("rest " + p.toks[p.at]))
	}
	return n, nil
}

func (p *textParser) peek() string {
	if p.at < len(p.toks) {
		return strings.ToLower(p.toks[p.at])
	}
	return ""
}

func (p *textParser) next() string {
	t := p.peek()
	p.at++
	return t
}

// accept consumes the given words if they come next.
func (p *textParser) accept(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.toks) || strings.ToLower(p.toks[p.at+i]) != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *textParser) want(w string) {
	if !p.accept(w) {
		panic(syntaxError("want " + w + ", have " + p.peek()))
	}
}

func resolved(name string, args ...*Node) *Node {
	n, err := Resolve(name, args)
	if err != nil {
		panic(err)
	}
	return n
}

func casted(n *Node, t batch.Type) *Node {
	n, err := Cast(n, t, Explicit)
	if err != nil {
		panic(err)
	}
	return n
}

// Precedences of PostgreSQL, loosest first.
const (
	precOr = iota + 1
	precAnd
	precNot
	precIs
	precCompare
	precLike
	precOther
	precAdd
	precMul
	precPow
	precAt
	precSign
)

var infix = map[string]int{
	"or": precOr, "and": precAnd, "=": precCompare, "<>": precCompare, "!=": precCompare, "<": precCompare,
	">": precCompare, "<=": precCompare, ">=": precCompare, "||": precOther, "~": precOther, "~*": precOther,
	"!~": precOther, "!~*": precOther, "&": precOther, "|": precOther, "#": precOther, "<<": precOther, ">>": precOther,
	"->": precOther, "->>": precOther, "#>": precOther, "#>>": precOther, "#-": precOther, "@>": precOther, "<@": precOther,
	"?": precOther, "?|": precOther, "?&": precOther, "&&": precOther,
	"+": precAdd, "-": precAdd, "*": precMul, "/": precMul, "%": precMul, "^": precPow,
}

func (p *textParser) expr(least int) *Node {
	n := p.prefix()
	for {
		op := p.peek()
		if prec, ok := infix[op]; ok && prec > least {
			p.at++
			if which := p.peek(); (which == "any" || which == "all") && p.at+1 < len(p.toks) && p.toks[p.at+1] == "(" {
				p.at += 2
				n = resolved(op+" "+which, n, p.expr(0))
				p.want(")")
				continue
			}
			n = resolved(op, n, p.expr(prec))
			continue
		}
		m := p.postfix(n, least)
		if m == nil {
			return n
		}
		n = m
	}
}

// postfix reads what follows an operand with words; nil if nothing binds.
func (p *textParser) postfix(n *Node, least int) *Node {
	switch {
	case p.accept("::"):
		return casted(n, p.typ())
	case p.accept("["):
		return p.subscript(n)
	case least < precAt && p.accept("at", "time", "zone"):
		return resolved("at time zone", n, p.expr(precAt))
	case least < precIs && p.accept("is"):
		return p.is(n)
	case least < precLike && slices.Contains([]string{"in", "between", "like", "ilike", "similar"}, p.peek()):
		return p.word(n, "")
	case least < precLike && p.accept("not"):
		return p.word(n, "not ")
	}
	return nil
}

func (p *textParser) subscript(n *Node) *Node {
	low, high := number("1"), number("2147483647")
	if p.peek() != ":" {
		low = p.expr(0)
	}
	if p.accept("]") {
		return resolved("array_subscript", n, low)
	}
	p.want(":")
	if p.peek() != "]" {
		high = p.expr(0)
	}
	p.want("]")
	return resolved("array_slice", n, low, high)
}

func (p *textParser) is(n *Node) *Node {
	not := ""
	if p.accept("not") {
		not = "not "
	}
	if p.accept("distinct", "from") {
		return resolved("is "+not+"distinct from", n, p.expr(precIs))
	}
	return resolved("is "+not+p.next(), n)
}

func (p *textParser) word(n *Node, not string) *Node {
	switch w := p.next(); w {
	case "in":
		p.want("(")
		return resolved(not+"in", append([]*Node{n}, p.list()...)...)
	case "between":
		low := p.expr(precLike)
		p.want("and")
		return resolved(not+"between", n, low, p.expr(precLike))
	case "similar":
		p.want("to")
		return resolved(not+"similar to", n, p.expr(precLike))
	default:
		args := []*Node{n, p.expr(precLike)}
		if p.accept("escape") {
			args = append(args, p.expr(precLike))
		}
		return resolved(not+w, args...)
	}
}

// list reads expressions up to the closing parenthesis.
func (p *textParser) list() []*Node {
	var out []*Node
	for !p.accept(")") {
		out = append(out, p.expr(0))
		p.accept(",")
	}
	return out
}

func (p *textParser) prefix() *Node {
	raw := p.toks[min(p.at, len(p.toks)-1)]
	switch t := p.next(); {
	case t == "(":
		n := p.expr(0)
		p.want(")")
		return n
	case t == "-" && p.peek() != "" && p.peek()[0] >= '0' && p.peek()[0] <= '9' && !strings.HasPrefix(strings.Join(p.toks[p.at+1:], ""), "::"):
		return number("-" + p.next())
	case t == "-" || t == "+":
		return resolved(t, p.expr(precSign))
	case t == "~" || t == "@":
		return resolved(t, p.expr(precOther))
	case t == "not":
		return resolved("not", p.expr(precNot))
	case t[0] == '\'':
		return Literal(unquote(raw))
	case t[0] >= '0' && t[0] <= '9' || t[0] == '.':
		return number(t)
	case t == "true" || t == "false":
		return BoolConst(t == "true")
	case t == "null":
		return Null(batch.T(batch.Unknown))
	case t == "array" && p.accept("["):
		var elems []*Node
		for !p.accept("]") {
			elems = append(elems, p.expr(0))
			p.accept(",")
		}
		return resolved("array_construct", elems...)
	case t == "case":
		return p.caseExpr()
	}
	p.at--
	return p.name()
}

func number(s string) *Node {
	n, err := Number(s)
	if err != nil {
		panic(err)
	}
	return n
}

func unquote(s string) string { return strings.ReplaceAll(s[1:len(s)-1], "''", "'") }

func (p *textParser) caseExpr() *Node {
	var args []*Node
	var subject *Node
	if p.peek() != "when" {
		subject = p.expr(0)
	}
	for p.accept("when") {
		c := p.expr(0)
		if subject != nil {
			c = resolved("=", subject, c)
		}
		p.want("then")
		args = append(args, c, p.expr(0))
	}
	if p.accept("else") {
		args = append(args, p.expr(0))
	} else {
		args = append(args, Null(batch.T(batch.Unknown)))
	}
	p.want("end")
	n, err := Case(args)
	if err != nil {
		panic(err)
	}
	return n
}

var typeWords = map[string]batch.Kind{
	"smallint": i2, "int": i4, "integer": i4, "bigint": i8, "real": f4, "double": f8, "numeric": num, "text": txt,
	"varchar": txt, "boolean": boolean_, "date": dat, "timestamp": ts, "timestamptz": tz, "interval": iv, "char": txt,
	"time": tim, "bytea": byt, "jsonb": jsn, "uuid": uid,
}

func (p *textParser) typ() batch.Type {
	w := p.next()
	k, ok := typeWords[w]
	if !ok {
		panic(syntaxError("type " + w))
	}
	if w == "double" {
		p.want("precision")
	}
	t := batch.T(k)
	if (w == "numeric" || w == "varchar" || w == "char") && p.accept("(") {
		fmt.Sscan(p.next(), &t.Precision)
		if p.accept(",") {
			fmt.Sscan(p.next(), &t.Scale)
		}
		p.want(")")
	}
	if w == "char" {
		t = batch.Char(int(t.Precision))
	}
	if p.accept("[", "]") {
		return batch.ArrayOf(t)
	}
	return t
}

// name reads a column of benchCols, a typed literal, a call with syntax of its own, or a function.
func (p *textParser) name() *Node {
	w := p.peek()
	if _, ok := typeWords[w]; ok {
		t := p.typ()
		text := unquote(p.toks[p.at])
		p.at++
		if t.Kind == batch.Interval {
			return p.interval(text)
		}
		return casted(Literal(text), t)
	}
	p.at++
	if c, ok := benchCols[w]; ok && p.peek() != "(" {
		return c
	}
	p.want("(")
	switch w {
	case "cast":
		n := p.expr(0)
		p.want("as")
		t := p.typ()
		p.want(")")
		return casted(n, t)
	case "extract":
		field := p.next()
		p.want("from")
		n := p.expr(0)
		p.want(")")
		return resolved("extract", Literal(field), n)
	case "position":
		sub := p.expr(precLike)
		p.want("in")
		n := p.expr(0)
		p.want(")")
		return resolved("position", n, sub)
	case "trim":
		return p.trim()
	case "overlay", "substring":
		return resolved(w, p.keyworded()...)
	}
	return resolved(w, p.list()...)
}

// keyworded reads arguments set apart by commas or by FROM, FOR and PLACING.
func (p *textParser) keyworded() []*Node {
	var out []*Node
	for !p.accept(")") {
		out = append(out, p.expr(0))
		_ = p.accept(",") || p.accept("from") || p.accept("for") || p.accept("placing")
	}
	return out
}

func (p *textParser) trim() *Node {
	name := "btrim"
	if p.accept("leading") {
		name = "ltrim"
	} else if p.accept("trailing") {
		name = "rtrim"
	} else {
		p.accept("both")
	}
	args := []*Node{p.expr(0)}
	if p.accept("from") {
		args = append([]*Node{p.expr(0)}, args...)
	}
	p.want(")")
	return resolved(name, args...)
}

func (p *textParser) interval(text string) *Node {
	var words []string
	for slices.Contains([]string{"year", "month", "day", "hour", "minute", "second", "to"}, p.peek()) {
		words = append(words, p.next())
	}
	n, err := IntervalLiteral(text, strings.Join(words, " "))
	if err != nil {
		panic(err)
	}
	return n
}
