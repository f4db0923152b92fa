package state

import "sync/atomic"

// Account counts bytes of memory held, against a limit; safe for concurrent
// use. Accounts form a tree: a query's account has the node's as parent.
type Account struct {
	used   atomic.Int64
	closed atomic.Bool
	limit  atomic.Int64 // 0: none
	parent *Account
	eaters atomic.Int64 // accounts under this one that hold at least eater bytes
}

// eater is from how many bytes on an account counts among those that share
// their parent's limit.
const eater = 64 << 10

// NewAccount returns an account under parent (nil: a root). A limit of 0 means
// none.
func NewAccount(limit int64, parent *Account) *Account {
	a := &Account{parent: parent}
	a.limit.Store(limit)
	return a
}

// SetLimit changes the limit; 0: none.
func (a *Account) SetLimit(limit int64) { a.limit.Store(limit) }

// Add charges n bytes (returns them where n is negative).
func (a *Account) Add(n int64) {
	if a == nil {
		return
	}
	// The parent first: what a closed account is charged goes back from there.
	a.parent.Add(n)
	a.crossed(a.used.Add(n)-n, n)
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

func (a *Account) giveBack() {
	was := a.used.Swap(0)
	a.crossed(was, -was)
	a.parent.Add(-was)
}

// crossed counts the account among its parent's eaters, or no more, as what it
// holds goes from was by n.
func (a *Account) crossed(was, n int64) {
	if a.parent == nil || a.parent.limit.Load() == 0 {
		return
	}
	if before, after := was >= eater, was+n >= eater; before != after {
		if after {
			a.parent.eaters.Add(1)
		} else {
			a.parent.eaters.Add(-1)
		}
	}
}

// Used returns the bytes held.
func (a *Account) Used() int64 {
	if a == nil {
		return 0
	}
	return a.used.Load()
}

// Over returns by how many bytes a or one of its parents is above its limit.
//
// A parent's limit is shared: while it is passed by little, it concerns only
// those of its children that hold more than their part, so that one that grows
// pages out its own state and not the others'. Passed by an eighth (those may be
// idle), it concerns all.
func (a *Account) Over() int64 {
	over := int64(0)
	for child := (*Account)(nil); a != nil; child, a = a, a.parent {
		limit := a.limit.Load()
		if limit == 0 {
			continue
		}
		if x := a.used.Load() - limit; x > 0 && (child == nil || x > limit/8 || child.used.Load() > a.part()) {
			over = max(over, x)
		}
	}
	return over
}

// part is what each of the accounts that share a limit may hold of it.
func (a *Account) part() int64 { return a.limit.Load() / max(1, a.eaters.Load()) }

// Limit returns the smallest limit on the way to the root; 0: none.
func (a *Account) Limit() int64 {
	limit := int64(0)
	for ; a != nil; a = a.parent {
		if l := a.limit.Load(); l > 0 && (limit == 0 || l < limit) {
			limit = l
		}
	}
	return limit
}
