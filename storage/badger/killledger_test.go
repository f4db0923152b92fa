package badger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// In epoch e the queries of which id+e is a multiple of 3 add a text.
const killQueries = 7

func touched(query, epoch uint64) bool { return (query+epoch)%3 == 0 }

func added(query, epoch uint64) string {
	return strings.Repeat(fmt.Sprintf("%d@%d ", query, epoch), int(1+(query*epoch)%97))
}

// state returns what a query holds at an epoch.
func stateAt(query, epoch uint64) string {
	var b strings.Builder
	for e := uint64(1); e <= epoch; e++ {
		if touched(query, e) {
			b.WriteString(added(query, e))
		}
	}
	return b.String()
}

// sealUntilKilled seals and folds, and prints each epoch when it is durable.
func sealUntilKilled(dir string) error {
	s, err := Open(dir, Config{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	l, err := storage.OpenLedger(ctx, s, storage.LedgerConfig{FoldBlocks: 4, FoldBytes: 500, Pack: 1000, Retain: 2})
	if err != nil {
		return err
	}
	fmt.Println("open", s.Incarnation())
	for epoch := l.Epoch() + 1; ; epoch++ {
		var qs []storage.QuerySeal
		for q := uint64(1); q <= killQueries; q++ {
			if touched(q, epoch) {
				qs = append(qs, storage.QuerySeal{Query: q, Epoch: epoch, Blocks: []storage.NewBlock{
					{Low: 0, High: 128, Data: []byte(added(q, epoch))},
				}})
			}
		}
		if err := l.Seal(ctx, epoch, fmt.Append(nil, epoch), qs); err != nil {
			return err
		}
		fmt.Println("sealed", epoch)
		for _, t := range l.Folds() {
			if err := foldAll(ctx, l, t); err != nil {
				return err
			}
		}
		if _, err := l.Sweep(); err != nil {
			return err
		}
	}
}

func foldAll(ctx context.Context, l *storage.Ledger, t storage.FoldTask) error {
	var all []byte
	for _, b := range t.Blocks {
		data, err := l.Read(b.Name)
		if err != nil {
			return err
		}
		all = append(all, data...)
	}
	err := l.Replace(ctx, t, []storage.NewBlock{{Low: t.Low, High: t.High, Full: true, Data: all}})
	if errors.Is(err, storage.ErrStale) {
		return nil
	}
	return err
}

// TestKillLedger: whenever the process is killed, the ledger comes back with an
// epoch that is no older than what was acknowledged, and each query holds all of
// that epoch and nothing else.
func TestKillLedger(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	last := uint64(0)
	for round := range rounds {
		acked := killChild(t, dir, 1+r.IntN(40), "yes")
		last = checkLedger(t, dir, max(acked["sealed"], last))
		if t.Failed() {
			t.Fatalf("round %d, seed %d", round, seed)
		}
	}
	t.Logf("%d kills, last epoch %d, seed %d", rounds, last, seed)
}

func checkLedger(t *testing.T, dir string, acked uint64) uint64 {
	t.Helper()
	s := openTest(t, dir)
	l, err := storage.OpenLedger(context.Background(), s, storage.LedgerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	epoch := l.Epoch()
	if epoch < acked || epoch > acked+1 || string(l.Extra()) != fmt.Sprint(epoch) && epoch > 0 {
		t.Errorf("epoch %d with extra %q, %d was acknowledged", epoch, l.Extra(), acked)
	}
	if d := l.Damages(); len(d) > 0 {
		t.Errorf("damages: %v", d)
	}
	for q := uint64(1); q <= killQueries; q++ {
		m, err := l.Query(q)
		if err != nil && !(errors.Is(err, storage.ErrNotFound) && epoch < 3) {
			t.Errorf("query %d: %v", q, err)
		}
		var got strings.Builder
		for _, b := range m.Blocks {
			data, err := l.Read(b.Name)
			if err != nil {
				t.Errorf("query %d: %v", q, err)
			}
			got.Write(data)
		}
		if got.String() != stateAt(q, epoch) {
			t.Errorf("query %d at epoch %d holds %d bytes, want %d", q, epoch, got.Len(), len(stateAt(q, epoch)))
		}
	}
	if err := errors.Join(l.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	return epoch
}
