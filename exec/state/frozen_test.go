package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
)

// twin is two stores that the same is done to. What the first one freezes is
// encoded later, or meanwhile; what the second one freezes, at once.
type twin struct {
	t      testing.TB
	r      *rand.Rand
	late   *Store
	prompt *Store
	open   []seal
	all    [][]byte
	wrong  int
}

type seal struct {
	frozen *Frozen
	want   []exec.Block
}

func newTwin(t testing.TB, seed uint64, layout Layout) *twin {
	home := Home{KeyGroups: 128, Low: 0, High: 128}
	return &twin{t: t, r: rand.New(rand.NewPCG(seed, 5)), late: NewStore(home, layout), prompt: NewStore(home, layout)}
}

func (w *twin) both(f func(st *Store)) {
	f(w.late)
	f(w.prompt)
}

// freeze freezes both.
func (w *twin) freeze() {
	want := encode(w.t, w.prompt)
	for _, b := range want {
		w.all = append(w.all, b.Data)
	}
	w.open = append(w.open, seal{w.late.Freeze(), want})
}

// encode encodes the oldest seal that is open.
func (w *twin) encode() {
	s := w.open[0]
	w.open = w.open[1:]
	got, err := s.frozen.Encode()
	if err != nil || len(got) != len(s.want) {
		w.t.Errorf("%d blocks, want %d, %v", len(got), len(s.want), err)
		return
	}
	for i := range got {
		if !bytes.Equal(got[i].Data, s.want[i].Data) {
			w.wrong++
		}
	}
}

// write changes rows: some keys of those up to most, most of them in a row.
func (w *twin) write(pane int64, most int) {
	from, value := w.r.IntN(most), w.r.Int64N(1000)
	n := 1 + w.r.IntN(40)
	w.both(func(st *Store) { fillTable(w.t, st, pane, from, from+n, value) })
}

// remove removes rows.
func (w *twin) remove(pane int64) {
	bits, part := 6, w.r.Uint64N(64)
	skip := w.r.IntN(3)
	w.both(func(st *Store) {
		t := st.Table(pane, 0)
		refs, _ := t.Part(bits, part, nil)
		for i, r := range refs {
			if i%3 >= skip {
				t.Remove(r)
			}
		}
		t.Settle()
	})
}

// run does so many things at random.
func (w *twin) run(steps int) {
	for range steps {
		pane := w.r.Int64N(3)
		switch w.r.IntN(12) {
		case 0:
			w.remove(pane)
		case 1, 2:
			if w.freeze(); len(w.open) > 3 {
				w.encode()
			}
		case 3:
			if len(w.open) > 0 {
				w.encode()
			}
		case 4:
			if w.r.IntN(10) == 0 {
				w.both(func(st *Store) { st.Drop(pane) })
			}
		case 5: // rows that come while a seal is encoded
			if len(w.open) == 0 {
				continue
			}
			var done sync.WaitGroup
			done.Go(w.encode)
			from := w.r.IntN(3000)
			fillTable(w.t, w.late, pane, from, from+1000, 3)
			done.Wait()
			fillTable(w.t, w.prompt, pane, from, from+1000, 3)
		default:
			w.write(pane, 20_000)
		}
	}
	w.freeze()
	for len(w.open) > 0 {
		w.encode()
	}
}

// TestFrozenIsWhatWas: whatever happens to a store before its seals are encoded,
// and however many are open, each holds what one that is encoded at once holds;
// and together they give the state back.
func TestFrozenIsWhatWas(t *testing.T) {
	for seed := range uint64(16) {
		w := newTwin(t, seed, testLayout)
		w.run(150)
		if w.wrong > 0 {
			t.Fatalf("seed %d: %d blocks differ", seed, w.wrong)
		}
		full, err := Fold(w.all)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		equalContent(t, content(t, reopen(t, full)), content(t, w.late))
		for _, st := range []*Store{w.late, w.prompt} {
			for _, tab := range st.tables {
				for _, p := range tab.pages {
					if p.frozen != nil && !p.frozen.allTaken() {
						t.Fatalf("seed %d: a page waits for a seal that is encoded", seed)
					}
				}
			}
		}
	}
}

// TestFrozenWritten: the test above would see a write that goes to a frozen page
// without its rows having been taken.
func TestFrozenWritten(t *testing.T) {
	w := newTwin(t, 1, testLayout)
	w.write(0, 20)
	w.freeze()
	for _, p := range w.late.Table(0, 0).pages {
		for i := range p.cells {
			p.cells[i]++
		}
	}
	w.encode()
	if w.wrong == 0 {
		t.Error("nothing differs")
	}
}

// TestSealCopiesWhatChanged: writing to rows of a page after a Freeze copies the
// rows that the Seal holds, not the page.
func TestSealCopiesWhatChanged(t *testing.T) {
	const rows = 60_000
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, wideLayout)
	wideRows(t, st, 0, rows)
	encode(t, st)
	copied := func(before, after int) (words int) {
		wideRows(t, st, 0, before)
		f := st.Freeze()
		wideRows(t, st, 0, after)
		for _, table := range f.tables {
			for i := range table.pages {
				if p := table.pages[i].taken; p != nil {
					words += cap(p.cells)
				}
			}
		}
		if _, err := f.Encode(); err != nil {
			t.Fatal(err)
		}
		return words / st.shapes[0].stride
	}
	if n := copied(rows/20, rows); n != rows/20 {
		t.Errorf("%d rows were copied of a Seal of %d", n, rows/20)
	}
	if n := copied(rows, rows); n != rows {
		t.Errorf("%d rows were copied where all %d had changed", n, rows)
	}
}

// TestLoadKeepsChanges: key groups that are loaded into a page whose other rows
// have changed leave these changed.
func TestLoadKeepsChanges(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
	fillTable(t, st, 1, 0, 50, 1)
	w := blockWriter{shapes: st.shapes, groups: 128, low: 0, high: 128, mark: st.Mark()}
	tab := st.Table(1, 0)
	w.add(tableID{1, 0}, tab.inOrder()[0], false)
	half := 0
	for half < len(w.rows) && w.rows[half].group < 64 {
		half++
	}
	blocks := []exec.Block{w.block(w.rows[:half], 100, 0, 64), w.block(w.rows[half:], 100, 64, 128)}
	data := map[string][]byte{}
	home := Home{KeyGroups: 128, Low: 0, High: 128, Read: func(name string) ([]byte, error) { return data[name], nil }}
	for i, b := range blocks {
		data[fmt.Sprint(i)] = b.Data
		home.Sealed = append(home.Sealed, Sealed{Name: fmt.Sprint(i), Block: b})
	}
	again := NewStore(home, testLayout)
	load := func() {
		r := again.Need(true)
		if err := r.Fetch(); err != nil {
			t.Fatal(err)
		}
		if err := r.Install(); err != nil {
			t.Fatal(err)
		}
	}
	again.Cold()
	load() // the first half
	changed := again.Table(1, 0)
	for slot := range changed.pages[0].n {
		row := changed.Change(Ref(slot))
		row[changed.Acc(0)] = 7
	}
	again.Cold()
	load() // the second
	rows := 0
	for _, b := range encode(t, again) {
		d, err := decodeBlock(b.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range d.sections {
			rows += s.n
		}
	}
	if rows != half {
		t.Errorf("a Seal of %d rows, want the %d that changed before the rest was loaded", rows, half)
	}
}
