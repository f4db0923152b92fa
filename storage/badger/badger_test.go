package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/storetest"
)

type dir string

func (d dir) Open() (storage.Store, error) {
	s, err := Open(string(d), Config{})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Disk { return dir(t.TempDir()) })
}

func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestLocked: a second opener is told who is in the way.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir)
	var locked *storage.LockedError
	if _, err := Open(dir, Config{}); !errors.As(err, &locked) || locked.Dir != dir {
		t.Fatalf("second open: %v, want a LockedError", err)
	}
}

// TestDamage: a flipped byte on disk is found by the block's checksum, and what
// was written before is not touched. (At open Badger cuts its newest value-log
// file at a damaged entry, so what stands behind it there may be gone, and is
// refused too, never mistaken.)
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	mark := []byte("here is a byte to flip")
	write := func(name string, data []byte) {
		t.Helper()
		if err := s.Write(context.Background(), []storage.Block{{Name: name, Data: data}}); err != nil {
			t.Fatal(err)
		}
	}
	same := func(c byte) []byte { return bytes.Repeat([]byte{c}, 60_000) }
	write("before", same('a'))
	write("damaged", append(same('b'), mark...))
	write("behind", same('c'))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Join(dir, "state"), mark)
	s = openTest(t, dir)
	var damaged *storage.DamagedError
	if _, err := s.Read("damaged"); !errors.As(err, &damaged) || damaged.Name != "damaged" {
		t.Fatalf("read of a damaged block: %v", err)
	}
	write("changed", append(same('d'), mark...)) // goes where the damaged one was
	write("newest", same('e'))
	for name, want := range map[string][]byte{"before": same('a'), "newest": same('e')} {
		if got, err := s.Read(name); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("read of %s: %v", name, err)
		}
	}
	if got, err := s.Read("behind"); err == nil && !bytes.Equal(got, same('c')) {
		t.Fatal("another block's bytes were returned")
	} else if err != nil && !errors.As(err, &damaged) {
		t.Fatalf("read of a block behind the damaged one: %v", err)
	}
}

// flip changes the first byte of mark in whichever file of dir holds it.
func flip(t *testing.T, dir string, mark []byte) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for i := range len(b) - len(mark) {
			if string(b[i:i+len(mark)]) == string(mark) {
				b[i] ^= 1
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
	}
	t.Fatal("the block is in no file")
}

// TestSpaceComesBack: what is deleted is given back to the disk, without
// compactors running all the time.
func TestSpaceComesBack(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	value := make([]byte, 256<<10)
	name := func(i int) string { return fmt.Sprintf("1/2.3/1.%d.0", i) }
	most := int64(0)
	for i := range 600 { // 150 MB through 2.5 MB of live blocks
		rand.NewChaCha8([32]byte{byte(i)}).Read(value)
		if err := s.Write(context.Background(), []storage.Block{{Name: name(i), Data: value}}); err != nil {
			t.Fatal(err)
		}
		if i >= 10 {
			if err := s.Delete([]string{name(i - 10)}); err != nil {
				t.Fatal(err)
			}
		}
		if i%50 == 0 {
			most = max(most, used(t, dir))
		}
	}
	s.state.work.Wait()
	if now := used(t, dir); now > 80<<20 {
		t.Fatalf("%d MB in use, at most %d MB", now>>20, most>>20)
	}
	for i := 590; i < 600; i++ {
		if _, err := s.Read(name(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// used returns the bytes that files in dir really take.
func used(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += blocksOf(info)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestGoroutines: what an idle store costs, and that Close ends it.
func TestGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Open(t.TempDir(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine() - before; n > 22 {
		t.Errorf("an open store has %d goroutines", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for range b.N {
		s, err := Open(dir, Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, shape := range []struct{ n, size int }{{1, 200}, {1, 10_000}, {1000, 2000}, {1000, 10_000}, {10, 1 << 20}} {
		b.Run(fmt.Sprintf("%dx%d", shape.n, shape.size), func(b *testing.B) {
			s := openTest(b, b.TempDir())
			b.SetBytes(int64(shape.n * shape.size))
			blocks := make([]storage.Block, shape.n)
			for i := range b.N {
				for k := range blocks {
					blocks[k] = storage.Block{Name: fmt.Sprintf("%d/m/%d", k, i), Data: make([]byte, shape.size)}
				}
				if err := s.Write(context.Background(), blocks); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
