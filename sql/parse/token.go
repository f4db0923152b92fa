package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// kind is the lexical class of a token.
type kind uint8

const (
	tEnd    kind = iota // end of the text
	tWord               // unquoted identifier or keyword; text is folded
	tQuoted             // quoted identifier; text without quotes
	tString             // string of any spelling; text decoded
	tBits               // b'…' or x'…'; text is the letter and the digits
	tNumber             // text as written
	tParam              // $1; text is the digits
	tOp                 // operator; text as written, != as <>
	tPunct              // ( ) [ ] , ; . : :: := =>
)

// token is one lexical unit of the text.
type token struct {
	kind     kind
	text     string
	pos, end int // byte range in the text
	match    int // of a bracket: index of its partner; else -1
}

func (t token) word(w string) bool  { return t.kind == tWord && t.text == w }
func (t token) punct(w string) bool { return t.kind == tPunct && t.text == w }
func (t token) op(w string) bool    { return t.kind == tOp && t.text == w }

// reader goes through a statement's tokens. It remembers its first error and
// then stands at the end, so that the functions that read need no checks of
// their own between two tokens.
type reader struct {
	src   string
	toks  []token // closed by a tEnd
	p     int     // the next token
	end   int     // the token that ends the statement: ";" or the tEnd
	depth int     // nesting of what is being read
	err   *Error
}

func (r *reader) at(i int) token {
	if i >= r.end || i < 0 {
		return token{kind: tEnd, match: -1}
	}
	return r.toks[i]
}

func (r *reader) peek() token      { return r.at(r.p) }
func (r *reader) following() token { return r.at(r.p + 1) }
func (r *reader) done() bool       { return r.p >= r.end }
func (r *reader) pos() ast.Pos     { return r.posAt(r.p) }
func (r *reader) raw(i int) string { return r.src[r.toks[i].pos:r.toks[i].end] }
func (r *reader) posAt(i int) ast.Pos {
	return ast.Pos(r.toks[min(i, len(r.toks)-1)].pos)
}

// isWord reports whether the next tokens are these words.
func (r *reader) isWord(words ...string) bool {
	for i, w := range words {
		if !r.at(r.p + i).word(w) {
			return false
		}
	}
	return true
}

// isAny reports whether the next token is one of these words.
func (r *reader) isAny(words ...string) bool {
	t := r.peek()
	for _, w := range words {
		if t.word(w) {
			return true
		}
	}
	return false
}

// take passes these words if they come next.
func (r *reader) take(words ...string) bool {
	if !r.isWord(words...) {
		return false
	}
	r.p += len(words)
	return true
}

// by passes a word and the BY that must follow it, if the word comes next.
func (r *reader) by(word string) bool {
	if !r.take(word) {
		return false
	}
	r.need("by")
	return true
}

// takePunct passes a punctuation mark if it comes next.
func (r *reader) takePunct(s string) bool {
	if !r.peek().punct(s) {
		return false
	}
	r.p++
	return true
}

// takeOp passes an operator if it comes next.
func (r *reader) takeOp(s string) bool {
	if !r.peek().op(s) {
		return false
	}
	r.p++
	return true
}

// need passes these words, or fails at the first that is another.
func (r *reader) need(words ...string) {
	for _, w := range words {
		if !r.take(w) {
			r.syntaxAt(r.p, w)
			return
		}
	}
}

func (r *reader) needPunct(s string) {
	if !r.takePunct(s) {
		r.syntax()
	}
}

// commaList reads one or more items.
func (r *reader) commaList(item func()) {
	for {
		item()
		if r.err != nil || !r.takePunct(",") {
			return
		}
	}
}

// inParens reads ( item, … ).
func (r *reader) inParens(item func()) {
	r.needPunct("(")
	r.commaList(item)
	r.needPunct(")")
}

// enter counts one level of nesting; the caller leaves by r.depth--.
func (r *reader) enter() bool {
	r.depth++
	if r.depth > MaxDepth {
		r.failAt(r.p, CodeTooComplex, "statement is nested more than %d levels deep", MaxDepth)
		return false
	}
	return true
}

// canName reports whether a token may be the name of a column or relation.
func canName(t token) bool {
	switch t.kind {
	case tQuoted:
		return true
	case tWord:
		k := ast.Keyword(t.text)
		return k != ast.Reserved && k != ast.FunctionKeyword
	}
	return false
}

// canCall reports whether a token may be the name of a function or type.
func canCall(t token) bool {
	switch t.kind {
	case tQuoted:
		return true
	case tWord:
		k := ast.Keyword(t.text)
		return k != ast.Reserved && k != ast.ColumnKeyword
	}
	return false
}

func nameOf(t token) ast.Name {
	return ast.Name{Pos: ast.Pos(t.pos), Text: t.text, Quoted: t.kind == tQuoted}
}

// name reads the name of a column or relation.
func (r *reader) name() ast.Name { return r.nameIf(canName(r.peek())) }

// label reads a name after AS or a dot, where any word will do.
func (r *reader) label() ast.Name {
	k := r.peek().kind
	return r.nameIf(k == tWord || k == tQuoted)
}

func (r *reader) nameIf(ok bool) ast.Name {
	if !ok {
		r.syntax()
		return ast.Name{Pos: ast.NoPos}
	}
	n := nameOf(r.peek())
	r.p++
	return n
}

// qname reads a name with its qualifiers.
func (r *reader) qname() ast.QName {
	q := ast.QName{r.name()}
	for r.takePunct(".") {
		q = append(q, r.label())
	}
	return q
}

// names reads (a, b, …).
func (r *reader) names() []ast.Name {
	var list []ast.Name
	r.inParens(func() { list = append(list, r.name()) })
	return list
}
