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

// TestUpdate: rows change and go, by key or by any condition, with other
// relations beside them.
func TestUpdate(t *testing.T) {
	conn := tables(t)
	steps(t, conn,
		"CREATE TABLE t (id INT PRIMARY KEY, a INT, b TEXT DEFAULT 'd')", "CREATE TABLE",
		"CREATE TABLE u (id INT, x TEXT)", "CREATE TABLE",
		"INSERT INTO t SELECT v.id, v.id * 10, 'r' || v.id::text FROM (VALUES (1), (2), (3), (4)) AS v (id)", "INSERT 0 4",
		"INSERT INTO u VALUES (1, 'one'), (2, 'two'), (2, 'zwei'), (NULL, 'none')", "INSERT 0 4",
		"UPDATE t SET a = a + 1 WHERE id = 2 RETURNING *", "2|21|r2\nUPDATE 1",
		"UPDATE t SET a = a + 1 WHERE id = 9", "UPDATE 0",
		"UPDATE t SET a = a + 1 WHERE id = 2 AND a > 100", "UPDATE 0",
		"UPDATE t SET (a, b) = (id, DEFAULT) WHERE a > 25", "UPDATE 2",
		"UPDATE t AS q SET a = -q.a WHERE q.b = 'd' AND q.id > 3", "UPDATE 1",
		"SELECT * FROM t ORDER BY id", "1|10|r1\n2|21|r2\n3|3|d\n4|-4|d\nSELECT 4",
		"UPDATE t SET b = u.x FROM u WHERE u.id = t.id AND u.x <> 'zwei' RETURNING t.id, b, x", "1|one|one\n2|two|two\nUPDATE 2",
		"UPDATE t SET id = id + 1", "UPDATE 4",
		"UPDATE t SET id = 5 WHERE id = 2", `23505 duplicate key value violates unique constraint "t_pkey" / Key (id)=(5) already exists.`,
		"UPDATE t SET id = NULL WHERE id = 2", `23502 null value in column "id" of relation "t" violates not-null constraint / Failing row contains (null, 10, one).`,
		"UPDATE t SET a = 1, a = 2", `42601 multiple assignments to same column "a"`,
		"UPDATE t SET a = 'x'", `22P02 invalid input syntax for type integer: "x"`,
		"UPDATE t SET a = count(*)", "42803 aggregate functions are not allowed in UPDATE",
		"UPDATE u SET x = 'twice' WHERE id = 2", "UPDATE 2",
		"DELETE FROM u WHERE id = 2 RETURNING x", "twice\ntwice\nDELETE 2",
		"DELETE FROM t USING u WHERE t.id = u.id + 1 RETURNING t.id, u.x", "2|one\nDELETE 1",
		"DELETE FROM t WHERE id = 3", "DELETE 1",
		"DELETE FROM t WHERE id IN (SELECT id + 3 FROM u)", "DELETE 1",
		"SELECT id FROM t", "5\nSELECT 1",
		"TRUNCATE t, u", "TRUNCATE TABLE",
		"SELECT count(*) FROM t", "0\nSELECT 1",
		"DELETE FROM t", "DELETE 0",
		"DELETE FROM nothing", `42P01 relation "nothing" does not exist`,
	)
}

