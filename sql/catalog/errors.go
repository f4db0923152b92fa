package catalog

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a name; an *Error wraps one of them.
var (
	ErrExists   = errors.New("name is taken")
	ErrNotFound = errors.New("no such object")
	ErrInUse    = errors.New("other objects depend on it")
	ErrConflict = errors.New("changed meanwhile")
)

// Error is a user's mistake, in PostgreSQL's terms.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Detail  string
	Hint    string
	Err     error
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the kind of mistake: ErrExists, ErrNotFound, ErrInUse or ErrConflict.
func (e *Error) Unwrap() error { return e.Err }

func exists(o *Object) error {
	return &Error{
		Code:    "42P07",
		Message: fmt.Sprintf("relation %q already exists", o.Name),
		Detail:  fmt.Sprintf("It is a %s.", o.Kind),
		Err:     ErrExists,
	}
}

func notFound(name, nearest string) error {
	e := &Error{Code: "42P01", Message: fmt.Sprintf("relation %q does not exist", name), Err: ErrNotFound}
	if nearest != "" {
		e.Hint = fmt.Sprintf("Perhaps you meant %q.", nearest)
	}
	return e
}

func noSchema(name string) error {
	return &Error{
		Code:    "3F000",
		Message: fmt.Sprintf("schema %q does not exist", name),
		Hint:    "All streams and views live in the schema public.",
		Err:     ErrNotFound,
	}
}

func gone(name string, id uint64) error {
	message := fmt.Sprintf("the object with id %d does not exist any more", id)
	if name != "" {
		message = fmt.Sprintf("%s: %s", name, message)
	}
	return &Error{Code: "42P01", Message: message, Err: ErrNotFound}
}

func conflict(o *Object) error {
	return &Error{
		Code:    "40001",
		Message: fmt.Sprintf("%s %q was altered by another session meanwhile", o.Kind, o.Name),
		Hint:    "Run the statement again.",
		Err:     ErrConflict,
	}
}

func inUse(o *Object, by []*Object) error {
	lines := make([]string, len(by))
	for i, d := range by {
		lines[i] = fmt.Sprintf("%s %s depends on %s %s", d.Kind, d.Name, o.Kind, o.Name)
	}
	return &Error{
		Code:    "2BP01",
		Message: fmt.Sprintf("cannot drop %s %s because other objects depend on it", o.Kind, o.Name),
		Detail:  strings.Join(lines, "\n"),
		Hint:    "Use DROP ... CASCADE to drop the dependent objects too.",
		Err:     ErrInUse,
	}
}
