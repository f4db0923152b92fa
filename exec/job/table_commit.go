package job

import (
	"fmt"
	"sync/atomic"
)

// commitment is a transaction on its way to the disk.
type commitment struct {
	number uint64 // the order in the log
	parts  []*changes
	bytes  int64
	tick   atomic.Uint64 // 0: not visible yet
	err    error         // before done is closed
	done   chan struct{}
}

// errTablesClosed says that the engine takes no more transactions.
var errTablesClosed = fmt.Errorf("tables: %w", errClosed)

// groupBytes bounds what one group gathers; a transaction is never cut.
const groupBytes = 16 << 20

// enqueue gives a transaction its place in the log. The caller holds the locks
// of its tables, so transactions of one table are queued in the order in which
// they saw each other.
func (ts *tables) enqueue(parts []*changes) (*commitment, error) {
	c := &commitment{parts: parts, done: make(chan struct{})}
	for _, p := range parts {
		c.bytes += p.bytes
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if err := ts.failureLocked(); err != nil {
		return nil, err
	}
	for _, p := range parts {
		if ts.all[p.t.def.ID] != p.t {
			return nil, fmt.Errorf("table %s: %w", p.t.def.Name, ErrNoTable)
		}
	}
	ts.number++
	c.number = ts.number
	for _, p := range parts {
		p.t.expect(c, p)
	}
	ts.queue = append(ts.queue, c)
	if !ts.writing {
		ts.writing = true
		go ts.write()
	}
	return c, nil
}

// expect notes what a queued transaction makes of the table.
func (t *table) expect(c *commitment, ch *changes) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = c
	if len(t.key) == 0 {
		return
	}
	t.overlay.add(c, ch)
	for _, f := range []*keyFilter{t.filter, t.building} {
		if f != nil {
			f.addKeys(ch)
		}
	}
	if t.filter != nil && t.filter.stale() {
		t.filter, t.misses = nil, 0 // made anew when it would be of use
	}
}

// write is the committer: it gathers the waiting transactions, makes them
// durable together, and shows them to the readers in one tick. It ends when
// nothing waits.
func (ts *tables) write() {
	for {
		ts.mu.Lock()
		group := ts.gather()
		if len(group) == 0 {
			ts.writing = false
			quiet := ts.quiet
			ts.quiet = nil
			ts.mu.Unlock()
			for _, ch := range quiet {
				close(ch)
			}
			return
		}
		err := ts.failed
		ts.group++
		number := ts.group
		ts.mu.Unlock()
		if err == nil {
			err = ts.commit(group, number)
		}
		for _, c := range group {
			c.err = err
			close(c.done)
		}
	}
}

// gather takes the next group from the queue.
func (ts *tables) gather() []*commitment {
	n, bytes := 0, int64(0)
	for n < len(ts.queue) && (n == 0 || bytes+ts.queue[n].bytes <= groupBytes) {
		bytes += ts.queue[n].bytes
		n++
	}
	group := ts.queue[:n:n]
	if ts.queue = ts.queue[n:]; len(ts.queue) == 0 {
		ts.queue = nil
	}
	return group
}

// commit makes a group durable and visible.
func (ts *tables) commit(group []*commitment, number uint64) error {
	born := ts.eng.cfg.now()
	parts := byTable(group)
	var recs []logRecord
	for _, p := range parts {
		p.t.room()
		more, err := p.records(number, born)
		if err != nil {
			return ts.fail(err)
		}
		recs = append(recs, more...)
	}
	if err := ts.log.write(recs); err != nil {
		return ts.fail(err)
	}
	tick := ts.show(parts)
	for _, c := range group {
		c.tick.Store(tick)
	}
	for _, p := range parts {
		p.t.shown.Store(tick)
		p.t.watch(tick)
	}
	ts.eng.epochs.arm()
	return nil
}

// fail ends all writing: what was queued, and seen by those queued later, is
// not durable.
func (ts *tables) fail(err error) error {
	err = fmt.Errorf("write the tables' log: %w", err)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.failed == nil {
		ts.failed = err
		ts.eng.cfg.Logger.Error("tables cannot be written any more", "err", err)
	}
	return ts.failed
}

func (ts *tables) failure() error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.failureLocked()
}

func (ts *tables) failureLocked() error {
	if ts.failed == nil && ts.closing {
		return errTablesClosed
	}
	return ts.failed
}

// close takes no more transactions and waits for those under way.
func (ts *tables) close() {
	ts.mu.Lock()
	ts.closing = true
	ts.mu.Unlock()
	ts.settle()
}

// settle waits until the committer is done with what was queued.
func (ts *tables) settle() {
	ts.mu.Lock()
	if !ts.writing {
		ts.mu.Unlock()
		return
	}
	ch := make(chan struct{})
	ts.quiet = append(ts.quiet, ch)
	ts.mu.Unlock()
	<-ch
}