// TestOnConflict: a row whose key is there is left, or updates what is there,
// once in a statement.
func TestOnConflict(t *testing.T) {
	conn := tables(t)
	steps(t, conn,
		"CREATE TABLE t (a INT, b INT, n INT DEFAULT 0, PRIMARY KEY (a, b))", "CREATE TABLE",
		"INSERT INTO t VALUES (1, 1, 1), (1, 1, 2) ON CONFLICT DO NOTHING RETURNING n", "1\nINSERT 0 1",
		"INSERT INTO t VALUES (1, 1, 5), (1, 2, 5) ON CONFLICT (b, a) DO UPDATE SET n = t.n + excluded.n RETURNING *", "1|2|5\n1|1|6\nINSERT 0 2",
		"INSERT INTO t AS q VALUES (1, 1, 5) ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET n = DEFAULT WHERE q.n > 100", "INSERT 0 0",
		"INSERT INTO t VALUES (7, 7), (7, 7) ON CONFLICT (a, b) DO UPDATE SET n = 1",
		"21000 ON CONFLICT DO UPDATE command cannot affect row a second time / Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
		"INSERT INTO t VALUES (1, 1), (1, 1) ON CONFLICT (a, b) DO UPDATE SET n = 1",
		"21000 ON CONFLICT DO UPDATE command cannot affect row a second time / Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
		"INSERT INTO t VALUES (1, 1) ON CONFLICT (a) DO NOTHING", "42P10 there is no unique or exclusion constraint matching the ON CONFLICT specification",
		"INSERT INTO t VALUES (1, 1) ON CONFLICT DO UPDATE SET n = 1", "42601 ON CONFLICT DO UPDATE requires inference specification or constraint name / For example, ON CONFLICT (column_name).",
		"INSERT INTO t VALUES (1, 1) ON CONFLICT (c) DO NOTHING", `42703 column "c" does not exist`,
		"INSERT INTO t VALUES (1, 1) ON CONFLICT ON CONSTRAINT k DO NOTHING", `42704 constraint "k" for table "t" does not exist`,
		"INSERT INTO t VALUES (1, 1) ON CONFLICT (a, b) DO UPDATE SET n = n + 1", `42702 column reference "n" is ambiguous`,
		"INSERT INTO t VALUES (1, 1) ON CONFLICT (a, b) DO UPDATE SET b = 2", `23505 duplicate key value violates unique constraint "t_pkey" / Key (a, b)=(1, 2) already exists.`,
		"SELECT * FROM t ORDER BY a, b", "1|1|6\n1|2|5\nSELECT 2",
	)
}

// TestTransaction: what a transaction has changed is seen by itself alone until
// it commits; one that has failed leaves nothing.
func TestTransaction(t *testing.T) {
	db, stop := realDB(t, mem.NewDisk())
	addr := serve(t, db)
	conn, other := connect(t, addr), connect(t, addr)
	defer stop()
	steps(t, conn,
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)", "CREATE TABLE",
		"BEGIN", "BEGIN",
		"INSERT INTO t VALUES (1, 10), (2, 20)", "INSERT 0 2",
		"UPDATE t SET a = a + 1", "UPDATE 2",
		"UPDATE t SET a = a + 1 WHERE id = 1", "UPDATE 1",
		"DELETE FROM t WHERE a = 21", "DELETE 1",
		"SELECT * FROM t", "1|12\nSELECT 1",
		"INSERT INTO t VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET a = t.a + excluded.a", "INSERT 0 1",
		"SELECT sum(a) FROM t", "13\nSELECT 1",
	)
	steps(t, other,
		"SELECT count(*) FROM t", "0\nSELECT 1",
		"SET lock_timeout = '20ms'", "SET",
		"INSERT INTO t VALUES (9, 9)", "55P03 canceling statement due to lock timeout",
	)
	steps(t, conn, "COMMIT", "COMMIT")
	steps(t, other,
		"SELECT * FROM t", "1|13\nSELECT 1",
		"BEGIN", "BEGIN",
		"DELETE FROM t", "DELETE 1",
		"INSERT INTO t VALUES (NULL)", `23502 null value in column "id" of relation "t" violates not-null constraint / Failing row contains (null, null).`,
		"SELECT 1", "25P02 current transaction is aborted, commands ignored until end of transaction block",
	)
	steps(t, conn, "UPDATE t SET a = 0", "UPDATE 1") // the lock is free again
	steps(t, other,
		"COMMIT", "ROLLBACK",
		"BEGIN READ ONLY", "BEGIN",
		"DELETE FROM t", "25006 cannot execute DELETE in a read-only transaction",
		"ROLLBACK", "ROLLBACK",
		"INSERT INTO t VALUES (2, 2); INSERT INTO t VALUES (1, 1)", "INSERT 0 1\n23505 duplicate key value violates unique constraint \"t_pkey\" / Key (id)=(1) already exists.",
		"INSERT INTO t VALUES (3, 3); SELECT count(*) FROM t", "INSERT 0 1\n2\nSELECT 1",
		"BEGIN; INSERT INTO t VALUES (4, 4); ROLLBACK; INSERT INTO t VALUES (5, 5)", "BEGIN\nINSERT 0 1\nROLLBACK\nINSERT 0 1",
		"SELECT id FROM t ORDER BY id", "1\n3\n5\nSELECT 3",
	)
	batch := &pgx.Batch{}
	batch.Queue("INSERT INTO t VALUES ($1, $2)", 6, 6)
	batch.Queue("INSERT INTO t VALUES ($1, $2)", 1, 6)
	if err := conn.SendBatch(t.Context(), batch).Close(); err == nil || !strings.Contains(err.Error(), "23505") {
		t.Errorf("a batch with a duplicate: %v", err)
	}
	steps(t, conn, "SELECT id FROM t ORDER BY id", "1\n3\n5\nSELECT 3")
	var id int
	if err := conn.QueryRow(t.Context(), "INSERT INTO t VALUES ($1, $1 + 1) RETURNING a", 6).Scan(&id); err != nil || id != 7 {
		t.Errorf("with parameters: %d, %v", id, err)
	}
	if tag, err := conn.Exec(t.Context(), "UPDATE t SET a = $2 WHERE id = $1", 6, 60); err != nil || tag.String() != "UPDATE 1" {
		t.Errorf("update with parameters: %s, %v", tag, err)
	}
}

