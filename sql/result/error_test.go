package result

import (
	"errors"
	"fmt"
	"net"
	"testing"
)

// TestFrom: an error's code is the nearest that its chain names.
func TestFrom(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, x := range []struct {
		err  error
		code string
	}{
		{errors.New("a bug"), CodeInternal},
		{fmt.Errorf("partitions of s: %w", refused), CodeIO},
		{fmt.Errorf("read: %w", Errorf(CodeUnsupported, "not yet")), CodeUnsupported},
	} {
		if e := From(t.Context(), x.err); e.Code != x.code || e.Message != x.err.Error() {
			t.Errorf("%v: told %+v", x.err, e)
		}
	}
}
