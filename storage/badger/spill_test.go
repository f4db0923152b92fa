package badger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
)

// value returns bytes that tell who wrote them.
func value(n int, seed uint64) []byte {
	b := make([]byte, max(n, 8))
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], seed*0x9e3779b97f4a7c15+uint64(i))
	}
	return b
}

// onDisk returns the bytes of all files of a space.
func onDisk(t testing.TB, dir string) (bytes int64, files int) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
		files++
	}
	return bytes, files
}

// TestSpillChurn: several writers change, delete and read keys of their own for
// many times what is alive. Each finds what it wrote last, the files stay within
// what is promised, and next to nothing is left when all is deleted.
func TestSpillChurn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spill")
	s, err := openSpill(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const writers, keys, steps = 4, 40, 800
	var wrote, most atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			model := map[string]uint64{}
			sizes := map[string]int{}
			for i := range steps {
				key := fmt.Sprint(w, "/", r.IntN(keys))
				switch seed, there := model[key]; r.IntN(5) {
				case 0:
					if err := s.Delete(key); err != nil {
						t.Error(err)
					}
					delete(model, key)
				case 1:
					got, err := s.Get(key)
					if there && (err != nil || !bytes.Equal(got, value(sizes[key], seed))) || !there && !errors.Is(err, storage.ErrNotFound) {
						t.Errorf("get %s: %d bytes, error %v, there: %v", key, len(got), err, there)
						return
					}
				default:
					model[key], sizes[key] = uint64(i), 8*r.IntN(12_000)
					if err := s.Put(key, value(sizes[key], uint64(i))); err != nil {
						t.Error(err)
					}
					wrote.Add(int64(sizes[key]))
				}
				s.mu.Lock()
				most.Store(max(most.Load(), s.size-2*s.alive))
				s.mu.Unlock()
			}
			for key, seed := range model {
				if got, err := s.Get(key); err != nil || !bytes.Equal(got, value(sizes[key], seed)) {
					t.Errorf("at last %s: %d bytes, error %v", key, len(got), err)
				}
				if err := s.Delete(key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// Each writer may be at emptying a segment while another one is begun.
	if limit := int64(slack + (writers+1)*segmentSize); most.Load() > limit {
		t.Errorf("the segments held up to %d bytes above twice what was alive, want at most %d", most.Load(), limit)
	}
	left, files := onDisk(t, dir)
	if files > 1+spares || len(s.index) != 0 || s.alive != 0 {
		t.Errorf("%d files, %d keys, %d bytes alive after all was deleted", files, len(s.index), s.alive)
	}
	t.Logf("%d MB written; at most %d MB above twice what was alive; %d KB in %d files are left", wrote.Load()>>20, most.Load()>>20, left>>10, files)
}

// TestSpillMoves: keys that stay are moved out of segments whose other keys are
// gone, and are still found.
func TestSpillMoves(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spill")
	s, err := openSpill(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const keys = 1500
	for i := range keys {
		if err := s.Put(fmt.Sprint(i), value(64<<10, uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := onDisk(t, dir)
	for i := range keys {
		if i%10 != 0 {
			if err := s.Delete(fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 20 { // each takes its share of the work
		if err := s.Put("last", value(8, uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	after, _ := onDisk(t, dir)
	if limit := 2*s.alive + slack + (1+spares)*segmentSize; after > limit || before < 2*limit {
		t.Errorf("%d bytes of files, want at most %d; there were %d", after, limit, before)
	}
	for i := 0; i < keys; i += 10 {
		if got, err := s.Get(fmt.Sprint(i)); err != nil || !bytes.Equal(got, value(64<<10, uint64(i))) {
			t.Fatalf("key %d: %d bytes, error %v", i, len(got), err)
		}
	}
}

// BenchmarkSpillChurn: pages that leave and come back, as under a small budget.
func BenchmarkSpillChurn(b *testing.B) {
	s, err := openSpill(filepath.Join(b.TempDir(), "spill"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	const keys, size = 2000, 48 << 10
	r, page := rand.New(rand.NewPCG(1, 1)), value(size, 1)
	there := make([]bool, keys)
	b.SetBytes(size)
	for b.Loop() {
		k := r.IntN(keys)
		key := fmt.Sprint(k)
		if there[k] {
			if _, err := s.Get(key); err != nil {
				b.Fatal(err)
			}
			err = s.Delete(key)
		} else {
			err = s.Put(key, page)
		}
		if err != nil {
			b.Fatal(err)
		}
		there[k] = !there[k]
	}
}
