package chaos

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// transaction is some changes of items, and what they make of the rows.
type transaction struct {
	name       string
	statements []string
	after      map[int64]*item // nil: deleted
	changes    int
	rollback   bool
}

// draw makes up a transaction over the scribe's rows.
func (w *scribe) draw() *transaction {
	t := &transaction{
		name:  fmt.Sprintf("%d-%d-%d", w.index, len(w.names), w.rng.IntN(1_000_000)),
		after: map[int64]*item{}, rollback: w.rng.IntN(20) == 0,
	}
	for range 1 + w.rng.IntN(4) {
		if w.rng.IntN(12) == 0 {
			w.drawMany(t)
		} else {
			w.drawOne(t)
		}
	}
	t.add("INSERT INTO done VALUES ('%s', %d)", t.name, t.changes)
	return t
}

// drawOne adds a statement that changes one row.
func (w *scribe) drawOne(t *transaction) {
	k := w.rng.Int64N(w.keys/w.of)*w.of + w.index
	x, there := w.rows[k]
	if own, ok := t.after[k]; ok {
		if there = own != nil; there {
			x = *own
		}
	}
	switch dice := w.rng.IntN(10); {
	case !there:
		x = item{k, w.rng.Int64N(w.groups), w.rng.Int64N(1000)}
		t.add("INSERT INTO items VALUES (%d, %d, %d)", k, x.grp, x.w)
		t.after[k] = &x
	case dice < 3:
		t.add("DELETE FROM items WHERE k = %d", k)
		t.after[k] = nil
	case dice < 6:
		x.grp = w.rng.Int64N(w.groups)
		t.add("UPDATE items SET grp = %d WHERE k = %d", x.grp, k)
		t.after[k] = &x
	default:
		x.w += 7
		t.add("UPDATE items SET w = w + 7 WHERE k = %d", k)
		t.after[k] = &x
	}
	t.changes++
}

// drawMany adds a statement that changes all the scribe's rows of a group.
func (w *scribe) drawMany(t *transaction) {
	grp := w.rng.Int64N(w.groups)
	t.add("UPDATE items SET w = w + 1 WHERE grp = %d AND k %% %d = %d", grp, w.of, w.index)
	for k, x := range w.rows {
		if _, ok := t.after[k]; !ok && x.grp == grp {
			t.after[k] = &item{k, x.grp, x.w}
		}
	}
	for _, x := range t.after {
		if x != nil && x.grp == grp {
			x.w++
			t.changes++
		}
	}
}

func (t *transaction) add(format string, args ...any) {
	t.statements = append(t.statements, fmt.Sprintf(format, args...))
}

// execute runs the transaction; sent says whether COMMIT was. One that met
// another's locks has not taken place.
func (t *transaction) execute(ctx context.Context, c *pgx.Conn) (sent bool, err error) {
	run := func(sql string) error {
		_, err := c.PgConn().Exec(ctx, sql).ReadAll()
		return err
	}
	for _, sql := range append([]string{"BEGIN"}, t.statements...) {
		err := run(sql)
		var pe *pgconn.PgError
		if errors.As(err, &pe) && (pe.Code == "40P01" || pe.Code == "55P03") {
			return false, run("ROLLBACK")
		}
		if err != nil {
			return false, err
		}
	}
	if t.rollback {
		return false, run("ROLLBACK")
	}
	return true, run("COMMIT")
}
