package parse

import (
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

func upper(s string) string { return strings.ToUpper(s) }

// keywordTypes are the type names that are words of the grammar.
var keywordTypes = map[string]string{
	"int": "int4", "integer": "int4", "smallint": "int2", "bigint": "int8", "real": "float4",
	"float": "float8", "double": "float8", "decimal": "numeric", "dec": "numeric", "numeric": "numeric",
	"boolean": "bool", "bit": "bit", "char": "bpchar", "character": "bpchar", "nchar": "bpchar",
	"varchar": "varchar", "time": "time", "timestamp": "timestamp", "interval": "interval",
}

// typeName reads a type.
func (r *reader) typeName() ast.TypeName {
	t := ast.TypeName{Pos: r.pos()}
	if base := keywordTypes[r.peek().text]; base != "" && r.peek().kind == tWord &&
		(base != "float8" || !r.isWord("double") || r.following().word("precision")) {
		r.keywordType(&t, base)
	} else {
		r.namedType(&t)
	}
	r.dims(&t)
	return t
}

func (r *reader) namedType(t *ast.TypeName) {
	if !canCall(r.peek()) {
		r.syntax()
		return
	}
	q := ast.QName{nameOf(r.peek())}
	r.p++
	for r.takePunct(".") {
		q = append(q, r.label())
	}
	t.Name = q.Last().Text
	if len(q) > 1 {
		t.Schema = q.Qualifier()
	}
	t.Mods = r.mods()
}

// keywordType reads a type that is spelled by words of the grammar.
func (r *reader) keywordType(t *ast.TypeName, base string) {
	word := r.peek().text
	r.p++
	t.Name = base
	switch base {
	case "float8":
		if !r.take("precision") && word == "float" {
			r.floatType(t)
		}
	case "bit", "bpchar":
		if r.take("varying") {
			t.Name = map[string]string{"bit": "varbit", "bpchar": "varchar"}[base]
		}
		t.Mods = r.mods()
		if t.Mods == nil && t.Name == base {
			t.Mods = []int{1}
		}
	case "time", "timestamp":
		t.Mods = r.mods()
		if r.take("with", "time", "zone") {
			t.Name = base + "tz"
		} else {
			r.take("without", "time", "zone")
		}
	case "interval":
		if t.Mods = r.mods(); t.Mods == nil {
			t.Fields, t.Mods = r.intervalFields()
		}
	default:
		t.Mods = r.mods()
	}
}

// floatType reads float(n): n counts bits of mantissa.
func (r *reader) floatType(t *ast.TypeName) {
	at := r.p + 1
	mods := r.mods()
	switch {
	case mods == nil:
	case len(mods) > 1 || mods[0] < 1:
		r.failAt(at, "22023", "precision for type float must be at least 1 bit")
	case mods[0] > 53:
		r.failAt(at, "22023", "precision for type float must be less than 54 bits")
	case mods[0] <= 24:
		t.Name = "float4"
	}
}

// mods reads (n, …), nil if there is none.
func (r *reader) mods() []int {
	if !r.peek().punct("(") {
		return nil
	}
	var list []int
	r.inParens(func() {
		minus := r.takeOp("-")
		n, err := strconv.Atoi(r.peek().text)
		if r.peek().kind != tNumber || err != nil {
			r.syntax()
			return
		}
		r.p++
		if minus {
			n = -n
		}
		list = append(list, n)
	})
	return list
}

// dims reads [] and ARRAY behind a type.
func (r *reader) dims(t *ast.TypeName) {
	if r.take("array") {
		t.Dims = 1
		if r.peek().punct("[") {
			r.dim()
		}
		return
	}
	for r.err == nil && r.peek().punct("[") {
		r.dim()
		t.Dims++
	}
}

func (r *reader) dim() {
	r.needPunct("[")
	if r.peek().kind == tNumber {
		r.p++
	}
	r.needPunct("]")
}

var intervalUnits = map[string]int{"year": 1, "month": 2, "day": 3, "hour": 4, "minute": 5, "second": 6}

// intervalFields reads HOUR, DAY TO SECOND(3) and their like, if there is one.
func (r *reader) intervalFields() (fields string, mods []int) {
	from := r.peek()
	rank := intervalUnits[from.text]
	if from.kind != tWord || rank == 0 {
		return "", nil
	}
	r.p++
	fields, last := upper(from.text), from.text
	if r.isWord("to") {
		to := r.following()
		if intervalUnits[to.text] <= rank || rank == 2 || rank == 1 && to.text != "month" {
			r.syntaxAt(r.p + 1)
			return "", nil
		}
		r.p += 2
		fields, last = fields+" TO "+upper(to.text), to.text
	}
	if last == "second" {
		mods = r.mods()
	}
	return fields, mods
}

// typePhrase returns the number of tokens of the type, if what comes next is a
// keyword type with a string behind it; else 0, and the word is a name.
func (r *reader) typePhrase() int {
	base := keywordTypes[r.peek().text]
	if base == "" {
		return 0
	}
	i := r.p + 1
	if r.peek().text == "double" && r.at(i).word("precision") || r.at(i).word("varying") {
		i++
	}
	if t := r.at(i); t.punct("(") && t.match > 0 {
		i = t.match + 1
	}
	if w := r.at(i); (w.word("with") || w.word("without")) && r.at(i+1).word("time") && r.at(i+2).word("zone") {
		i += 3
	}
	if r.at(i).kind != tString {
		return 0
	}
	return i - r.p
}

// typedLiteral spells type 'text', and an interval with its fields.
func (s *spelling) typedLiteral() {
	tok, pos := s.p, s.pos()
	typ := ast.TypeName{Pos: pos}
	s.keywordType(&typ, keywordTypes[s.peek().text])
	t := s.peek()
	if t.kind != tString {
		s.syntax()
		return
	}
	s.p++
	var lit ast.Expr = &ast.TypedLiteral{Pos: pos, Type: typ, Text: t.text}
	if typ.Name == "interval" {
		e := &ast.IntervalLiteral{Pos: pos, Text: t.text, Precision: -1}
		mods := typ.Mods
		if mods == nil {
			e.Fields, mods = s.intervalFields()
		}
		if mods != nil {
			e.Precision = mods[0]
		}
		lit = e
	}
	s.put(mark{tok: tok, build: func([]ast.Expr) ast.Expr { return lit }})
}
