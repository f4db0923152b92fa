//go:build !invariants

package batch

// Check verifies the invariants of a Batch under -tags invariants; otherwise it
// does nothing.
func (b *Batch) Check() {}
