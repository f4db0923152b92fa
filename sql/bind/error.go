package bind

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// Error is a user's mistake.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Detail  string
	Hint    string
	Pos     ast.Pos // byte offset in the statement's text; ast.NoPos: nowhere in particular
}

func (e *Error) Error() string { return e.Message }

// The codes used here, by PostgreSQL's names.
const (
	codeFeature           = "0A000"
	codeSyntax            = "42601"
	codeUndefinedColumn   = "42703"
	codeUndefinedFunction = "42883"
	codeUndefinedTable    = "42P01"
	codeUndefinedObject   = "42704"
	codeAmbiguousColumn   = "42702"
	codeDuplicateColumn   = "42701"
	codeDuplicateAlias    = "42712"
	codeGrouping          = "42803"
	codeWindowing         = "42P20"
	codeTypeMismatch      = "42804"
	codeCannotCoerce      = "42846"
	codeColumnReference   = "42P10"
	codeInvalidParameter  = "22023"
	codeInvalidDefinition = "42611"
	codeUndefinedParam    = "42P02"
	codeIndeterminate     = "42P18"
	codeTooComplex        = "54001"
	codeNameTooLong       = "42622"
)

func fail(code string, pos ast.Pos, format string, args ...any) *Error {
	return &Error{Code: code, Pos: pos, Message: fmt.Sprintf(format, args...)}
}

// later refuses what a later release will do.
func later(pos ast.Pos, what string) *Error {
	e := fail(codeFeature, pos, "%s not supported yet", what)
	return e
}

func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// at gives an error from below a position, and makes it an *Error.
func at(err error, pos ast.Pos, code string) error {
	var mine *Error
	if errors.As(err, &mine) {
		if mine.Pos == ast.NoPos {
			c := *mine
			c.Pos = pos
			return &c
		}
		return mine
	}
	var named *catalog.Error
	if errors.As(err, &named) {
		return &Error{Code: named.Code, Message: named.Message, Detail: named.Detail, Hint: named.Hint, Pos: pos}
	}
	var value *expr.Error
	if errors.As(err, &value) {
		return &Error{Code: value.Code, Message: value.Message, Detail: value.Detail, Hint: value.Hint, Pos: pos}
	}
	return &Error{Code: code, Message: err.Error(), Pos: pos}
}

// nearest adds a hint with the candidate that was probably meant.
func (e *Error) nearest(name string, candidates []string) *Error {
	if near := catalog.Nearest(name, candidates); near != "" {
		return e.hint("Perhaps you meant %q.", near)
	}
	return e
}
