package badger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
)

// TestDamagedTables: whatever byte of a table file is turned over, opening and
// reading the store gives every name that is whole, or an error; no panic.
func TestDamagedTables(t *testing.T) {
	dir := filled(t)
	told := 0
	for round := range 40 {
		if hurtTable(t, dir, func(size int) int { return round * size / 40 }, 1<<(round*3%8)) != nil {
			told++
		}
	}
	if told == 0 {
		t.Error("no damage was noticed")
	}
	if err := readAll(dir); err != nil {
		t.Errorf("the whole store: %v", err)
	}
}

// TestDamagedEnds: the same of the end of the last block, which Badger reads on
// goroutines of its own and before it looks at a checksum; the error names the file.
func TestDamagedEnds(t *testing.T) {
	dir := filled(t)
	told := 0
	for back := 1; back < 2000; back += 9 {
		err := hurtTable(t, dir, func(size int) int { return size - back }, 0x80)
		if err == nil {
			continue
		}
		if told++; !strings.Contains(err.Error(), ".sst") {
			t.Errorf("%d before the end: %v", back, err)
		}
	}
	if told == 0 {
		t.Error("no damage was noticed")
	}
}

// filled returns the directory of a closed store with a table file.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := s.Write(context.Background(), []storage.Block{{Name: fmt.Sprintf("b%04d", i), Data: make([]byte, 300)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hurtTable copies the store, turns over what mask says in a byte of its table file,
// and reads it.
func hurtTable(t *testing.T, dir string, at func(size int) int, mask byte) error {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(copied, "state", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table files: %v", err)
	}
	data, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	data[at(len(data))] ^= mask
	if err := os.WriteFile(tables[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	return readAll(copied)
}

// readAll opens the store and reads every block that it should have.
func readAll(dir string) error {
	s, err := Open(dir, Config{})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Names(func(string) error { return nil }); err != nil {
		return err
	}
	for i := range 200 {
		if _, err := s.Read(fmt.Sprintf("b%04d", i)); err != nil {
			return err
		}
	}
	return nil
}

// TestKilledWhileMakingFiles: a process that is killed between making a log file
// and giving it its size leaves an empty one: the store opens, with all in it.
func TestKilledWhileMakingFiles(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"00099.mem", "000099.vlog", ""} {
		s, err := Open(dir, Config{})
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		block := storage.Block{Name: fmt.Sprintf("b%d", i), Data: make([]byte, 3000)}
		if err := s.Write(context.Background(), []storage.Block{block}); err != nil {
			t.Fatal(err)
		}
		for j := range i + 1 {
			if _, err := s.Read(fmt.Sprintf("b%d", j)); err != nil {
				t.Errorf("open %d: block %d: %v", i, j, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if name == "" {
			break
		}
		for _, of := range []string{"state", "logs"} {
			if err := os.WriteFile(filepath.Join(dir, of, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestKilledWhileMakingTable: a process that is killed while it makes a table file
// leaves one of zeros, or of a part, that no manifest names: the store opens, with
// all in it. Tables without a manifest are an error, and stay.
func TestKilledWhileMakingTable(t *testing.T) {
	dir := filled(t)
	tables, err := filepath.Glob(filepath.Join(dir, "state", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table files: %v", err)
	}
	whole, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, left := range [][]byte{nil, make([]byte, 70_000), whole[:len(whole)/2]} {
		for _, of := range []string{"state", "logs"} {
			if err := os.WriteFile(filepath.Join(dir, of, fmt.Sprintf("%06d.sst", 90+i)), left, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := readAll(dir); err != nil {
			t.Errorf("%d bytes of a table left: %v", len(left), err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "state", "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	if err := readAll(dir); err == nil || !strings.Contains(err.Error(), "MANIFEST") {
		t.Errorf("tables without a manifest: %v", err)
	}
	if kept, err := os.ReadFile(tables[0]); err != nil || len(kept) != len(whole) {
		t.Errorf("the table file after that: %d bytes, %v", len(kept), err)
	}
}
