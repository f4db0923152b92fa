package session_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestPostgresChanges: random scripts of changes, in and outside of
// transactions, give the tags, rows, codes, messages and details that
// PostgreSQL gives, and leave the same rows.
func TestPostgresChanges(t *testing.T) {
	url := os.Getenv("DIRIGO_TEST_POSTGRES")
	if url == "" {
		t.Skip("set DIRIGO_TEST_POSTGRES to a connection string of PostgreSQL 15 to compare with it")
	}
	pg, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(t.Context())
	ours := tables(t)
	failed := map[string]int{}
	for seed := range uint64(60) {
		r := script{rand.New(rand.NewPCG(seed, 7))}
		for _, conn := range []*pgx.Conn{pg, ours} {
			told(t, conn, "ROLLBACK")
			told(t, conn, "DROP TABLE IF EXISTS t, u")
			do(t, conn, "CREATE TABLE t (a INT, b SMALLINT DEFAULT 1, s VARCHAR(4) DEFAULT 'd', n NUMERIC(5,1) NOT NULL DEFAULT 0, PRIMARY KEY (a, b))",
				"CREATE TABLE u (a INT, x TEXT)")
		}
		for range 40 {
			sql := r.statement()
			want, got := answer(t, pg, sql), answer(t, ours, sql)
			if len(want) > 6 && want[5] == ' ' {
				failed[want[:5]]++
			}
			if got != want && !sameMistake(sql, got, want) {
				t.Errorf("seed %d: %s\n%s\nPostgreSQL:\n%s", seed, sql, got, want)
			}
			for _, table := range []string{"t", "u"} {
				all := "SELECT * FROM " + table + " ORDER BY 1, 2"
				if want, got := answer(t, pg, all), answer(t, ours, all); got != want {
					t.Fatalf("seed %d: after %s\n%s\nPostgreSQL:\n%s", seed, sql, got, want)
				}
			}
		}
	}
	t.Logf("errors: %v", failed)
	if len(failed) < 4 {
		t.Error("the scripts meet too few errors to compare them")
	}
}

// sameMistake allows for which of several mistakes is found first: constants
// that are wrong, and the row of an UPDATE.
func sameMistake(sql, got, want string) bool {
	if strings.HasPrefix(want, "22") {
		return strings.HasPrefix(got, "22") || strings.HasPrefix(got, "42P10")
	}
	return strings.HasPrefix(sql, "UPDATE") && strings.HasPrefix(want, "23502") && strings.HasPrefix(got, "23502")
}

