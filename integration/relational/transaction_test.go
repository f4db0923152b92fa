package relational

import (
	"slices"
	"testing"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/integration/pg"
)

// TestFailedTransaction: a transaction that has failed holds no locks, though it
// has not been ended: PostgreSQL too gives them up as it aborts. Nothing of it
// counts, and it takes no statement but its end.
func TestFailedTransaction(t *testing.T) {
	d, err := newDirigo(variant{config: func(uint64) server.Config { return server.Config{} }}, 1, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.stop() }()
	second, err := dial(t.Context(), d.addr)
	if err != nil {
		t.Fatal(err)
	}
	ours := failedTransaction(t, d.client, second)
	config := pg.Start(t).Config
	var conns [2]*client
	for i := range conns {
		conn, err := pgconn.ConnectConfig(t.Context(), &config)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = &client{conn: conn}
	}
	theirs := failedTransaction(t, conns[0], conns[1])
	if !slices.Equal(ours, theirs) {
		t.Errorf("%q\nPostgreSQL:\n%q", ours, theirs)
	}
}

func failedTransaction(t *testing.T, first, second *client) (told []string) {
	for _, step := range []struct {
		by  *client
		sql string
	}{
		{first, "CREATE TABLE f (id INT PRIMARY KEY, n INT NOT NULL)"},
		{first, "INSERT INTO f VALUES (1, 0), (2, 0)"},
		{second, "SET lock_timeout = '20s'"},
		{first, "BEGIN"},
		{first, "UPDATE f SET n = n + 1 WHERE id = 1"},
		{first, "INSERT INTO f VALUES (2, 0)"}, // there already
		{second, "UPDATE f SET n = n + 10 WHERE id = 1"},
		{second, "BEGIN"},
		{second, "DELETE FROM f WHERE id = 2"},
		{first, "SELECT n FROM f"}, // refused
		{first, "COMMIT"},          // is a ROLLBACK
		{second, "COMMIT"},
		{first, "SELECT id, n FROM f"},
	} {
		a := step.by.run(step.sql)
		if a.lost() {
			t.Fatalf("%s: %v", step.sql, a.err)
		}
		told = append(append(told, step.sql, a.code, a.tag), a.rows...)
	}
	return told
}
