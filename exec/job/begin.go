package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/storage"
)

// begins is the durable log of where queries began that read only what is new:
// a crash before their first Seal must not move their beginning.
type begins struct{ log storage.Log }

func (b *begins) key(query uint64) string { return fmt.Sprintf("begin/%020d", query) }

// errFound ends a scan.
var errFound = errors.New("found")

// read returns where a query began, by source; nil where nothing was written.
func (b *begins) read(query uint64) (at map[uint64][]position, err error) {
	err = b.log.Scan(b.key(query), func(r storage.Record) error {
		if err := json.Unmarshal(r.Value, &at); err != nil {
			return fmt.Errorf("beginning of query %d: %w", query, err)
		}
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return at, err
}

func (b *begins) write(ctx context.Context, query uint64, at map[uint64][]position) error {
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
	return q.eng.begins.write(ctx, q.def.ID, fresh)
}
