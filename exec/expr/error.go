package expr

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Error is a mistake in an expression or in a value that it met, with
// PostgreSQL's SQLSTATE and wording. Who knows the source text adds a position.
type Error struct {
	Code    string
	Message string
	Detail  string
	Hint    string
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

func errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// fromValue turns the error of a value into one of an expression.
func fromValue(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var v *batch.ValueError
	if errors.As(err, &v) {
		return &Error{Code: v.Code, Message: v.Message, Detail: v.Detail, Hint: v.Hint}
	}
	return &Error{Code: "XX000", Message: err.Error()}
}

var errDivZero = &Error{Code: "22012", Message: "division by zero"}

func outOfRange(k batch.Kind) *Error { return fromValue(batch.OutOfRange(k)) }

// ErrorOf returns the error of a value (*batch.ValueError) as one of an
// expression.
func ErrorOf(err error) *Error { return fromValue(err) }
