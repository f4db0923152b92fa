package storetest_test

import (
	"context"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/mem"
	"github.com/dirigo-stream/dirigo/storage/storetest"
)

type disk struct {
	*mem.Disk
	spoil func(*mem.Store) storage.Store
}

func (d disk) Open() (storage.Store, error) {
	s := d.Disk.Open()
	if d.spoil == nil {
		return s, nil
	}
	return d.spoil(s), nil
}

func TestMem(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Disk { return disk{Disk: mem.NewDisk()} })
}

// The broken stores, each wrong in one thing.
type (
	forgetsDeletes struct{ *mem.Store }
	keepsAll       struct{ *mem.Store }
	oneIncarnation struct{ *mem.Store }
	cutsBlocks     struct{ *mem.Store }
	mixesLogs      struct{ *mem.Store }
)

func (forgetsDeletes) Delete([]string) error { return nil }

func (s keepsAll) Commit(ctx context.Context, r storage.Root, _ int) error {
	return s.Store.Commit(ctx, r, 1000)
}

func (oneIncarnation) Incarnation() uint64 { return 1 }

func (s cutsBlocks) Read(name string) ([]byte, error) {
	b, err := s.Store.Read(name)
	return b[:min(len(b), 1<<20)], err
}

func (s mixesLogs) Log(string) (storage.Log, error) { return s.Store.Log("one") }

// TestBrokenStoresFail: the checks catch what they are for.
func TestBrokenStoresFail(t *testing.T) {
	for want, spoil := range map[string]func(*mem.Store) storage.Store{
		"blocks are deleted":          func(s *mem.Store) storage.Store { return forgetsDeletes{s} },
		"roots stand newest first":    func(s *mem.Store) storage.Store { return keepsAll{s} },
		"incarnations rise":           func(s *mem.Store) storage.Store { return oneIncarnation{s} },
		"blocks come back":            func(s *mem.Store) storage.Store { return cutsBlocks{s} },
		"logs are apart and in order": func(s *mem.Store) storage.Store { return mixesLogs{s} },
	} {
		for _, c := range storetest.Checks {
			if c.Name == want && c.Run(disk{mem.NewDisk(), spoil}) == nil {
				t.Errorf("a store that breaks %q passes", want)
			}
		}
	}
}
