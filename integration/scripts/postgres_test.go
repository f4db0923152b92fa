package scripts

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dirigo-stream/dirigo/integration/pg"
)

// postgres starts a PostgreSQL for the test and returns a client.
func postgres(t *testing.T) *wire {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), pg.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{conn: conn}
	t.Cleanup(w.close)
	return w
}
