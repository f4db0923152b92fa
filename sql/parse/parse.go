// Package parse turns SQL text into the syntax tree of sql/ast.
//
// It works in three steps. The lexer cuts the text by PostgreSQL's rules and
// bounds its size and nesting. The statement reader is recursive descent over
// the tokens: data definition, utility statements, and the clauses around a
// query. A query is spelled for tidb's parser (see spelling), and tidb's tree
// is walked back into ours. Nothing beyond this package sees tidb, and no
// message or position of tidb's reaches a user.
//
// It knows no catalog: whether names and types exist is asked later.
package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// Bounds, held before any tree exists. A Go program whose stack overflows dies,
// so nesting must be bounded here.
const (
	MaxText      = 1 << 20 // bytes of one message
	MaxTokens    = 100_000 // in one message
	MaxDepth     = 200     // brackets, CASE, subqueries, prefix operators
	MaxOperators = 5_000   // infix operators of one expression, joins, set operations
)

// Parsed is a statement and where it stands in the text.
type Parsed struct {
	Stmt       ast.Statement
	Start, End int // byte range in the text, without ";"
}

// Parse reads the statements of a text, which are separated by ";". Positions
// in them are offsets in the whole text. The error is an *Error.
func Parse(text string) ([]Parsed, error) {
	toks, lexErr := lex(text)
	if lexErr != nil {
		return nil, lexErr
	}
	var out []Parsed
	for from := 0; from < len(toks); {
		end := from
		for toks[end].kind != tEnd && !toks[end].punct(";") {
			end++
		}
		if end > from {
			r := &reader{src: text, toks: toks, p: from, end: end}
			stmt := r.wholeStatement()
			if r.err != nil {
				return nil, r.err
			}
			out = append(out, Parsed{Stmt: stmt, Start: toks[from].pos, End: toks[end-1].end})
		}
		from = end + 1
	}
	return out, nil
}

// ParseOne reads a text that holds exactly one statement; an empty text gives
// nil. The error is an *Error.
func ParseOne(text string) (ast.Statement, error) {
	list, err := Parse(text)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, nil
	case len(list) > 1:
		return nil, &Error{
			Code: CodeSyntax, Message: "cannot insert multiple commands into a prepared statement",
			Pos: ast.Pos(list[1].Start),
		}
	}
	return list[0].Stmt, nil
}

// wholeStatement reads a statement up to its end.
func (r *reader) wholeStatement() ast.Statement {
	stmt := r.statement()
	if r.err == nil && !r.done() {
		r.syntax()
	}
	return stmt
}
