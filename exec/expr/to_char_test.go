package expr

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestToCharRemembersOnlyItsUnit: a text is used again only for times that the
// format does not tell apart, on both sides of the epoch.
func TestToCharRemembersOnlyItsUnit(t *testing.T) {
	formats := map[string]string{
		"YYYY-MM-DD": "2006-01-02", "HH24:MI": "15:04", "YYYY-MM-DD HH24:MI:SS": "2006-01-02 15:04:05",
		"MI:SS.US": "04:05.000000", "HH24": "15",
	}
	for pg, layout := range formats {
		p := compiled(t, "to_char(at, '"+pg+"')")
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 1))
			step := []int64{1, batch.Second, batch.Minute, batch.Hour, batch.Day}[r.IntN(5)]
			at, col := r.Int64N(4*batch.Day)-2*batch.Day, &batch.Vec[int64]{}
			for range 200 {
				at += r.Int64N(3*step) - step
				col.Append(at)
			}
			none := batch.New(txt, 0)
			got := p.Eval(&batch.Batch{N: 200, Cols: []batch.Column{none, none, col, none, none}}, &Context{}).(*batch.TextVec)
			for i, v := range col.Data {
				if want := time.UnixMicro(v).UTC().Format(layout); string(got.At(i)) != want {
					t.Fatalf("seed %d: to_char(%d, %s) = %s, want %s", seed, v, pg, got.At(i), want)
				}
			}
		}
	}
}
