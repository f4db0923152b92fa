package job

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// TestEarlyReason: what an instance that fails answers a statement is the reason why the
// query stops, whether the query has noted that by then or not.
func TestEarlyReason(t *testing.T) {
	zero := fmt.Errorf("query q, vertex 2: a row cannot be computed: %w", &expr.Error{Code: "22012", Message: "division by zero"})
	q := &query{}
	early := q.why(zero)
	var e *endedError
	if !errors.As(early, &e) || e.SQLSTATE() != "55000" || early.Error() != zero.Error() {
		t.Errorf("before it is noted: %v", early)
	}
	if err := q.why(&blockError{"b", errors.New("damaged")}); !isDetached(err) {
		t.Errorf("of a damaged block: %v, which is not asked again", err)
	}
	for _, gone := range []error{actors.ErrRemoved, actors.ErrClosed} {
		if err := q.why(fmt.Errorf("ask: %w", gone)); !errors.Is(err, gone) || errors.As(err, &e) {
			t.Errorf("of an instance that is gone: %v", err)
		}
	}
	q.failed = errDropped
	if err := q.why(zero); !errors.Is(err, errDropped) {
		t.Errorf("after it is noted: %v", err)
	}
}
