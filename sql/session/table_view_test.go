package session_test

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/storage/mem"
)

// TestTableRestart: views over tables follow them; a restart keeps both, with
// the rows and what they default to.
func TestTableRestart(t *testing.T) {
	disk := mem.NewDisk()
	db, stop := realDB(t, disk)
	conn := connect(t, serve(t, db))
	steps(t, conn,
		"CREATE TABLE t (id INT PRIMARY KEY, who TEXT DEFAULT 'x', n INT)", "CREATE TABLE",
		"INSERT INTO t VALUES (1, 'a', 5), (2, 'b', 6), (3, 'a', 7)", "INSERT 0 3",
		"CREATE MATERIALIZED VIEW v AS SELECT who, sum(n) AS n FROM t GROUP BY who", "CREATE MATERIALIZED VIEW",
		"UPDATE t SET who = 'b' WHERE id = 3", "UPDATE 1",
		"DELETE FROM t WHERE id = 2", "DELETE 1",
		"FLUSH", "FLUSH",
		"SELECT * FROM v ORDER BY 1", "a|5\nb|7\nSELECT 2",
		"UPDATE t SET n = 8 WHERE id = 3", "UPDATE 1",
		"SELECT n FROM v WHERE who = 'b'", "8\nSELECT 1", // its own write, without FLUSH
	)
	stop()

	db, _ = realDB(t, disk)
	conn = connect(t, serve(t, db))
	steps(t, conn,
		"SELECT * FROM t ORDER BY 1", "1|a|5\n3|b|8\nSELECT 2",
		"INSERT INTO t (id) VALUES (1)", `23505 duplicate key value violates unique constraint "t_pkey" / Key (id)=(1) already exists.`,
		"INSERT INTO t (id, n) VALUES (4, 9) RETURNING *", "4|x|9\nINSERT 0 1",
		"SELECT * FROM v ORDER BY 1", "a|5\nb|8\nx|9\nSELECT 3",
		"DROP TABLE t", "2BP01 cannot drop table t because other objects depend on it / materialized view v depends on table t / Use DROP ... CASCADE to drop the dependent objects too.",
		"DROP TABLE t CASCADE", "DROP TABLE",
		"SELECT count(*) FROM dirigo_queries", "0\nSELECT 1",
		"CREATE TABLE t (a INT)", "CREATE TABLE",
		"SELECT * FROM t", "SELECT 0",
	)
}

// TestStoppedView: what reads a view that has stopped, or one above it, is told
// that it has, and why; the table and what else reads it go on.
func TestStoppedView(t *testing.T) {
	conn := tables(t)
	const why = "55000 query boom, vertex 2: a row cannot be computed: division by zero"
	const below = "55000 view boom stopped: query boom, vertex 2: a row cannot be computed: division by zero"
	steps(t, conn,
		"CREATE TABLE t (id INT PRIMARY KEY, n INT)", "CREATE TABLE",
		"INSERT INTO t VALUES (1, 4)", "INSERT 0 1",
		"CREATE MATERIALIZED VIEW boom AS SELECT id, 100 / (sum(n) - 5) AS x FROM t GROUP BY id", "CREATE MATERIALIZED VIEW",
		"CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM boom", "CREATE MATERIALIZED VIEW",
		"CREATE MATERIALIZED VIEW beside AS SELECT id, 100 / (n - 5) AS x FROM t", "CREATE MATERIALIZED VIEW",
		"SELECT * FROM boom", "1|-100\nSELECT 1",
		"UPDATE t SET n = 5", "UPDATE 1",
		"SELECT * FROM boom", why,
		"SELECT * FROM above", below,
		"CREATE MATERIALIZED VIEW later AS SELECT x FROM boom", below,
		"SELECT * FROM beside", "SELECT 0",
		"SELECT name, state, reason FROM dirigo_queries WHERE state = 'failed' ORDER BY name",
		"above|failed|"+below[6:]+"\nboom|failed|"+why[6:]+"\nSELECT 2",
		"DROP MATERIALIZED VIEW boom CASCADE", "DROP MATERIALIZED VIEW",
		"UPDATE t SET n = 6", "UPDATE 1",
		"SELECT * FROM beside", "1|100\nSELECT 1",
	)
}

// TestWhoReadsWhat: functions that give rows do so without a relation too, and a
// system relation is told apart from one that is not there.
func TestWhoReadsWhat(t *testing.T) {
	conn := tables(t)
	const never = ` can be read only by a SELECT of system relations / A continuous query reads streams, tables and views.`
	steps(t, conn,
		"SELECT generate_series(1, 3) AS g, 5", "1|5\n2|5\n3|5\nSELECT 3",
		"SELECT unnest(ARRAY[1, 2])", "1\n2\nSELECT 2",
		"SELECT sum(g) FROM (SELECT generate_series(1, 3) AS g) x", "6\nSELECT 1",
		"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE",
		"CREATE MATERIALIZED VIEW v AS SELECT * FROM dirigo_queries", `0A000 system relation "dirigo_queries"`+never,
		"CREATE MATERIALIZED VIEW v AS SELECT t.id FROM t JOIN pg_catalog.pg_class c ON c.oid = t.id", `0A000 system relation "pg_class"`+never,
		"CREATE MATERIALIZED VIEW v AS SELECT * FROM dirigo_querie", `42P01 relation "dirigo_querie" does not exist`,
	)
}

// TestDependsOnWhatItNames: a view cannot be without any relation that its text
// names, also one that nothing of its plan reads.
func TestDependsOnWhatItNames(t *testing.T) {
	const refused = "2BP01 cannot drop %s %s because other objects depend on it / materialized view %s depends on %s %s / Use DROP ... CASCADE to drop the dependent objects too."
	conn := tables(t)
	steps(t, conn,
		"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE",
		"CREATE TABLE u (id INT PRIMARY KEY)", "CREATE TABLE",
		"CREATE MATERIALIZED VIEW w AS SELECT id FROM u", "CREATE MATERIALIZED VIEW",
		"CREATE MATERIALIZED VIEW v AS WITH a AS (SELECT id FROM w), b AS (SELECT * FROM a) SELECT id FROM t", "CREATE MATERIALIZED VIEW",
		"DROP MATERIALIZED VIEW w", fmt.Sprintf(refused, "materialized view", "w", "v", "materialized view", "w"),
		"CREATE MATERIALIZED VIEW x AS SELECT id FROM t WHERE false AND id IN (SELECT id FROM u)", "CREATE MATERIALIZED VIEW",
		"DROP MATERIALIZED VIEW w CASCADE", "DROP MATERIALIZED VIEW",
		"DROP TABLE u", fmt.Sprintf(refused, "table", "u", "x", "table", "u"),
		"SELECT name FROM dirigo_queries ORDER BY 1", "t\nu\nx\nSELECT 3",
		"DROP TABLE u CASCADE", "DROP TABLE",
		"DROP TABLE t", "DROP TABLE",
	)
}
