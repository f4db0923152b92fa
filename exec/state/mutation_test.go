package state

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// TestMutations: blocks with some bytes changed, under a right checksum, are
// refused or folded, without a panic.
func TestMutations(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, High: 128}, testLayout)
	fillTable(t, st, 1, 0, 40, 1)
	fillTable(t, st, 2, 0, 3, 1)
	data := encode(t, st)[0].Data
	r := rand.New(rand.NewPCG(3, 4))
	taken := 0
	for range 4000 {
		bad := append([]byte(nil), data...)
		for range 1 + r.IntN(3) {
			bad[4+r.IntN(len(bad)-4)] = byte(r.Uint32())
		}
		binary.LittleEndian.PutUint32(bad, crc32.Checksum(bad[4:], castagnoli))
		if _, err := Fold([][]byte{data, bad}); err == nil {
			taken++
		}
	}
	t.Logf("%d of 4000 changed blocks could be read", taken)
}
