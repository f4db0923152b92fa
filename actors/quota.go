package actors

import "sync/atomic"

// Quota bounds, in bytes, the batches that the actors of one query have lent and
// keep. Lessors collect early when half of it is used.
type Quota struct {
	Limit int64 // 0: none

	used atomic.Int64
}

// Used returns the bytes lent and kept now.
func (q *Quota) Used() int64 { return q.used.Load() }

func (q *Quota) room(size int64) bool {
	return q == nil || q.Limit == 0 || q.used.Load()+size <= q.Limit
}

func (q *Quota) half() bool { return q != nil && q.Limit > 0 && q.used.Load()*2 >= q.Limit }

func (q *Quota) add(size int64) {
	if q != nil {
		q.used.Add(size)
	}
}
