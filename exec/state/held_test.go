package state

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
)

// bigSeal returns a store whose rows, some 48 MB, have all changed.
func bigSeal(t *testing.T) *Store {
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
	fillTable(t, st, 0, 0, 24_000, 1)
	tab := st.Table(0, 0)
	for pid, p := range tab.pages {
		for slot := range p.n {
			tab.SetBytes(Ref(pid<<slotBits|slot), tab.Acc(1), bytes.Repeat([]byte{byte(slot)}, 2000))
		}
	}
	return st
}

// live returns the bytes of the heap that are in use.
func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// heldWhileEncoding returns how much more than the state is held at the worst
// moment of encoding a Seal of it, and how many bytes the Seal has; keep says what
// becomes of a block.
func heldWhileEncoding(t *testing.T, keep func(exec.Block)) (held, all int64) {
	st := bigSeal(t)
	f := st.Freeze()
	before := live()
	err := f.EncodeTo(func(b exec.Block) error {
		all += int64(len(b.Data))
		keep(b)
		held = max(held, live()-before)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(st)
	return held, all
}

// TestSealHoldsLittle: what encoding a Seal holds does not grow with the Seal.
func TestSealHoldsLittle(t *testing.T) {
	held, all := heldWhileEncoding(t, func(exec.Block) {})
	t.Logf("a Seal of %d MB: %.1f MB are held while it is encoded", all>>20, float64(held)/(1<<20))
	if most := int64(4 * spillBytes); held > most {
		t.Errorf("%d bytes are held, want at most %d", held, most)
	}
	var kept []exec.Block
	if held, all := heldWhileEncoding(t, func(b exec.Block) { kept = append(kept, b) }); held < all {
		t.Errorf("with all blocks kept, %d bytes of %d are held: this measures nothing", held, all)
	}
	runtime.KeepAlive(kept)
}
