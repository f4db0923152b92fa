package state

import "sync/atomic"

// Account counts bytes of memory held, against a limit; safe for concurrent
// use. Accounts form a tree: a query's account has the node's as parent.
type Account struct {
	used   atomic.Int64
	closed atomic.Bool
	limit  int64 // 0: none
	parent *Account
}

// NewAccount returns an account under parent (nil: a root). A limit of 0 means
// none.
func NewAccount(limit int64, parent *Account) *Account {
	return &Account{limit: limit, parent: parent}
}

// Add charges n bytes (returns them where n is negative).
func (a *Account) Add(n int64) {
	if a == nil {
		return
	}
	// The parent first: what a closed account is charged goes back from there.
	a.parent.Add(n)
	a.used.Add(n)
	if a.closed.Load() {
		a.giveBack()
	}
}

// Close returns all that is charged, and whatever is charged from now on: the
// holder is gone.
func (a *Account) Close() {
	a.closed.Store(true)
	a.giveBack()
}

func (a *Account) giveBack() { a.parent.Add(-a.used.Swap(0)) }

// Used returns the bytes held.
func (a *Account) Used() int64 {
	if a == nil {
		return 0
	}
	return a.used.Load()
}

// Over returns by how many bytes a or one of its parents is above its limit.
func (a *Account) Over() int64 {
	over := int64(0)
	for ; a != nil; a = a.parent {
		if a.limit > 0 {
			over = max(over, a.used.Load()-a.limit)
		}
	}
	return over
}

// Limit returns the smallest limit on the way to the root; 0: none.
func (a *Account) Limit() int64 {
	limit := int64(0)
	for ; a != nil; a = a.parent {
		if a.limit > 0 && (limit == 0 || a.limit < limit) {
			limit = a.limit
		}
	}
	return limit
}
