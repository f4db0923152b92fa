package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// open returns a ledger on disk whose clean-up runs at once.
func open(t *testing.T, disk *mem.Disk, cfg storage.LedgerConfig) *storage.Ledger {
	t.Helper()
	cfg.Go = func(f func()) { f() }
	l, err := storage.OpenLedger(context.Background(), disk.Open(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func seal(t *testing.T, l *storage.Ledger, epoch uint64, qs ...storage.QuerySeal) {
	t.Helper()
	if err := l.Seal(context.Background(), epoch, fmt.Append(nil, "edge ", epoch), qs); err != nil {
		t.Fatal(err)
	}
}

func delta(data string) storage.NewBlock {
	return storage.NewBlock{Low: 0, High: 128, Data: []byte(data)}
}

// read returns the contents of a query's blocks, each with its key groups.
func read(t *testing.T, l *storage.Ledger, query uint64) string {
	t.Helper()
	m, err := l.Query(query)
	if err != nil {
		return err.Error()
	}
	out := fmt.Sprintf("%d %s:", m.Epoch, m.Extra)
	for _, b := range m.Blocks {
		data, err := l.Read(b.Name)
		if err != nil {
			t.Fatalf("query %d: %v", query, err)
		}
		if int64(len(data)) != b.Size {
			t.Fatalf("block %s has %d bytes, its manifest says %d", b.Name, len(data), b.Size)
		}
		out += fmt.Sprintf(" %s[%d,%d)", data, b.Low, b.High)
	}
	return out
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("have %q, want %q", got, want)
	}
}

// TestLedgerComesBack: what was sealed is there after a crash, whether it
// travelled in manifests or as blocks; what was not is not.
func TestLedgerComesBack(t *testing.T) {
	for _, pack := range []int{1, 1 << 16} {
		disk := mem.NewDisk()
		l := open(t, disk, storage.LedgerConfig{Pack: pack})
		seal(t, l, 1, storage.QuerySeal{Query: 7, Epoch: 1, Extra: []byte("a"), Blocks: []storage.NewBlock{delta("one")}})
		seal(t, l, 2, storage.QuerySeal{Query: 8, Epoch: 2, Blocks: []storage.NewBlock{delta("x"), delta("y")}})
		seal(t, l, 5, storage.QuerySeal{Query: 7, Epoch: 4, Extra: []byte("b"), Blocks: []storage.NewBlock{delta("two")}})
		disk.Fail(func(op mem.Op) error {
			if op.Kind == mem.CommitRoot {
				return errors.New("no space")
			}
			return nil
		})
		err := l.Seal(context.Background(), 6, nil, []storage.QuerySeal{{Query: 7, Epoch: 6, Blocks: []storage.NewBlock{delta("three")}}})
		if err == nil {
			t.Fatal("a failed commit was reported as done")
		}
		disk.Fail(nil)
		for range 2 {
			want(t, read(t, l, 7), "4 b: one[0,128) two[0,128)")
			want(t, read(t, l, 8), "2 : x[0,128) y[0,128)")
			want(t, string(l.Extra()), "edge 5")
			want(t, fmt.Sprint(l.Epoch(), len(l.History())), "5 3")
			l = open(t, disk, storage.LedgerConfig{Pack: pack})
		}
		if d := l.Damages(); len(d) > 0 {
			t.Fatalf("damages after a clean crash: %v", d)
		}
	}
}

// TestFullSupersedes: a full block takes the place of the older ones in its own
// key groups only.
func TestFullSupersedes(t *testing.T) {
	disk := mem.NewDisk()
	l := open(t, disk, storage.LedgerConfig{})
	seal(t, l, 1, storage.QuerySeal{Query: 1, Epoch: 1, Blocks: []storage.NewBlock{delta("a"), delta("b")}})
	seal(t, l, 2, storage.QuerySeal{Query: 1, Epoch: 2, Blocks: []storage.NewBlock{{Low: 32, High: 64, Full: true, Data: []byte("F")}}})
	want(t, read(t, l, 1), "2 : a[0,32) a[64,128) b[0,32) b[64,128) F[32,64)")
	seal(t, l, 3, storage.QuerySeal{Query: 1, Epoch: 3, Blocks: []storage.NewBlock{{Low: 0, High: 128, Full: true}}})
	want(t, read(t, l, 1), "3 :")
	l = open(t, disk, storage.LedgerConfig{})
	want(t, read(t, l, 1), "3 :")
}
