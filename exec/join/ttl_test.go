package join

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// TestTTL: a row that nothing has touched for long is gone; one that was matched
// or came later is there.
func TestTTL(t *testing.T) {
	types := []batch.Type{bigint, bigint}
	spec := Join{Kind: Inner, Left: types, Right: types, LeftKey: []int{0}, RightKey: []int{0}, Output: []int{0, 1, 3}, TTL: 1000}
	j, err := New(spec, state.Home{}, expr.Context{})
	if err != nil {
		t.Fatal(err)
	}
	var out drop
	push := func(in int, at int64, keys ...int64) int {
		out.rows = 0
		b := &batch.Batch{Cols: []batch.Column{&batch.Vec[int64]{Data: keys}, ints(len(keys))}, N: len(keys), Time: batch.MaxTime, Born: at * 1000}
		if more, err := j.Push(in, b, &out, 100); more || err != nil {
			t.Fatal(more, err)
		}
		more, err := j.Advance(exec.Frontier{Born: at * 1000}, &out, 1)
		for more && err == nil {
			more, err = j.Resume(&out, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.rows
	}
	push(0, 10_000, 1, 2, 3)
	push(0, 10_500, 4)
	if n := push(1, 10_600, 1); n != 1 { // touches 1
		t.Fatalf("%d rows matched, want 1", n)
	}
	push(1, 11_300, 9) // time to look: 2 and 3 are old
	if n := push(1, 11_310, 1, 2, 3, 4); n != 2 {
		t.Errorf("%d rows matched, want 2: the young and the touched one", n)
	}
	push(1, 20_000, 9)
	if n := push(1, 20_010, 1, 2, 3, 4); n != 0 {
		t.Errorf("%d rows matched, want none", n)
	}
}
