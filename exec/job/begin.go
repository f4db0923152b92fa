package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/storage"
)

// begins is the durable log of where queries began: in sources of which they
// read only what is new, and in the topics of keyed sinks. A crash before their
// first Seal must not move that.
type begins struct{ log storage.Log }

func (b *begins) key(query uint64) string { return fmt.Sprintf("begin/%020d", query) }

// errFound ends a scan.
var errFound = errors.New("found")

// read reads where a query began into at, which it leaves alone where nothing
// was written.
func (b *begins) read(query uint64, at *manifestExtra) error {
	err := b.log.Scan(b.key(query), func(r storage.Record) error {
		if err := json.Unmarshal(r.Value, at); err != nil {
			return fmt.Errorf("beginning of query %d: %w", query, err)
		}
		return errFound
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
}

func (b *begins) write(ctx context.Context, query uint64, at manifestExtra) error {
	v, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("beginning of query %d: %w", query, err)
	}
	return b.log.Put(ctx, []storage.Record{{Key: b.key(query), Value: v}}, nil)
}

func (b *begins) drop(ctx context.Context, query uint64) error {
	return b.log.Put(ctx, nil, []string{b.key(query)})
}

// began makes durable where q begins in those of its sources that it reads from
// the end on.
func (q *query) began(ctx context.Context, from map[uint64][]position) error {
	if q.ephemeral {
		return nil
	}
	fresh := map[uint64][]position{}
	for rel, at := range from {
		if q.eng.source(rel).def.Latest && q.base.Positions[rel] == nil {
			fresh[rel] = at
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return q.eng.begins.write(ctx, q.def.ID, manifestExtra{Positions: fresh, Sinks: q.base.Sinks, Started: q.base.Started})
}

// beganSinks makes durable where the topics of q's keyed sinks end, before it
// writes there for the first time.
func (q *query) beganSinks(ctx context.Context, ends []*instance) error {
	sealed := q.seals.committed() > 0
	fresh := map[string]staged{}
	for _, end := range ends {
		end.sink.mu.Lock()
		place := end.sink.place
		end.sink.mu.Unlock()
		if place != nil {
			fresh[end.sinkName()] = staged{Position: place}
		}
	}
	if sealed || len(fresh) == 0 || len(q.base.Sinks) > 0 {
		return nil
	}
	q.base.Sinks = fresh
	return q.eng.begins.write(ctx, q.def.ID, q.base)
}

// sinkName is under which a manifest has the instance's sink.
func (i *instance) sinkName() string { return fmt.Sprintf("%d.%d", i.def.ID, i.index) }
