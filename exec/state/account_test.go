package state

import (
	"sync"
	"testing"
)

// TestAccountClose: what a closed account held, and is charged while it closes
// or later, is not its parent's any more.
func TestAccountClose(t *testing.T) {
	node := NewAccount(1000, nil)
	stays, goes := NewAccount(0, node), NewAccount(0, node)
	stays.Add(7)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10_000 {
				goes.Add(3)
			}
		})
	}
	wg.Go(goes.Close)
	wg.Wait()
	goes.Add(500)
	goes.Add(-20)
	if node.Used() != 7 || stays.Used() != 7 || goes.Used() != 0 {
		t.Errorf("the node holds %d, its accounts %d and %d", node.Used(), stays.Used(), goes.Used())
	}
}

// TestAccountParts: a limit that several share presses first on those that hold
// more than their part, and on all when it is passed by far.
func TestAccountParts(t *testing.T) {
	node := NewAccount(8<<20, nil)
	large, small, tiny := NewAccount(0, node), NewAccount(0, node), NewAccount(0, node)
	one, other := NewAccount(0, large), NewAccount(0, small)
	one.Add(6 << 20)
	other.Add(2 << 20)
	tiny.Add(1)
	if one.Over() != 1 || other.Over() != 0 || tiny.Over() != 0 {
		t.Errorf("one byte too many presses by %d, %d and %d", one.Over(), other.Over(), tiny.Over())
	}
	one.Add(1 << 20)
	if one.Over() == 0 || other.Over() == 0 || tiny.Over() == 0 {
		t.Errorf("an eighth too many presses by %d, %d and %d", one.Over(), other.Over(), tiny.Over())
	}
	other.Add(-2 << 20)
	one.Add(1<<20 + 5)
	if one.Over() != 6 {
		t.Errorf("the only one that holds much is pressed by %d", one.Over())
	}
	large.Close()
	other.Add(5 << 20)
	if node.eaters.Load() != 1 || other.Over() != 0 {
		t.Errorf("%d share the limit, who is below it is pressed by %d", node.eaters.Load(), other.Over())
	}
	small.SetLimit(4 << 20)
	if other.Over() != 1<<20 || other.Limit() != 4<<20 {
		t.Errorf("a limit of its own presses by %d", other.Over())
	}
}
