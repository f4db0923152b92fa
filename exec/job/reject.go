package job

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/storage"
)

// rejects keeps the rows that were read and not taken, in a bounded relation.
//
// The rejects of one operator and partition come in the order of offsets, by
// one instance. A row at or below the last offset seen there is a replay of one
// that is counted already: so a crash doubles none. Rows are made durable with
// the next Seal, before the root that counts their records as read.
type rejects struct {
	log storage.Log

	// writing is held over what changes the log: a flush under way must not write
	// what a drop has removed.
	writing sync.Mutex

	mu     sync.Mutex
	marks  map[string]*rejectMark
	rows   []rejectRecord // not yet durable
	shedAt int            // how many make the next shed worth while
	dirty  map[string]bool
}

// rejectMark is what is known of one operator and partition.
type rejectMark struct {
	Last   int64            `json:"last"`
	Counts map[string]int64 `json:"counts"`
	Kept   []int64          `json:"kept"` // offsets of the rows kept, oldest first
	query  uint64
	source uint64
}

type rejectRecord struct {
	key string
	row RejectedRow
}

// rejectsKept is how many rows are kept per operator and partition; all are
// counted.
const rejectsKept = 10_000

func openRejects(log storage.Log) (*rejects, error) {
	r := &rejects{log: log, marks: map[string]*rejectMark{}, dirty: map[string]bool{}}
	err := log.Scan("m/", func(rec storage.Record) error {
		m := &rejectMark{}
		if err := json.Unmarshal(rec.Value, m); err != nil {
			return fmt.Errorf("rejected rows: %s: %w", rec.Key, err)
		}
		key := strings.TrimPrefix(rec.Key, "m/")
		if _, err := fmt.Sscanf(key, "%d/%d/", &m.query, &m.source); err != nil {
			return fmt.Errorf("rejected rows: key %q: %w", rec.Key, err)
		}
		r.marks[key] = m
		return nil
	})
	return r, err
}

// record takes a rejected row.
func (r *rejects) record(row RejectedRow) {
	key := fmt.Sprintf("%d/%d/%s/%d", row.Query, row.Source, row.Operator, row.Partition)
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.marks[key]
	if m == nil {
		m = &rejectMark{Last: -1, Counts: map[string]int64{}, query: row.Query, source: row.Source}
		r.marks[key] = m
	}
	if row.Offset <= m.Last {
		return
	}
	m.Last = row.Offset
	m.Counts[row.Reason]++
	m.Kept = append(m.Kept, row.Offset)
	row.At = time.Now().UTC()
	r.rows = append(r.rows, rejectRecord{fmt.Sprintf("r/%s/%020d", key, row.Offset), row})
	r.dirty[key] = true
	r.shed()
}

// shed drops the oldest rows that wait to be written, where more came than are
// kept anyway: they are counted.
func (r *rejects) shed() {
	if len(r.rows) < max(4*rejectsKept, r.shedAt) {
		return
	}
	oldest := map[string]int64{}
	for key, m := range r.marks {
		if n := len(m.Kept); n > rejectsKept {
			oldest[key] = m.Kept[n-rejectsKept]
		}
	}
	r.rows = slices.DeleteFunc(r.rows, func(rec rejectRecord) bool {
		row := rec.row
		at, ok := oldest[fmt.Sprintf("%d/%d/%s/%d", row.Query, row.Source, row.Operator, row.Partition)]
		return ok && row.Offset < at
	})
	r.shedAt = 2 * len(r.rows)
}

// flush makes durable what was recorded so far.
func (r *rejects) flush(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	var puts []storage.Record
	var drops []string
	for _, rec := range r.rows {
		v, _ := json.Marshal(rec.row)
		puts = append(puts, storage.Record{Key: rec.key, Value: v})
	}
	for key := range r.dirty {
		m := r.marks[key]
		for len(m.Kept) > rejectsKept {
			drops = append(drops, fmt.Sprintf("r/%s/%020d", key, m.Kept[0]))
			m.Kept = m.Kept[1:]
		}
		v, _ := json.Marshal(m)
		puts = append(puts, storage.Record{Key: "m/" + key, Value: v})
	}
	rows, dirty := r.rows, r.dirty
	r.rows, r.dirty = nil, map[string]bool{}
	r.mu.Unlock()
	if len(puts) == 0 {
		return nil
	}
	if err := r.put(ctx, puts, drops); err != nil {
		r.mu.Lock()
		r.rows = append(rows, r.rows...)
		maps.Copy(r.dirty, dirty)
		r.mu.Unlock()
		return fmt.Errorf("write rejected rows: %w", err)
	}
	return nil
}

