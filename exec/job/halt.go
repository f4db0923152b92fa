package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/storage"
)

// halts is the durable log of the queries that stand still until somebody lets
// them go on: those that were paused, and those that failed by what they do
// themselves, which would fail again.
type halts struct {
	log storage.Log
	mu  sync.Mutex // over writing that a query has failed, and letting it go on
}

// halt is why a query stands still.
type halt struct {
	State  string `json:"state"` // statePaused, stateFailed
	Reason string `json:"reason,omitempty"`
	Code   string `json:"code,omitempty"` // SQLSTATE
}

func haltKey(query uint64) string { return fmt.Sprintf("halt/%020d", query) }

// read returns why a query stands still; false: it does not.
func (h *halts) read(query uint64) (out halt, found bool, err error) {
	err = h.log.Scan(haltKey(query), func(r storage.Record) error {
		found = true
		return json.Unmarshal(r.Value, &out)
	})
	if err != nil {
		return out, false, fmt.Errorf("why query %d stands still: %w", query, err)
	}
	return out, found, nil
}

func (h *halts) write(ctx context.Context, query uint64, why halt) error {
	v, err := json.Marshal(why)
	if err != nil {
		return fmt.Errorf("why query %d stands still: %w", query, err)
	}
	return h.log.Put(ctx, []storage.Record{{Key: haltKey(query), Value: v}}, nil)
}

func (h *halts) drop(ctx context.Context, query uint64) error {
	return h.log.Put(ctx, nil, []string{haltKey(query)})
}

// keep forgets all queries but these.
func (h *halts) keep(ids []uint64) error {
	var gone []string
	err := h.log.Scan("halt/", func(r storage.Record) error {
		if !slices.ContainsFunc(ids, func(id uint64) bool { return haltKey(id) == r.Key }) {
			gone = append(gone, r.Key)
		}
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	return h.log.Put(context.Background(), nil, gone)
}

// err is what statements over the query are told.
func (h halt) err(name string) error {
	if h.State == statePaused {
		return paused(name)
	}
	return stopped(errors.New(h.Reason))
}

// paused is what statements over a paused query are told.
func paused(name string) error {
	return stopped(fmt.Errorf("%s is paused", name))
}

// upstream is why a query stopped that reads a view which did.
type upstream struct {
	view *query
	err  error
}

func (u *upstream) Error() string {
	if u.view.isPaused() {
		return fmt.Sprintf("view %s is paused", u.view.def.Name)
	}
	return fmt.Sprintf("view %s stopped: %s", u.view.def.Name, u.err)
}

func (u *upstream) Unwrap() error { return u.err }

func (q *query) isPaused() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state == statePaused
}

// broke stops a query that has failed by what it does itself: until somebody
// lets it go on, a restart of the server would not help.
func (e *Engine) broke(q *query, err error) {
	if !e.failed(q, err) || q.ephemeral || e.closing.Load() || e.keepsTable(q) {
		return
	}
	short := plain(err)
	e.io.run(func() {
		e.halts.mu.Lock()
		defer e.halts.mu.Unlock()
		if q.resumed || e.query(q.def.ID) != q {
			return
		}
		why := halt{State: stateFailed, Reason: short.Error(), Code: codeOf(err)}
		if err := e.halts.write(context.Background(), q.def.ID, why); err != nil && !errors.Is(err, storage.ErrClosed) {
			e.cfg.Logger.Warn("a restart will run the failed query again", "query", q.def.Name, "err", err)
		}
	})
}

// codeOf returns the SQLSTATE of what stopped a query; "": it has none.
func codeOf(err error) string {
	var value *expr.Error
	var parsed *batch.ValueError
	var coded interface{ SQLSTATE() string }
	switch {
	case errors.As(err, &value):
		return value.Code
	case errors.As(err, &parsed):
		return parsed.Code
	case errors.As(err, &coded):
		return coded.SQLSTATE()
	case strings.Contains(err.Error(), "\ngoroutine "): // a panic with its stack
		return "XX000"
	}
	return ""
}
