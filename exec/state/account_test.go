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
