package pgwire

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestFunctionCall: a call by protocol is refused, and the client may go on: it
// sends no Sync and waits for ReadyForQuery.
func TestFunctionCall(t *testing.T) {
	addr, _, _ := start(t, Config{})
	r := dial(t, addr)
	r.login()
	r.Send(&pgproto3.FunctionCall{Function: 1})
	r.flush()
	if kinds := r.until('Z'); kinds != "EZ" {
		t.Errorf("answered by %q", kinds)
	}
	r.Send(&pgproto3.Query{String: "SELECT 1"})
	r.flush()
	r.until('Z')
}
