package job

import (
	"errors"

	"github.com/dirigo-stream/dirigo/actors"
)

// endedError is why a statement's query gives nothing any more, with the
// SQLSTATE that the client is told.
type endedError struct {
	error
	code string
}

// SQLSTATE names the condition by PostgreSQL's codes.
func (e *endedError) SQLSTATE() string { return e.code }

// Unwrap implements errors.Unwrap.
func (e *endedError) Unwrap() error { return e.error }

// errDropped ends statements over a query that another session drops:
// undefined_table.
var errDropped error = &endedError{errors.New("the query was dropped"), "42P01"}

// stopped is how a failed query's reason reaches statements over it:
// object_not_in_prerequisite_state.
func stopped(err error) error { return &endedError{err, "55000"} }

// why is what statements are told when an instance of the query answers them with
// err: why the query stopped. An instance that fails answers at once, and the query
// may not have noted it yet; it will.
func (q *query) why(err error) error {
	if f := q.failure(); f != nil {
		return f
	}
	switch {
	case errors.Is(err, actors.ErrRemoved), errors.Is(err, actors.ErrClosed):
		return err
	case errors.As(err, new(*blockError)):
		return errSetBack // or it stops: who asks again is told
	}
	return stopped(plain(err))
}
