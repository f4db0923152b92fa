package parse

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// SQLSTATE codes of the errors of this package.
const (
	CodeSyntax      = "42601"
	CodeTooComplex  = "54001"
	CodeUnsupported = "0A000"
	CodeEncoding    = "22021"
	CodeReserved    = "42939"
)

// Error is a text that is no statement, with the place where it stops being one.
type Error struct {
	Code    string  // SQLSTATE
	Message string  // as PostgreSQL would say it, without the position
	Hint    string  // what to write instead; empty where none can be guessed
	Pos     ast.Pos // byte offset in the user's text

	ours bool // what was spelled did not parse as it should have: a fault of this package
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// fail records the first error; from then on the reader is at its end, so that
// whatever was reading unwinds by itself.
func (r *reader) fail(e *Error) {
	if r.err == nil {
		r.err = e
	}
	r.p = r.end
}

func (r *reader) failAt(tok int, code, format string, args ...any) {
	r.fail(&Error{Code: code, Message: fmt.Sprintf(format, args...), Pos: r.posAt(tok)})
}

// unsupported reports a construct that is read but has no meaning here.
func (r *reader) unsupported(tok int, what, hint string) {
	r.fail(&Error{Code: CodeUnsupported, Message: what + " is not supported", Hint: hint, Pos: r.posAt(tok)})
}

// syntax reports that the current token cannot stand here.
func (r *reader) syntax() { r.syntaxAt(r.p) }

// syntaxAt reports a syntax error at a token; expected words sharpen the hint.
func (r *reader) syntaxAt(tok int, expected ...string) {
	if r.err != nil {
		return
	}
	e := &Error{Code: CodeSyntax, Pos: r.posAt(tok), Hint: r.hintAt(tok, expected)}
	if tok < len(r.toks)-1 {
		e.Message = fmt.Sprintf("syntax error at or near %q", rawText(r.raw(tok)))
	} else {
		e.Message = "syntax error at end of input"
	}
	r.fail(e)
}

// rawText stands for a token in a message; %q adds the quotes but must not
// escape what is inside, so it is a type whose format is the text itself.
type rawText string

// Format implements fmt.Formatter.
func (s rawText) Format(f fmt.State, _ rune) { fmt.Fprintf(f, `"%s"`, string(s)) }
