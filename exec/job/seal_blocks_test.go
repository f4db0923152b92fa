package job

import (
	"context"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// weighed is a store that notes how many bytes the largest Write had.
type weighed struct {
	storage.Store
	most int
}

func (w *weighed) Write(ctx context.Context, blocks []storage.Block) error {
	n := 0
	for _, b := range blocks {
		n += len(b.Data)
	}
	w.most = max(w.most, n)
	return w.Store.Write(ctx, blocks)
}

// TestSealIsWrittenAhead: of a large Seal little waits for its end, its manifest
// names every block all the same, and one that is given up leaves none.
func TestSealIsWrittenAhead(t *testing.T) {
	const blocks, size = 40, 700 << 10
	store := &weighed{Store: mem.NewDisk().Open()}
	ledger, err := storage.OpenLedger(t.Context(), store, storage.LedgerConfig{Go: func(f func()) { f() }})
	if err != nil {
		t.Fatal(err)
	}
	gather := func() sealBlocks {
		s := sealBlocks{q: &query{eng: &Engine{ledger: ledger}, def: QueryDef{ID: 7}}, pace: &pacer{}}
		for i := range blocks {
			if err := s.add(storage.NewBlock{Low: i, High: i + 1, Data: make([]byte, size)}); err != nil {
				t.Fatal(err)
			}
			if s.size >= sealHeld {
				t.Fatalf("%d bytes are held", s.size)
			}
		}
		return s
	}
	names := func() (n int) {
		if err := store.Names(func(string) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	s := gather()
	if n := names(); n < blocks-sealHeld/size-1 {
		t.Errorf("%d of %d blocks are written before the Seal", n, blocks)
	}
	if err := ledger.Seal(t.Context(), 1, nil, []storage.QuerySeal{{Query: 7, Epoch: 1, Blocks: s.all}}); err != nil {
		t.Fatal(err)
	}
	if store.most > sealHeld+size {
		t.Errorf("%d bytes were written at once, want at most %d", store.most, sealHeld+size)
	}
	m, err := ledger.Query(7)
	if err != nil || len(m.Blocks) != blocks {
		t.Fatalf("%d of %d blocks in the manifest: %v", len(m.Blocks), blocks, err)
	}
	for _, b := range m.Blocks {
		if data, err := ledger.Read(b.Name); err != nil || len(data) != size {
			t.Fatalf("block %s: %d bytes, %v", b.Name, len(data), err)
		}
	}
	sealed := names()
	given := gather()
	ledger.Forget(7, given.all)
	if _, err := ledger.Sweep(); err != nil {
		t.Fatal(err)
	}
	if n := names(); n != sealed {
		t.Errorf("%d blocks are left of a Seal that was given up", n-sealed)
	}
}
