package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

var testLayout = Layout{Keys: []Key{{Kind: batch.Int64}, {Kind: batch.Text}}, Accs: []Acc{Word, Bytes}}

// fillTable sets rows by their number in a table of testLayout.
func fillTable(t testing.TB, st *Store, pane int64, from, to int, value int64) {
	tab := st.Table(pane, 0)
	for from < to {
		n := min(to-from, Chunk)
		ints, texts := &batch.Vec[int64]{}, &batch.TextVec{}
		rows := make([]int32, n)
		for i := range n {
			rows[i] = int32(i)
			if (from+i)%7 == 0 {
				ints.AppendNull()
			} else {
				ints.Append(int64(from + i))
			}
			texts.AppendString(fmt.Sprint("key ", from+i))
		}
		cols := []batch.Column{ints, texts}
		hash := batch.HashRows(cols, nil, rows, n, nil)
		refs := make([]Ref, n)
		if missing, err := tab.Assign(cols, []int{0, 1}, rows, hash, refs); err != nil || missing > 0 {
			t.Fatal(missing, err)
		}
		words := make([][]int64, n)
		tab.Rows(refs, words)
		for i, w := range words {
			w[tab.Acc(0)] = value
			tab.SetBytes(refs[i], tab.Acc(1), fmt.Appendf(nil, "%d of %d", value, from+i))
		}
		tab.Settle()
		from += n
	}
}

// content returns all rows of a store as text.
func content(t testing.TB, st *Store) map[string]string {
	out := map[string]string{}
	for _, pane := range st.Panes(0) {
		snap := st.Snapshot(pane, 0)
		for {
			tab, refs, err := snap.Next()
			if err != nil {
				t.Fatal(err)
			}
			if tab == nil {
				break
			}
			ints, texts := batch.New(batch.Int64, 0), &batch.TextVec{}
			tab.AppendKey(0, refs, ints)
			tab.AppendKey(1, refs, texts)
			words := make([][]int64, len(refs))
			tab.Rows(refs, words)
			for i, w := range words {
				key := fmt.Sprint(pane, batch.IsNull(ints, i), ints.(*batch.Vec[int64]).Data[i], string(texts.At(i)))
				out[key] = fmt.Sprint(w[tab.Acc(0)], string(tab.Bytes(refs[i], tab.Acc(1))))
			}
		}
	}
	return out
}