// answer is told without hints and places, which may differ; rows of RETURNING
// come in any order.
func answer(t *testing.T, conn *pgx.Conn, sql string) string {
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code + " " + e.Message + " / " + e.Detail
	}
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, res := range results {
		for _, row := range res.Rows {
			var cells []string
			for _, v := range row {
				cells = append(cells, fmt.Sprintf("%v:%s", v == nil, v))
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
		lines = append(lines, res.CommandTag.String())
	}
	if !strings.HasPrefix(sql, "SELECT") {
		slices.Sort(lines)
	}
	return strings.Join(lines, "\n")
}

type script struct{ *rand.Rand }

func (r script) pick(list ...string) string { return list[r.IntN(len(list))] }

// value is one that fits, or not.
func (r script) value(column string) string {
	switch column {
	case "a":
		return r.pick("1", "2", "3", "4", "5", "1 + 1", "'3'", "NULL", "7/2", "2.6")
	case "b":
		return r.pick("1", "2", "3", "DEFAULT", "1", "2", "40000")
	case "s":
		return r.pick("'x'", "'yy'", "NULL", "DEFAULT", "'long text'", "'a' || 'b'")
	}
	return r.pick("1", "2.25", "-3", "DEFAULT", "99999", "NULL", "'4'", "1/1", "10/0")
}

func (r script) row() string {
	cells := []string{r.value("a"), r.value("b"), r.value("s"), r.value("n")}
	if r.IntN(4) > 0 { // mostly right
		cells = []string{r.pick("1", "2", "3", "4", "5"), r.pick("1", "2"), r.pick("'x'", "'y'", "NULL"), r.pick("1", "2.5")}
	}
	return "(" + strings.Join(cells, ", ") + ")"
}

func (r script) where() string {
	return r.pick("", " WHERE t.a = 2", " WHERE t.a = 2 AND t.b = 1", " WHERE b = 2 AND t.a = 1 AND n > 1", " WHERE t.a > 3", " WHERE s IS NULL",
		" WHERE t.a IN (SELECT a FROM u)", " WHERE s = 'x' OR n < 2", " WHERE t.a = 3 AND t.b = 2 AND s = 'x'")
}

func (r script) statement() string {
	returning := r.pick("", "", " RETURNING *", " RETURNING t.a + t.b AS c, s")
	switch r.IntN(16) {
	case 0, 1, 2, 3:
		rows := []string{r.row()}
		for range r.IntN(3) {
			rows = append(rows, r.row())
		}
		return "INSERT INTO t VALUES " + strings.Join(rows, ", ") + r.conflict() + returning
	case 4:
		return "INSERT INTO t (b, a) SELECT 1, u.a + " + r.pick("0", "1") + " FROM u WHERE x <> 'q'" + r.conflict() + returning
	case 5:
		return "INSERT INTO u VALUES (" + r.pick("1", "2", "3", "NULL") + ", " + r.pick("'p'", "'q'", "NULL") + ") RETURNING x"
	case 6, 7, 8:
		// Keys stay, but for statements of one row: in which order PostgreSQL moves
		// more of them is its own affair.
		// Constants are right: PostgreSQL computes them even where there is no row.
		set := r.pick("s = 'x'", "s = NULL", "s = s || 'u'", "n = n * 10", "n = NULL", "n = DEFAULT", "s = n::text, n = a", "n = 12 / (a - 3)", "(s, n) = ('z', 2)")
		return "UPDATE t SET " + set + r.where() + returning
	case 9:
		return "UPDATE t SET n = n + 1, s = " + r.pick("s", "'u'", "x") + " FROM (SELECT a, max(x) AS x FROM u GROUP BY a) AS v WHERE v.a = t.a" + r.pick("", " AND n < 3") + returning
	case 10:
		return "UPDATE t SET a = " + r.pick("1", "2", "NULL") + ", b = " + r.pick("1", "2") + " WHERE a = 2 AND b = 1" + returning
	case 11:
		return "DELETE FROM t" + r.where() + returning
	case 12:
		return "DELETE FROM " + r.pick("u WHERE a = 2", "u WHERE x IS NULL", "t USING u WHERE t.a = u.a AND u.x = 'p'")
	case 13:
		return "BEGIN"
	case 14:
		return r.pick("COMMIT", "ROLLBACK")
	}
	return r.pick("INSERT INTO t (a, a) VALUES (1, 2)", "UPDATE t SET c = 1", "DELETE FROM v", "INSERT INTO t (a) VALUES (1, 2)", "UPDATE t SET a = true",
		"INSERT INTO t DEFAULT VALUES", "INSERT INTO u DEFAULT VALUES", "INSERT INTO t (a, b) VALUES (1)", "INSERT INTO u VALUES (1, 'p'), (2, 'p'), (3, 'q')")
}

func (r script) conflict() string {
	return r.pick("", "", "", " ON CONFLICT DO NOTHING", " ON CONFLICT (b, a) DO NOTHING", " ON CONFLICT (a, b) DO UPDATE SET n = t.n + excluded.n",
		" ON CONFLICT (a, b) DO UPDATE SET s = excluded.s, n = DEFAULT WHERE t.n < 3", " ON CONFLICT (a) DO NOTHING",
		" ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET s = 'c'")
}
