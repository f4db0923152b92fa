package session_test

import (
	"context"
	"net"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/pgwire"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
)

// serve starts a server for db and returns its address; it ends with the test.
func serve(t testing.TB, db *session.DB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- pgwire.Serve(ctx, l, pgwire.Config{
			Open:     func(c result.Client) (pgwire.Session, error) { return db.Open(c) },
			Panicked: func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}