// rejectsPerPut bounds one transaction of the log, in bytes and in records.
const (
	rejectBytesPerPut = 128 << 10
	rejectsPerPut     = 500
)

// put writes records in parts, marks last: should a crash come between, the
// rows are recorded again under the same keys.
func (r *rejects) put(ctx context.Context, puts []storage.Record, drops []string) error {
	for len(puts) > 0 || len(drops) > 0 {
		n, m := partOf(puts), min(len(drops), rejectsPerPut)
		if err := r.log.Put(ctx, puts[:n], drops[:m]); err != nil {
			return err
		}
		puts, drops = puts[n:], drops[m:]
	}
	return nil
}

// partOf returns how many of the records, one at least, fit a transaction.
func partOf(puts []storage.Record) int {
	bytes := 0
	for n, r := range puts[:min(len(puts), rejectsPerPut)] {
		if bytes += len(r.Key) + len(r.Value); n > 0 && bytes > rejectBytesPerPut {
			return n
		}
	}
	return min(len(puts), rejectsPerPut)
}

// counts returns the rejected rows of a query by reason, those of its sources'
// decoding left out.
func (r *rejects) counts(query uint64) map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]int64{}
	for _, m := range r.marks {
		if m.query == query {
			for reason, n := range m.Counts {
				out[reason] += n
			}
		}
	}
	return out
}

// scan calls f with the rejected rows of a query; 0: of all, and of decoding.
func (r *rejects) scan(query uint64, f func(RejectedRow) error) error {
	if err := r.flush(context.Background()); err != nil {
		return err
	}
	prefix := "r/"
	if query != 0 {
		prefix = fmt.Sprintf("r/%d/", query)
	}
	return r.log.Scan(prefix, func(rec storage.Record) error {
		var row RejectedRow
		if err := json.Unmarshal(rec.Value, &row); err != nil {
			return fmt.Errorf("rejected rows: %s: %w", rec.Key, err)
		}
		return f(row)
	})
}

// drop forgets the rejected rows of a query.
func (r *rejects) drop(ctx context.Context, query uint64) error {
	var keys []string
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	for key, m := range r.marks {
		if m.query == query {
			keys = append(keys, "m/"+key)
			delete(r.marks, key)
			delete(r.dirty, key)
		}
	}
	kept := r.rows[:0]
	for _, rec := range r.rows {
		if rec.row.Query != query {
			kept = append(kept, rec)
		}
	}
	r.rows = kept
	r.mu.Unlock()
	err := r.log.Scan(fmt.Sprintf("r/%d/", query), func(rec storage.Record) error {
		keys = append(keys, rec.Key)
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	return r.put(ctx, nil, keys)
}

// rejecter hands an operator's rejected rows on, with their identity.
type rejecter struct {
	q        *query
	operator string
	types    []batch.Type
}

var _ exec.Rejecter = (*rejecter)(nil)

// Reject implements exec.Rejecter.
func (r *rejecter) Reject(x exec.Reject) {
	row := RejectedRow{
		Query: r.q.def.ID, Operator: r.operator, Reason: x.Reason, Detail: x.Detail,
	}
	if x.Batch != nil {
		row.Row = rowText(x.Batch, x.Row, r.types)
	}
	if x.Origin != nil {
		row.Source, row.Partition, row.Offset = x.Origin.Source, x.Origin.Partition, x.Origin.Offset(x.Row)
	}
	r.q.eng.rejects.record(row)
}

// rowText prints one row for people, as PostgreSQL would print a composite.
func rowText(b *batch.Batch, row int, types []batch.Type) string {
	out := []byte{'('}
	for i, c := range b.Cols {
		if i > 0 {
			out = append(out, ',')
		}
		if c == nil || i >= len(types) {
			continue
		}
		if nulls := c.Nulls(); nulls != nil && nulls[row] {
			continue
		}
		out = batch.AppendText(out, c, row, types[i], nil)
		if len(out) > 4096 {
			return string(out[:4096]) + "…"
		}
	}
	return string(append(out, ')'))
}