// TestCopyIn: rows come in by COPY in both formats, all or none; an error says
// in which line it was.
func TestCopyIn(t *testing.T) {
	conn := tables(t)
	steps(t, conn, "CREATE TABLE t (id INT PRIMARY KEY, s TEXT, n NUMERIC DEFAULT 7)", "CREATE TABLE")
	for _, x := range []struct{ sql, data, want string }{
		{"COPY t FROM STDIN", "1\ta\\tb\\\\\\n\\x41\\101\t1.5\n2\t\\N\t\\N\r\n3\t\t0\n\\.\n", "COPY 3"},
		{"COPY t (id, s) FROM STDIN (FORMAT csv, HEADER)", "x,y\n4,\"a \"\"q\"\"\n, b\"\n5,\n6,\"\"", "COPY 3"},
		{"COPY t (s, id) FROM STDIN WITH CSV DELIMITER ';' NULL 'nil'", "nil;7\n\"nil\";8\n", "COPY 2"},
		{"COPY t FROM STDIN", "", "COPY 0"},
		{"COPY t FROM STDIN", "9\ta\n", `22P04 missing data for column "n" / COPY t, line 1: "9	a"`},
		{"COPY t (id) FROM STDIN", "9\n10\ta\n", `22P04 extra data after last expected column / COPY t, line 2: "10	a"`},
		{"COPY t (id) FROM STDIN", "9\nten\n", `22P02 invalid input syntax for type integer: "ten" / COPY t, line 2, column id: "ten"`},
		{"COPY t (id) FROM STDIN", "9\n1\n", `23505 duplicate key value violates unique constraint "t_pkey" / Key (id)=(1) already exists.`},
		{"COPY t (id) FROM STDIN (FORMAT csv)", "\"9\n", "22P04 unterminated CSV quoted field / COPY t, line 1: \"\"9\n\""},
		{"COPY t (id, id) FROM STDIN", "", `42701 column "id" specified more than once`},
		{"COPY t FROM STDIN (FORMAT binary)", "", "0A000 COPY FROM in binary is not supported yet / Use the text or csv format."},
	} {
		tag, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(x.data), x.sql)
		got := tag.String()
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			got = pg.Code + " " + pg.Message
			for _, more := range []string{pg.Detail, pg.Hint, pg.Where} {
				if more != "" {
					got += " / " + more
				}
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if got != x.want {
			t.Errorf("%s\n%s\nwant\n%s", x.sql, got, x.want)
		}
	}
	steps(t, conn, "SELECT * FROM t ORDER BY id",
		"1|a\tb\\\nAA|1.5\n2|NULL|NULL\n3||0\n4|a \"q\"\n, b|7\n5|NULL|7\n6||7\n7|NULL|7\n8|nil|7\nSELECT 8")
	rows := [][]any{{100, "x", nil}, {101, "y", nil}}
	if n, err := conn.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"id", "s", "n"}, pgx.CopyFromRows(rows)); err == nil {
		t.Errorf("binary COPY: %d rows", n)
	}
}
