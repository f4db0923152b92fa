package job

import "errors"

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