func encode(t testing.TB, st *Store) []exec.Block {
	blocks, err := st.Freeze().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

// reopen loads all blocks into a new store.
func reopen(t testing.TB, blocks []exec.Block) *Store { return reopenAs(t, blocks, testLayout) }

func reopenAs(t testing.TB, blocks []exec.Block, layout Layout) *Store {
	home := Home{KeyGroups: 128, Low: 0, High: 128}
	data := map[string][]byte{}
	for i, b := range blocks {
		name := fmt.Sprint(i)
		data[name] = b.Data
		home.Sealed = append(home.Sealed, Sealed{Name: name, Block: b})
	}
	home.Read = func(name string) ([]byte, error) { return data[name], nil }
	st := NewStore(home, layout)
	for st.Cold() {
		r := st.Need(true)
		if err := r.Fetch(); err != nil {
			t.Fatal(err)
		}
		if err := r.Install(); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

func equalContent(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for k, v := range want {
		if got[k] != v {
			t.Fatalf("row %s is %q, want %q", k, got[k], v)
		}
	}
}

// TestSealFoldReopen: deltas on top of each other, folded or not, give the
// state back; blocks are of bounded size and cover all key groups.
func TestSealFoldReopen(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
	var blocks []exec.Block
	fillTable(t, st, 10, 0, 40_000, 1)
	fillTable(t, st, 20, 0, 100, 1)
	blocks = append(blocks, encode(t, st)...)
	fillTable(t, st, 10, 39_990, 40_010, 2)
	st.Drop(20)
	fillTable(t, st, 30, 0, 3, 2)
	st.SetMark(77)
	blocks = append(blocks, encode(t, st)...)
	if more := encode(t, st); len(more) != 0 {
		t.Fatalf("%d blocks where nothing changed", len(more))
	}
	for _, b := range blocks {
		if len(b.Data) > 1<<20 {
			t.Errorf("a block of %d bytes", len(b.Data))
		}
	}
	want := content(t, st)
	equalContent(t, content(t, reopen(t, blocks)), want)
	var data [][]byte
	for _, b := range blocks {
		data = append(data, b.Data)
	}
	full, err := Fold(data)
	if err != nil {
		t.Fatal(err)
	}
	again := reopen(t, full)
	equalContent(t, content(t, again), want)
	if again.Mark() != 77 || !full[0].Full {
		t.Errorf("mark %d, full %v", again.Mark(), full[0].Full)
	}
	parts, err := foldAll(data, 1) // range by range
	if err != nil {
		t.Fatal(err)
	}
	equalContent(t, content(t, reopen(t, parts)), want)
	t.Logf("%d rows: %d blocks, %d folded, %d range by range", len(want), len(blocks), len(full), len(parts))
}

// TestFreezeIsolates: what is frozen does not see later writes, and a window
// that opens and closes between two seals leaves nothing to write.
func TestFreezeIsolates(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
	fillTable(t, st, 1, 0, 5_000, 1)
	want := content(t, st)
	frozen := st.Freeze()
	fillTable(t, st, 1, 0, 6_000, 2)
	blocks, err := frozen.Encode()
	if err != nil {
		t.Fatal(err)
	}
	equalContent(t, content(t, reopen(t, blocks)), want)
	encode(t, st)
	fillTable(t, st, 2, 0, 1_000, 1)
	st.Drop(2)
	if blocks := encode(t, st); len(blocks) != 0 {
		t.Errorf("a pane that came and went left %d blocks", len(blocks))
	}
}

// TestMemoryReturned: an account is back at zero when a store is closed.
func TestMemoryReturned(t *testing.T) {
	account := NewAccount(0, nil)
	st := NewStore(Home{KeyGroups: 128, High: 128, Memory: account}, testLayout)
	fillTable(t, st, 1, 0, 20_000, 1)
	fillTable(t, st, 2, 0, 20_000, 1)
	if account.Used() < 2*20_000*8 {
		t.Errorf("%d bytes charged for 40,000 rows", account.Used())
	}
	st.Drop(1)
	st.Close()
	if account.Used() != 0 {
		t.Errorf("%d bytes still charged", account.Used())
	}
}

// TestKeyGroups: key groups are ranges of the hash, and a part of a key stays
// in the group of its key.
func TestKeyGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 3, 16, 100, 128} {
		st := NewStore(Home{KeyGroups: n, High: n})
		for range 10_000 {
			h := r.Uint64()
			g := KeyGroup(h, n)
			if g < 0 || g >= n {
				t.Fatalf("group %d of %d", g, n)
			}
			if s := KeyGroup(st.Spread(h, r.Uint64()), n); s != g {
				t.Fatalf("a part of a key of group %d went to %d, of %d", g, s, n)
			}
		}
	}
}

// TestDamage: a block with any byte changed is refused.
func TestDamage(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, High: 128}, testLayout)
	fillTable(t, st, 1, 0, 20, 1)
	data := encode(t, st)[0].Data
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1 << (i % 8)
		if _, err := Fold([][]byte{bad}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := Fold([][]byte{data[:i]}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

// FuzzBlock: no bytes under a right checksum make the decoder panic or take
// memory out of proportion; what it takes, Fold takes.
func FuzzBlock(f *testing.F) {
	st := NewStore(Home{KeyGroups: 128, High: 128}, testLayout)
	fillTable(f, st, 1, 0, 40, 1)
	fillTable(f, st, 2, 0, 3, 1)
	for _, b := range encode(f, st) {
		f.Add(b.Data[4:])
	}
	fillTable(f, st, 1, 3, 4, 2)
	st.Drop(2)
	for _, b := range encode(f, st) {
		f.Add(b.Data[4:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data := append(make([]byte, 4), body...)
		binary.LittleEndian.PutUint32(data, crc32.Checksum(body, castagnoli))
		_, _ = Fold([][]byte{data, data})
	})
}

func BenchmarkFreezeEncode(b *testing.B) {
	st := NewStore(Home{KeyGroups: 128, High: 128}, testLayout)
	for b.Loop() {
		b.StopTimer()
		fillTable(b, st, 1, 0, 20_000, int64(b.N))
		b.StartTimer()
		if _, err := st.Freeze().Encode(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/row")
}

// TestEncodeLetsGo: a Seal of much state is encoded block by block, with the
// blocks that all of it at once would give.
func TestEncodeLetsGo(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
	fillTable(t, st, 1, 0, 120_000, 1)
	want := content(t, st)
	blocks := encode(t, st)
	low := 0
	for i, b := range blocks {
		if b.Low > low || b.High < b.Low || i == len(blocks)-1 && b.High != 128 {
			t.Errorf("block %d of %d holds the key groups %d to %d; those from %d on are missing", i, len(blocks), b.Low, b.High, low)
		}
		low = b.High
	}
	if len(blocks) < 5 {
		t.Errorf("%d blocks: nothing was let go of", len(blocks))
	}
	equalContent(t, content(t, reopen(t, blocks)), want)
}

// TestTakeKeepsTheRest: rows that a part of a seal leaves over are there in the
// next part, whether they are fewer than those that were taken or more.
func TestTakeKeepsTheRest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	more := 0
	for range 8 {
		st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
		fillTable(t, st, 1, 0, 12_000, 1)
		// Long values first, by hash: then a block of few rows leaves many over.
		tab, border := st.Table(1, 0), uint64(1+r.IntN(30))<<56
		for pid, p := range tab.pages {
			for slot := range p.n {
				if uint64(p.cells[slot*tab.shape.stride]) < border {
					tab.SetBytes(Ref(pid<<slotBits|slot), tab.Acc(1), bytes.Repeat([]byte{byte(slot)}, r.IntN(3_000)))
				}
			}
		}
		want := content(t, st)
		var blocks []exec.Block
		w := blockWriter{shapes: st.shapes, groups: 128, low: 0, high: 128, mark: st.Mark(), give: func(b exec.Block) error {
			blocks = append(blocks, b)
			return nil
		}}
		for _, p := range tab.inOrder() {
			if r.IntN(4) == 0 {
				n := len(w.rows)
				if err := w.take(p.start(), false); err != nil {
					t.Fatal(err)
				}
				if len(w.rows) > n-len(w.rows) && len(w.rows) < n {
					more++
				}
			}
			w.add(tableID{1, 0}, p, false)
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		equalContent(t, content(t, reopen(t, blocks)), want)
	}
	if more == 0 {
		t.Error("no part left more rows over than it took")
	}
	t.Logf("%d parts left more rows over than they took", more)
}
