// Package storetest says what every storage.Store must do, as checks that
// return an error: so that stores pass them, and broken stores are seen to fail.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
)

// Disk is where a store lives: it can be opened again after Close.
type Disk interface {
	Open() (storage.Store, error)
}

// Check is one property, on a disk of its own.
type Check struct {
	Name string
	Run  func(Disk) error
}

// Run holds the stores on disks made by newDisk to every check.
func Run(t *testing.T, newDisk func(t *testing.T) Disk) {
	for _, c := range Checks {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(newDisk(t)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Checks are all of them.
var Checks = []Check{
	{"blocks come back", blocksComeBack},
	{"block bytes are copied", bytesAreCopied},
	{"blocks are deleted", blocksAreDeleted},
	{"many blocks in one write", manyBlocks},
	{"roots stand newest first", rootsInOrder},
	{"roots survive", rootsSurvive},
	{"incarnations rise", incarnationsRise},
	{"logs are apart and in order", logsInOrder},
	{"logs survive", logsSurvive},
	{"journal: one record", journalReadsOne},
	{"journal: what fits", journalFits},
	{"spill is emptied", spillIsEmptied},
	{"spill keeps the last value", spillKeepsLast},
	{"calls may be concurrent", concurrentCalls},
	{"a closed store says so", closedSaysSo},
	{"bad names are refused", badNames},
}

var ctx = context.Background()

// with opens the disk, calls f, and closes the store.
func with(d Disk, f func(storage.Store) error) error {
	s, err := d.Open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	err = f(s)
	return errors.Join(err, s.Close())
}

// twice calls first on a new store and then on it opened again.
func twice(d Disk, first, then func(storage.Store) error) error {
	if err := with(d, first); err != nil {
		return err
	}
	if err := with(d, then); err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	return nil
}

// data returns n bytes that depend on seed.
func data(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func expect(s storage.Store, name string, want []byte) error {
	got, err := s.Read(name)
	if err != nil {
		return fmt.Errorf("read %q: %w", name, err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("read %q: %d bytes that are not the %d written", name, len(got), len(want))
	}
	return nil
}

func missing(err error, what string) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("%s: error %v, want ErrNotFound", what, err)
	}
	return nil
}

var sizes = []int{0, 1, 100, 4095, 4096, 65536, 1 << 20, 5<<20 + 1}

func blocksComeBack(d Disk) error {
	read := func(s storage.Store) error {
		for i, n := range sizes {
			if err := expect(s, fmt.Sprintf("1/2.3/4.%d", n), data(uint64(i), n)); err != nil {
				return err
			}
		}
		_, err := s.Read("1/2.3/4")
		return missing(err, "a prefix of a name")
	}
	return twice(d, func(s storage.Store) error {
		var blocks []storage.Block
		for i, n := range sizes {
			blocks = append(blocks, storage.Block{Name: fmt.Sprintf("1/2.3/4.%d", n), Data: data(uint64(i), n)})
		}
		if err := s.Write(ctx, blocks); err != nil {
			return err
		}
		return read(s)
	}, read)
}

func bytesAreCopied(d Disk) error {
	return with(d, func(s storage.Store) error {
		for _, n := range []int{10, 100_000} {
			name, block := fmt.Sprint("b", n), data(1, n)
			if err := s.Write(ctx, []storage.Block{{Name: name, Data: block}}); err != nil {
				return err
			}
			block[0]++
			got, err := s.Read(name)
			if err != nil {
				return err
			}
			got[1]++
			if err := expect(s, name, data(1, n)); err != nil {
				return fmt.Errorf("after the caller changed its bytes: %w", err)
			}
		}
		return nil
	})
}

func names(s storage.Store) (string, error) {
	var all []string
	err := s.Names(func(name string) error {
		all = append(all, name)
		return nil
	})
	slices.Sort(all)
	return strings.Join(all, " "), err
}

func expectNames(s storage.Store, want string) error {
	got, err := names(s)
	if err == nil && got != want {
		return fmt.Errorf("names %q, want %q", got, want)
	}
	return err
}

func blocksAreDeleted(d Disk) error {
	return twice(d, func(s storage.Store) error {
		err := s.Write(ctx, []storage.Block{{Name: "a", Data: data(1, 9)}, {Name: "b", Data: data(2, 99_999)}, {Name: "c"}})
		if err != nil {
			return err
		}
		if err := s.Commit(ctx, storage.Root{Epoch: 1}, 1); err != nil {
			return err
		}
		if err := expectNames(s, "a b c"); err != nil {
			return err
		}
		if err := s.Delete([]string{"b", "not there", "a"}); err != nil {
			return err
		}
		_, err = s.Read("b")
		if err := missing(err, "a deleted block"); err != nil {
			return err
		}
		return expectNames(s, "c")
	}, func(s storage.Store) error { return expectNames(s, "c") })
}

func manyBlocks(d Disk) error {
	const n = 6000
	name := func(i int) string { return fmt.Sprintf("%d/m/1.%d.0", i%10, i) }
	return twice(d, func(s storage.Store) error {
		blocks := make([]storage.Block, n)
		for i := range blocks {
			blocks[i] = storage.Block{Name: name(i), Data: data(uint64(i), i%500)}
		}
		return s.Write(ctx, blocks)
	}, func(s storage.Store) error {
		for i := range n {
			if err := expect(s, name(i), data(uint64(i), i%500)); err != nil {
				return err
			}
		}
		return nil
	})
}

func expectRoots(s storage.Store, want ...uint64) error {
	roots, err := s.Roots()
	if err != nil {
		return err
	}
	var got []uint64
	for _, r := range roots {
		got = append(got, r.Epoch)
		if string(r.Data) != fmt.Sprint("root ", r.Epoch) {
			return fmt.Errorf("root of epoch %d holds %q", r.Epoch, r.Data)
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("roots %v, want %v", got, want)
	}
	return nil
}

func commit(s storage.Store, keep int, epochs ...uint64) error {
	for _, e := range epochs {
		if err := s.Commit(ctx, storage.Root{Epoch: e, Data: fmt.Append(nil, "root ", e)}, keep); err != nil {
			return err
		}
	}
	return nil
}

func rootsInOrder(d Disk) error {
	return with(d, func(s storage.Store) error {
		if err := errors.Join(expectRoots(s), commit(s, 3, 1, 2, 7, 256, 65_536)); err != nil {
			return err
		}
		if err := expectRoots(s, 65_536, 256, 7); err != nil {
			return err
		}
		// An epoch that is tried again after a failure counts by its commit.
		if err := errors.Join(commit(s, 4, 9, 9), expectRoots(s, 9, 9, 65_536, 256)); err != nil {
			return err
		}
		return errors.Join(commit(s, 1, 10), expectRoots(s, 10))
	})
}

func rootsSurvive(d Disk) error {
	err := twice(d,
		func(s storage.Store) error { return commit(s, 3, 1, 2, 3, 4, 300) },
		func(s storage.Store) error {
			return errors.Join(expectRoots(s, 300, 4, 3), commit(s, 3, 301), expectRoots(s, 301, 300, 4))
		})
	if err != nil {
		return err
	}
	return with(d, func(s storage.Store) error { return expectRoots(s, 301, 300, 4) })
}

func incarnationsRise(d Disk) error {
	last := uint64(0)
	for range 3 {
		err := with(d, func(s storage.Store) error {
			if s.Incarnation() <= last {
				return fmt.Errorf("incarnation %d after %d", s.Incarnation(), last)
			}
			last = s.Incarnation()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func scan(l storage.Log, prefix string) (string, error) {
	var out []string
	err := l.Scan(prefix, func(r storage.Record) error {
		out = append(out, r.Key+"="+string(r.Value))
		return nil
	})
	return strings.Join(out, " "), err
}

func expectScan(l storage.Log, prefix, want string) error {
	got, err := scan(l, prefix)
	if err == nil && got != want {
		return fmt.Errorf("scan %q: %q, want %q", prefix, got, want)
	}
	return err
}

func rec(key, value string) storage.Record { return storage.Record{Key: key, Value: []byte(value)} }

func logsInOrder(d Disk) error {
	return with(d, func(s storage.Store) error {
		a, err := s.Log("cat")
		if err != nil {
			return err
		}
		b, err := s.Log("cata")
		if err != nil {
			return err
		}
		stop := errors.New("stop")
		return errors.Join(
			a.Put(ctx, []storage.Record{rec("b/2", "two"), rec("a", "0"), rec("b/1", "")}, nil),
			b.Put(ctx, []storage.Record{rec("log", "other")}, nil),
			expectScan(a, "", "a=0 b/1= b/2=two"),
			expectScan(a, "b/", "b/1= b/2=two"),
			expectScan(b, "", "log=other"),
			a.Put(ctx, []storage.Record{rec("a", "1")}, []string{"a", "b/2", "none"}),
			expectScan(a, "", "a=1 b/1="),
			func() error {
				if err := a.Scan("", func(storage.Record) error { return stop }); !errors.Is(err, stop) {
					return fmt.Errorf("a scan that was stopped returns %v", err)
				}
				return nil
			}(),
		)
	})
}

func journalReadsOne(d Disk) error {
	return with(d, func(s storage.Store) error {
		j, err := s.Journal("j")
		if err != nil {
			return err
		}
		other, err := s.Journal("jj")
		if err != nil {
			return err
		}
		var keys []string
		list := func(key string) error { keys = append(keys, key); return nil }
		if err := errors.Join(
			j.Put(ctx, []storage.Record{rec("b/2", "two"), rec("a", "0"), rec("b/1", "")}, nil),
			other.Put(ctx, []storage.Record{rec("b/3", "other")}, nil),
			j.Keys("b/", list),
		); err != nil {
			return err
		}
		if got := strings.Join(keys, " "); got != "b/1 b/2" {
			return fmt.Errorf("keys %q", got)
		}
		if v, err := j.Get("b/2"); err != nil || string(v) != "two" {
			return fmt.Errorf("got %q, %v", v, err)
		}
		_, err = j.Get("b/3")
		return missing(err, "a key of another journal")
	})
}

// journalFits: what fits is written by one Put, however many and large.
func journalFits(d Disk) error {
	return with(d, func(s storage.Store) error {
		j, err := s.Journal("j")
		if err != nil {
			return err
		}
		for _, size := range []int{0, 100, 10_000, 100_000, 300_000} {
			var sizes []int
			var puts []storage.Record
			for len(sizes) < 2000 && j.Fits(append(sizes, size)) {
				sizes = append(sizes, size)
				puts = append(puts, storage.Record{Key: fmt.Sprintf("%d/%d", size, len(puts)), Value: data(uint64(len(puts)), size)})
				if len(puts) > 40 && size >= 300_000 {
					break
				}
			}
			if len(puts) == 0 && size < 10_000 {
				return fmt.Errorf("not even one record of %d bytes fits", size)
			}
			if err := j.Put(ctx, puts, nil); err != nil {
				return fmt.Errorf("%d records of %d bytes fit, and do not: %w", len(puts), size, err)
			}
		}
		return nil
	})
}

func logsSurvive(d Disk) error {
	return twice(d, func(s storage.Store) error {
		l, err := s.Log("x")
		if err != nil {
			return err
		}
		return errors.Join(
			l.Put(ctx, []storage.Record{rec("k", "1"), rec("gone", "1")}, nil),
			l.Put(ctx, []storage.Record{rec("k", "2")}, []string{"gone"}))
	}, func(s storage.Store) error {
		l, err := s.Log("x")
		if err != nil {
			return err
		}
		return expectScan(l, "", "k=2")
	})
}

func spillIsEmptied(d Disk) error {
	return twice(d, func(s storage.Store) error {
		return s.Spill().Put("k", []byte("v"))
	}, func(s storage.Store) error {
		_, err := s.Spill().Get("k")
		return missing(err, "a key of the last incarnation")
	})
}

func spillKeepsLast(d Disk) error {
	return with(d, func(s storage.Store) error {
		sp, r := s.Spill(), rand.New(rand.NewPCG(1, 2))
		model := make(map[string][]byte)
		for i := range uint64(2000) {
			key := fmt.Sprint(r.IntN(50))
			switch r.IntN(4) {
			case 0:
				if err := sp.Delete(key); err != nil {
					return err
				}
				delete(model, key)
			case 1:
				got, err := sp.Get(key)
				if want, ok := model[key]; !ok {
					if err := missing(err, "spill "+key); err != nil {
						return err
					}
				} else if err != nil || !bytes.Equal(got, want) {
					return fmt.Errorf("spill %s: %d bytes and error %v, want %d bytes", key, len(got), err, len(want))
				}
			default:
				model[key] = data(i, r.IntN(3000))
				if err := sp.Put(key, model[key]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func concurrentCalls(d Disk) error {
	return with(d, func(s storage.Store) error {
		l, err := s.Log("shared")
		if err != nil {
			return err
		}
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for g := range errs {
			wg.Go(func() {
				for i := range 10 {
					key := fmt.Sprintf("%d-%d", g, i)
					block := data(uint64(g*100+i), 1000*g)
					errs[g] = errors.Join(errs[g],
						s.Write(ctx, []storage.Block{{Name: key, Data: block}}),
						expect(s, key, block),
						l.Put(ctx, []storage.Record{rec(key, key)}, nil),
						s.Spill().Put(key, block),
						s.Commit(ctx, storage.Root{Epoch: uint64(i)}, 5))
				}
			})
		}
		wg.Wait()
		all, err := scan(l, "")
		if n := len(strings.Fields(all)); n != 80 {
			err = errors.Join(err, fmt.Errorf("%d records of 80", n))
		}
		roots, rootsErr := s.Roots()
		if len(roots) != 5 {
			err = errors.Join(err, fmt.Errorf("%d roots, want the newest 5", len(roots)))
		}
		return errors.Join(append(errs, err, rootsErr)...)
	})
}

func closedSaysSo(d Disk) error {
	s, err := d.Open()
	if err != nil {
		return err
	}
	l, err := s.Log("x")
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	_, readErr := s.Read("x")
	for what, err := range map[string]error{
		"write":  s.Write(ctx, []storage.Block{{Name: "x"}}),
		"commit": s.Commit(ctx, storage.Root{}, 1),
		"log":    l.Put(ctx, []storage.Record{rec("k", "v")}, nil),
		"read":   readErr,
	} {
		if !errors.Is(err, storage.ErrClosed) {
			return fmt.Errorf("%s on a closed store: error %v, want ErrClosed", what, err)
		}
	}
	return nil
}

func badNames(d Disk) error {
	return with(d, func(s storage.Store) error {
		for _, name := range []string{"", strings.Repeat("x", 1025)} {
			if s.Write(ctx, []storage.Block{{Name: name}}) == nil {
				return fmt.Errorf("a name of %d bytes was taken", len(name))
			}
		}
		return errors.Join(
			s.Write(ctx, []storage.Block{{Name: strings.Repeat("x", 1024), Data: data(1, 20)}}),
			expect(s, strings.Repeat("x", 1024), data(1, 20)))
	})
}
