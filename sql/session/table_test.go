package session_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/storage/mem"
)

// tables returns a connection to a real engine without tables.
func tables(t *testing.T) *pgx.Conn {
	db, _ := realDB(t, mem.NewDisk())
	return connect(t, serve(t, db))
}

// told is what the server answers to a statement: its rows and its tag, or its
// error with code, message and detail.
func told(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	var b strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			for i, v := range row {
				if i > 0 {
					b.WriteString("|")
				}
				if v == nil {
					b.WriteString("NULL")
				}
				b.Write(v)
			}
			b.WriteString("\n")
		}
		if r.Err == nil {
			b.WriteString(r.CommandTag.String() + "\n")
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		b.WriteString(pg.Code + " " + pg.Message)
		for _, more := range []string{pg.Detail, pg.Hint, pg.Where} {
			if more != "" {
				b.WriteString(" / " + more)
			}
		}
	} else if err != nil {
		b.WriteString(err.Error())
	}
	return b.String()
}

// steps runs statements, each with what the server should say to it.
func steps(t *testing.T, conn *pgx.Conn, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := strings.TrimSuffix(told(t, conn, pairs[i]), "\n"); got != pairs[i+1] {
			t.Errorf("%s\n%s\nwant\n%s", pairs[i], got, pairs[i+1])
		}
	}
}

// TestInsert: rows come in, with defaults; what breaks a constraint is told as
// PostgreSQL tells it, and nothing of the statement stays.
func TestInsert(t *testing.T) {
	conn := tables(t)
	steps(t, conn,
		"CREATE TABLE t (id INT PRIMARY KEY, name TEXT NOT NULL DEFAULT 'nobody', n NUMERIC(6,2))", "CREATE TABLE",
		"INSERT INTO t VALUES (1, 'a', 1.5), (2, DEFAULT, 2)", "INSERT 0 2",
		"INSERT INTO t (n, id) VALUES (3, 1 + 2) RETURNING id, n * 2 AS twice, *", "3|6.00|3|nobody|3.00\nINSERT 0 1",
		"SELECT * FROM t ORDER BY id", "1|a|1.50\n2|nobody|2.00\n3|nobody|3.00\nSELECT 3",
		"INSERT INTO t VALUES (4, 'x'), (1, 'b')", `23505 duplicate key value violates unique constraint "t_pkey" / Key (id)=(1) already exists.`,
		"INSERT INTO t VALUES (4, 'x'), (4, 'b')", `23505 duplicate key value violates unique constraint "t_pkey" / Key (id)=(4) already exists.`,
		"INSERT INTO t VALUES (4, NULL)", `23502 null value in column "name" of relation "t" violates not-null constraint / Failing row contains (4, null, null).`,
		"INSERT INTO t DEFAULT VALUES", `23502 null value in column "id" of relation "t" violates not-null constraint / Failing row contains (null, nobody, null).`,
		"INSERT INTO t VALUES (4, 'x', 1, 2)", "42601 INSERT has more expressions than target columns",
		"INSERT INTO t (id, name) VALUES (4)", "42601 INSERT has more target columns than expressions",
		"INSERT INTO t (id, nam) VALUES (4, 'x')", `42703 column "nam" of relation "t" does not exist / Perhaps you meant "name".`,
		"INSERT INTO t VALUES (true, 'x')", `42804 column "id" is of type integer but expression is of type boolean / You will need to rewrite or cast the expression.`,
		"INSERT INTO t VALUES ('x', 'x')", `22P02 invalid input syntax for type integer: "x"`,
		"INSERT INTO t VALUES (1/0, 'x')", "22012 division by zero",
		"INSERT INTO t VALUES (1, 'x', 12345.6)", "22003 numeric field overflow / A field with precision 6, scale 2 must round to an absolute value less than 10^4.",
		"SELECT count(*) FROM t", "3\nSELECT 1",
		"INSERT INTO t SELECT id + 10, 'c', NULL FROM t WHERE id < 3", "INSERT 0 2",
		"INSERT INTO t SELECT id + 20, 'c' FROM t WHERE id < 3 RETURNING id, name", "21|c\n22|c\nINSERT 0 2",
	)
}
