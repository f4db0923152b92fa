package result

import (
	"context"
	"errors"
	"fmt"
	"net"
	"unicode/utf8"
)

// Error is what a client is told: an error, or a notice.
type Error struct {
	Severity string // "" means ERROR
	Code     string // SQLSTATE
	Message  string
	Detail   string
	Hint     string
	Where    string // the context: line and column of COPY
	Position int    // in characters of the statement's text, from 1; 0: none
	// Offset is the same in bytes, from 1; Locate turns it into Position.
	Offset int
	Cause  error
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// WithHint returns e with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithDetail returns e with a detail.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// At returns e with a place: a byte offset from 0; below 0: none.
func (e *Error) At(offset int) *Error {
	e.Offset = offset + 1
	return e
}

// Locate fills in Position from Offset in text.
func (e *Error) Locate(text string) *Error {
	if e.Position == 0 && e.Offset > 0 && e.Offset-1 <= len(text) {
		e.Position = utf8.RuneCountInString(text[:e.Offset-1]) + 1
	}
	return e
}

// SQLSTATEs that more than one place names.
const (
	CodeSyntax          = "42601"
	CodeUndefinedTable  = "42P01"
	CodeUndefinedColumn = "42703"
	CodeUndefinedFunc   = "42883"
	CodeUndefinedObject = "42704"
	CodeDuplicate       = "42P07"
	CodeWrongObject     = "42809"
	CodeDatatype        = "42804"
	CodeAmbiguous       = "42702"
	CodeUnsupported     = "0A000"
	CodeInvalidText     = "22P02"
	CodeInvalidValue    = "22023"
	CodeProtocol        = "08P01"
	CodeTooMany         = "53300"
	CodeCanceled        = "57014"
	CodeShutdown        = "57P01"
	CodeStarting        = "57P03"
	CodeIO              = "58030"
	CodeInternal        = "XX000"
	CodeDependent       = "2BP01"
)

// Errorf returns an error with a SQLSTATE.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Noticef returns a notice.
func Noticef(format string, args ...any) *Error {
	return &Error{Severity: "NOTICE", Code: "00000", Message: fmt.Sprintf(format, args...)}
}

// Warningf returns a warning with a SQLSTATE.
func Warningf(code, format string, args ...any) *Error {
	return &Error{Severity: "WARNING", Code: code, Message: fmt.Sprintf(format, args...)}
}

// Causes with which statements are cancelled.
var (
	ErrCanceled = &Error{Code: CodeCanceled, Message: "canceling statement due to user request"}
	ErrTimeout  = &Error{Code: CodeCanceled, Message: "canceling statement due to statement timeout"}
	ErrShutdown = &Error{
		Severity: "FATAL", Code: CodeShutdown,
		Message: "terminating connection due to administrator command",
	}
)

// Report is implemented by errors of other packages that know their SQLSTATE.
type Report interface {
	error
	SQLSTATE() string
}

// From returns err as a client is told: an *Error in its chain; the cause of
// ctx's end, where that is what err says; an internal error else.
func From(ctx context.Context, err error) *Error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = context.Cause(ctx)
	}
	var e *Error
	if errors.As(err, &e) {
		if e.Message == err.Error() {
			return e
		}
		told := *e
		told.Message, told.Cause = err.Error(), err
		return &told
	}
	var r Report
	if errors.As(err, &r) {
		return &Error{Code: r.SQLSTATE(), Message: err.Error(), Cause: err}
	}
	// A broker that cannot be reached; class 08 would be about the client's own
	// connection.
	if network := new(net.OpError); errors.As(err, &network) {
		return &Error{Code: CodeIO, Message: err.Error(), Cause: err}
	}
	return &Error{Code: CodeInternal, Message: err.Error(), Cause: err}
}
