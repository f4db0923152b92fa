package badger

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
)

// TestPrefaultKnowsTheEnd: values are written where their pages were made ready,
// over many files of the value log, beside small ones.
func TestPrefaultKnowsTheEnd(t *testing.T) {
	s, err := Open(t.TempDir(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	r := rand.New(rand.NewPCG(1, 1))
	right, files := 0, map[string]bool{}
	const writes = 40
	for i := range writes {
		data := make([]byte, 200_000+r.IntN(1_500_000))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		blocks := []storage.Block{{Name: fmt.Sprint("block ", i), Data: data}, {Name: fmt.Sprint("small ", i), Data: data[:r.IntN(3000)]}}
		if err := s.Write(context.Background(), blocks); err != nil {
			t.Fatal(err)
		}
		p := s.state.ahead
		files[p.file] = true
		file, err := os.ReadFile(p.file)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(file, data[:64])
		if from := p.end - int64(len(data)) - 8192; at >= 0 && int64(at) >= from && int64(at+len(data)) <= p.end+4096 {
			right++
		}
	}
	t.Logf("%d of %d writes went where they were expected, over %d files", right, writes, len(files))
	if right < writes*9/10 || len(files) < 2 {
		t.Errorf("%d of %d writes went where they were expected, over %d files", right, writes, len(files))
	}
}

// TestNewestMapping: the current file of one store's value log is found among
// everything else that is mapped.
func TestNewestMapping(t *testing.T) {
	maps := []byte(`00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/dirigo
7f0000000000-7f0002000000 rw-s 00000000 fe:00 11 /data/state/000002.vlog
7f0004000000-7f0005000000 rw-s 00000000 fe:00 12 /data/state/000010.vlog
7f0006000000-7f0007000000 rw-s 00000000 fe:00 13 /data/logs/000011.vlog
7f0008000000-7f0009000000 rw-s 00000000 fe:00 14 /data/state/000003.mem
7fff00000000-7fff00001000 rw-p 00000000 00:00 0
`)
	m, ok := newest(maps, "/data/state")
	if want := (mapping{"/data/state/000010.vlog", 0x7f0004000000, 16 << 20}); !ok || m != want {
		t.Errorf("%v %v, want %v", m, ok, want)
	}
	if m, ok := newest(maps, "/data"); ok {
		t.Errorf("%v in a directory without any", m)
	}
}
