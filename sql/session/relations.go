package session

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/system"
)

// relations are those that a plan can read. A system relation is there, but
// has rows only for the SELECT that asks, so that a query that runs for ever, or
// one that reads streams too, is told that instead of that there is none.
type relations struct {
	bind.Relations
	size func(relation uint64) (bytes int64)
}

// rowOverhead is what a kept row takes beside its values, in bytes, and
// valueBytes what a value does, about.
const (
	rowOverhead = 48
	valueBytes  = 16
)

// Relation implements bind.Relations.
func (r relations) Relation(name ...string) (*logical.Relation, error) {
	found, err := r.Relations.Relation(name...)
	if err == nil && found.Kind != logical.Source {
		width := int64(rowOverhead + valueBytes*len(found.Columns))
		found.Rows = func() int64 { return r.size(found.ID) / width }
	}
	if !errors.Is(err, catalog.ErrNotFound) {
		return found, err
	}
	var q ast.QName
	for _, part := range name {
		q = append(q, ast.Name{Text: part})
	}
	if !system.Exists(q) {
		return nil, err
	}
	return nil, &catalog.Error{
		Code:    result.CodeUnsupported,
		Message: fmt.Sprintf("system relation %q can be read only by a SELECT of system relations", q.Last().Text),
		Hint:    "A continuous query reads streams, tables and views.",
		Err:     err,
	}
}
