package storage_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
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

// TestManyQueries: with hundreds of queries roots stay small, an index holds the
// rest, and either of its copies will do.
func TestManyQueries(t *testing.T) {
	const n = 500
	disk := mem.NewDisk()
	l := open(t, disk, storage.LedgerConfig{})
	var all []storage.QuerySeal
	for id := uint64(1); id <= n; id++ {
		all = append(all, storage.QuerySeal{Query: id, Epoch: 1, Extra: fmt.Append(nil, id)})
	}
	seal(t, l, 1, all...)
	l.Drop(17)
	seal(t, l, 2, storage.QuerySeal{Query: 9, Epoch: 2, Extra: []byte("nine")})
	store := disk.Open()
	roots, err := store.Roots()
	if err != nil || len(roots[0].Data) > 100 {
		t.Fatalf("a root after two changes of %d queries has %d bytes (%v)", n, len(roots[0].Data), err)
	}
	var indexes []string
	err = store.Names(func(name string) error {
		if strings.HasPrefix(name, "root/") {
			indexes = append(indexes, name)
		}
		return nil
	})
	if err != nil || len(indexes) != 2 {
		t.Fatalf("index copies: %v, %v", indexes, err)
	}
	check := func() {
		t.Helper()
		l = open(t, disk, storage.LedgerConfig{})
		if len(l.Queries()) != n-1 {
			t.Fatalf("%d queries, want %d", len(l.Queries()), n-1)
		}
		for id := uint64(1); id <= n; id++ {
			switch id {
			case 9:
				want(t, read(t, l, id), "2 nine:")
			case 17:
				if _, err := l.Query(id); !errors.Is(err, storage.ErrNotFound) {
					t.Fatalf("a dropped query: %v", err)
				}
			default:
				want(t, read(t, l, id), fmt.Sprintf("1 %d:", id))
			}
		}
	}
	check()
	disk.Damage(indexes[0])
	check()
	disk.Damage(indexes[1])
	if _, err := storage.OpenLedger(context.Background(), disk.Open(), storage.LedgerConfig{}); err == nil {
		t.Fatal("a ledger opened without any index")
	}
}

// TestOldRoot: when the newest root is damaged the one before it counts.
func TestOldRoot(t *testing.T) {
	disk := mem.NewDisk()
	l := open(t, disk, storage.LedgerConfig{})
	for epoch := uint64(1); epoch <= 4; epoch++ {
		seal(t, l, epoch, storage.QuerySeal{Query: 1, Epoch: epoch, Blocks: []storage.NewBlock{delta(fmt.Sprint(epoch))}})
	}
	disk.DamageRoot(0)
	l = open(t, disk, storage.LedgerConfig{})
	want(t, read(t, l, 1), "3 : 1[0,128) 2[0,128) 3[0,128)")
	seal(t, l, 4, storage.QuerySeal{Query: 1, Epoch: 4, Blocks: []storage.NewBlock{delta("other")}})
	l = open(t, disk, storage.LedgerConfig{})
	want(t, read(t, l, 1), "4 : 1[0,128) 2[0,128) 3[0,128) other[0,128)")
	want(t, fmt.Sprint(len(l.History())), "4")
}

// TestSealsJoin: seals that come while one is being written go in together.
func TestSealsJoin(t *testing.T) {
	disk := mem.NewDisk()
	l := open(t, disk, storage.LedgerConfig{})
	commits, gate, entered := 0, make(chan struct{}), make(chan struct{}, 16)
	disk.Fail(func(op mem.Op) error {
		if op.Kind == mem.CommitRoot {
			if commits++; commits == 1 {
				entered <- struct{}{}
				<-gate
			}
		}
		return nil
	})
	errs := make(chan error, 9)
	sealed := func(epoch uint64) {
		errs <- l.Seal(context.Background(), epoch, fmt.Append(nil, epoch), []storage.QuerySeal{{Query: epoch, Epoch: epoch}})
	}
	go sealed(1)
	<-entered
	for epoch := uint64(2); epoch <= 9; epoch++ {
		go sealed(epoch)
	}
	for l.Waiting() < 8 {
		runtime.Gosched()
	}
	close(gate)
	for range 9 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if commits != 2 {
		t.Fatalf("9 seals made %d roots, want 2", commits)
	}
	l = open(t, disk, storage.LedgerConfig{})
	if h := l.History(); len(h) != 9 || string(h[3].Extra) != "4" {
		t.Fatalf("history %v", h)
	}
}

// BenchmarkSeal commits one changed query of many, over a store that costs
// nothing.
func BenchmarkSeal(b *testing.B) {
	for _, queries := range []int{1, 10_000} {
		b.Run(fmt.Sprint(queries), func(b *testing.B) {
			l, err := storage.OpenLedger(context.Background(), mem.New(), storage.LedgerConfig{})
			if err != nil {
				b.Fatal(err)
			}
			var all []storage.QuerySeal
			for id := range queries {
				all = append(all, storage.QuerySeal{Query: uint64(id + 1), Epoch: 1})
			}
			if err := l.Seal(context.Background(), 1, nil, all); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				q := storage.QuerySeal{Query: uint64(i%queries + 1), Epoch: uint64(i + 2), Blocks: []storage.NewBlock{
					{Low: 0, High: 128, Full: i%50 == 0, Data: make([]byte, 500)},
				}}
				if err := l.Seal(context.Background(), uint64(i+2), nil, []storage.QuerySeal{q}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
