package badger

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

const (
	childDir    = "DIRIGO_STORE_KILL_DIR"
	childLedger = "DIRIGO_STORE_KILL_LEDGER"
)

// TestMain runs a child of the kill tests where that is what was asked for.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child := writeUntilKilled
		if os.Getenv(childLedger) != "" {
			child = sealUntilKilled
		}
		if err := child(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled seals epoch after epoch, and prints each when it is durable.
func writeUntilKilled(dir string) error {
	s, err := Open(dir, Config{})
	if err != nil {
		return err
	}
	l, err := s.Log("acked")
	if err != nil {
		return err
	}
	roots, err := s.Roots()
	if err != nil {
		return err
	}
	epoch := uint64(0)
	if len(roots) > 0 {
		epoch = roots[0].Epoch
	}
	fmt.Println("open", s.Incarnation())
	for ctx := context.Background(); ; {
		epoch++
		blocks, root := epochOf(epoch, s.Incarnation())
		if err := s.Write(ctx, blocks); err != nil {
			return err
		}
		fmt.Println("written", epoch)
		if err := s.Commit(ctx, root, 3); err != nil {
			return err
		}
		fmt.Println("committed", epoch)
		if err := l.Put(ctx, []storage.Record{{Key: "epoch", Value: binary.BigEndian.AppendUint64(nil, epoch)}}, nil); err != nil {
			return err
		}
		fmt.Println("logged", epoch)
		var old []string
		for _, b := range blocks { // what no kept root names any more
			old = append(old, strings.Replace(b.Name, fmt.Sprintf("/%d/", epoch), fmt.Sprintf("/%d/", epoch-4), 1))
		}
		if err := s.Delete(old); err != nil {
			return err
		}
	}
}

// epochOf returns the blocks of an epoch, small and large, and a root that
// lists them.
func epochOf(epoch, inc uint64) ([]storage.Block, storage.Root) {
	r := rand.New(rand.NewPCG(epoch, inc))
	var blocks []storage.Block
	var list []string
	for i := range 2 + r.IntN(6) {
		name := fmt.Sprintf("%d/%d/%d", i, epoch, inc)
		blocks = append(blocks, storage.Block{Name: name, Data: contentOf(name)})
		list = append(list, name)
	}
	return blocks, storage.Root{Epoch: epoch, Data: []byte(strings.Join(list, " "))}
}

func contentOf(name string) []byte {
	r := rand.New(rand.NewPCG(uint64(len(name)), 1))
	for _, c := range []byte(name) {
		r = rand.New(rand.NewPCG(r.Uint64(), uint64(c)))
	}
	return bytes.Repeat([]byte(name+" "), 1+r.IntN(1<<r.IntN(14)))
}

// TestKill: whenever the process is killed, each root is afterwards whole or
// absent, every block that one names is there, and what was acknowledged counts.
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	last := uint64(0)
	for round := range rounds {
		acked := killChild(t, dir, 1+r.IntN(60), "")
		last = checkStore(t, dir, acked, last)
		if t.Failed() {
			t.Fatalf("round %d, seed %d", round, seed)
		}
	}
	t.Logf("%d kills, last epoch %d, seed %d", rounds, last, seed)
}

// killChild lets a child print some lines, kills it, and returns the last
// number of each kind of line.
func killChild(t *testing.T, dir string, lines int, ledger string) map[string]uint64 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childLedger+"="+ledger)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := make(map[string]uint64)
	in := bufio.NewScanner(out)
	for in.Scan() {
		var kind string
		var n uint64
		if _, err := fmt.Sscan(in.Text(), &kind, &n); err != nil {
			t.Fatalf("child: %s", in.Text())
		}
		acked[kind] = n
		if lines--; lines == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child was not killed")
	}
	return acked
}

// checkStore opens what the child left and returns its newest epoch.
func checkStore(t *testing.T, dir string, acked map[string]uint64, last uint64) uint64 {
	t.Helper()
	s, err := Open(dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Incarnation() <= acked["open"] {
		t.Errorf("incarnation %d after the child's %d", s.Incarnation(), acked["open"])
	}
	roots, err := s.Roots()
	if err != nil {
		t.Fatal(err)
	}
	newest := uint64(0)
	if len(roots) > 0 {
		newest = roots[0].Epoch
	}
	if newest < max(acked["committed"], last) || newest > max(acked["written"], last)+1 {
		t.Errorf("newest root is of epoch %d; the child had committed %d and written %d", newest, acked["committed"], acked["written"])
	}
	for i, root := range roots {
		if root.Epoch+uint64(i) != newest {
			t.Errorf("roots have a gap before epoch %d", root.Epoch)
		}
		for _, name := range strings.Fields(string(root.Data)) {
			if got, err := s.Read(name); err != nil || !bytes.Equal(got, contentOf(name)) {
				t.Errorf("root of epoch %d names %s: %d bytes, %v", root.Epoch, name, len(got), err)
			}
		}
	}
	logged := uint64(0)
	l, err := s.Log("acked")
	if err != nil {
		t.Fatal(err)
	}
	err = l.Scan("", func(r storage.Record) error {
		logged = binary.BigEndian.Uint64(r.Value)
		return nil
	})
	if err != nil || logged < acked["logged"] {
		t.Errorf("the log says %d (%v), the child had logged %d", logged, err, acked["logged"])
	}
	return newest
}
