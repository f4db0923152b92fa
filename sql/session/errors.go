package session

import (
	"context"
	"errors"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/parse"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// told makes an error what the client is told, with its place in text.
func told(ctx context.Context, err error, text string) *result.Error {
	var mine *result.Error
	if !errors.As(err, &mine) {
		if e := translated(err); e != nil {
			return e.Locate(text)
		}
	}
	e := *result.From(ctx, err)
	return e.Locate(text)
}

// translated finds an error of the packages below that says what was wrong
// with the statement; nil: it is none of theirs.
func translated(err error) *result.Error {
	var (
		syntax *parse.Error
		bound  *bind.Error
		named  *catalog.Error
		value  *expr.Error
		option *connectors.OptionError
		parsed *batch.ValueError
	)
	switch {
	case errors.Is(err, job.ErrLockTimeout):
		return &result.Error{Code: "55P03", Message: "canceling statement due to lock timeout", Cause: err}
	case errors.Is(err, job.ErrDeadlock):
		return &result.Error{Code: "40P01", Message: "deadlock detected", Hint: "Run the transaction again.", Cause: err}
	case errors.Is(err, job.ErrTooLarge):
		return &result.Error{
			Code: "54000", Message: err.Error(), Cause: err,
			Hint: "Changes are kept in memory until they are committed: change fewer rows at a time.",
		}
	case errors.Is(err, job.ErrNoTable):
		return &result.Error{Code: result.CodeUndefinedTable, Message: err.Error(), Cause: err}
	}
	// A query that has stopped is told as such, not as what stopped it: that is no
	// mistake in this statement.
	if ended := result.Report(nil); errors.As(err, &ended) {
		return &result.Error{Code: ended.SQLSTATE(), Message: err.Error(), Cause: err}
	}
	switch {
	case errors.As(err, &syntax):
		return located(&result.Error{Code: syntax.Code, Message: syntax.Message, Hint: syntax.Hint}, syntax.Pos)
	case errors.As(err, &bound):
		return located(&result.Error{Code: bound.Code, Message: bound.Message, Detail: bound.Detail, Hint: bound.Hint}, bound.Pos)
	case errors.As(err, &named):
		return &result.Error{Code: named.Code, Message: named.Message, Detail: named.Detail, Hint: named.Hint}
	case errors.As(err, &option):
		return &result.Error{Code: result.CodeInvalidValue, Message: err.Error(), Hint: option.Hint}
	case errors.As(err, &parsed):
		return &result.Error{Code: parsed.Code, Message: parsed.Message, Detail: parsed.Detail}
	case errors.As(err, &value):
		return &result.Error{Code: value.Code, Message: value.Message, Detail: value.Detail, Hint: value.Hint}
	}
	return nil
}

func located(e *result.Error, pos ast.Pos) *result.Error {
	if pos == ast.NoPos {
		return e
	}
	return e.At(int(pos))
}

// notSupported refuses a statement that a later release will know.
func notSupported(pos ast.Pos, what, hint string) error {
	return located(&result.Error{Code: result.CodeUnsupported, Message: what + " is not supported yet", Hint: hint}, pos)
}
