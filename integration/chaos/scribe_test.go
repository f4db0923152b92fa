package chaos

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// item is a row of the table that scribes change.
type item struct{ k, grp, w int64 }

const (
	itemsTable = `CREATE TABLE items (k BIGINT PRIMARY KEY, grp BIGINT NOT NULL, w BIGINT NOT NULL)`
	doneTable  = `CREATE TABLE done (id TEXT PRIMARY KEY, ops INT NOT NULL)`
)

// scribe changes the items whose key is its own (k mod of = index), transaction
// by transaction, and knows what they must be. Each transaction leaves its name
// in the table done: when a kill came before the answer to COMMIT, the name says
// whether it took place.
type scribe struct {
	n         *node
	t         testing.TB
	index, of int64
	keys      int64
	groups    int64
	rng       *rand.Rand

	rows    map[int64]item // as of the last transaction whose outcome is known
	names   []string       // of those that took place
	unsure  int            // transactions whose COMMIT was not answered
	undone  int            // rolled back on purpose
	changes int
}

// scribes are a set of them, each with its part of the keys.
type scribes struct {
	all  []*scribe
	stop chan struct{}
	done sync.WaitGroup
}

func newScribes(n *node, count int, keys int64, seed uint64) *scribes {
	ws := &scribes{}
	for i := range count {
		ws.all = append(ws.all, &scribe{
			n: n, t: n.t, index: int64(i), of: int64(count), keys: keys, groups: 11,
			rng: rand.New(rand.NewPCG(seed, 100+uint64(i))), rows: map[int64]item{},
		})
	}
	return ws
}

// run writes until halt is called.
func (ws *scribes) run() {
	ws.stop = make(chan struct{})
	for _, w := range ws.all {
		ws.done.Go(func() { w.run(ws.stop) })
	}
}

func (ws *scribes) halt() {
	close(ws.stop)
	ws.done.Wait()
}

// rows returns what the table must hold; names, what took place.
func (ws *scribes) rows() map[int64]item {
	out := map[int64]item{}
	for _, w := range ws.all {
		maps.Copy(out, w.rows)
	}
	return out
}

func (ws *scribes) names() (out []string) {
	for _, w := range ws.all {
		out = append(out, w.names...)
	}
	return out
}

func (ws *scribes) report(t testing.TB) {
	t.Helper()
	changes, unsure, undone := 0, 0, 0
	for _, w := range ws.all {
		changes, unsure, undone = changes+w.changes, unsure+w.unsure, undone+w.undone
	}
	t.Logf("%d transactions of %d row changes took place, %d were rolled back, of %d the COMMIT was not answered",
		len(ws.names()), changes, undone, unsure)
}

// run opens connections, one after another as they are lost. It does not end
// before the outcome of all is known.
func (w *scribe) run(stop <-chan struct{}) {
	var pending *transaction
	for {
		select {
		case <-stop:
			if pending == nil {
				return
			}
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		c, err := w.n.connect()
		if err == nil {
			pending, err = w.session(ctx, c, pending, stop)
			_ = c.Close(ctx)
		}
		cancel()
		var pe *pgconn.PgError
		if errors.As(err, &pe) && !strings.HasPrefix(pe.Code, "57") {
			w.t.Errorf("scribe %d: %v", w.index, err)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// session works on one connection until it is lost, or the end. It returns the
// transaction whose outcome is not known.
func (w *scribe) session(ctx context.Context, c *pgx.Conn, unknown *transaction, stop <-chan struct{}) (*transaction, error) {
	if unknown != nil {
		there, err := w.tookPlace(ctx, c, unknown.name)
		if err != nil {
			return unknown, err
		}
		w.unsure++
		if there {
			w.apply(unknown)
		}
	}
	if err := w.readsOwn(ctx, c); err != nil {
		return nil, err
	}
	for {
		select {
		case <-stop:
			return nil, nil
		case <-time.After(time.Millisecond):
		}
		t := w.draw()
		sent, err := t.execute(ctx, c)
		switch {
		case err == nil && sent:
			w.apply(t)
		case err == nil:
			w.undone++
		case sent:
			return t, err
		default:
			return nil, err
		}
	}
}

// readsOwn: what was acknowledged before a kill is there at once after it.
func (w *scribe) readsOwn(ctx context.Context, c *pgx.Conn) error {
	if len(w.names) == 0 {
		return nil
	}
	last := w.names[len(w.names)-1]
	there, err := w.tookPlace(ctx, c, last)
	if err == nil && !there {
		w.t.Errorf("scribe %d: transaction %s was acknowledged, and is not there after a restart", w.index, last)
	}
	return err
}

func (w *scribe) tookPlace(ctx context.Context, c *pgx.Conn, name string) (bool, error) {
	results, err := c.PgConn().Exec(ctx, "SELECT count(*) FROM done WHERE id = '"+name+"'").ReadAll()
	if err != nil {
		return false, err
	}
	return string(results[0].Rows[0][0]) != "0", nil
}

func (w *scribe) apply(t *transaction) {
	for k, x := range t.after {
		if x == nil {
			delete(w.rows, k)
		} else {
			w.rows[k] = *x
		}
	}
	w.names = append(w.names, t.name)
	w.changes += t.changes
}
