package job

import (
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// tableGate keeps a table's live pump from reading: the committer feeds it. A
// turn of the pump means that the feed may have room again.
type tableGate struct{ moved chan struct{} } // capacity 1

// admit, fed and drained implement gate: nothing is read.
func (g *tableGate) admit(*batch.Batch, int64, int64) (int, bool) { return -1, false }
func (g *tableGate) fed(int32, int64, int64)                      {}
func (g *tableGate) drained(connectors.Status, int64)             {}

// closed implements gate.
func (g *tableGate) closed() bool {
	select {
	case g.moved <- struct{}{}:
	default:
	}
	return true
}

// newTablePump makes the live pump of a table, which stands where the committer
// is.
func (e *Engine) newTablePump(s *source) (*pump, error) {
	p, err := s.newPump(e.clock, actors.Name{Job: s.def.ID, Vertex: pumpVertex}, nil, e.livePumpFailed)
	if err != nil {
		return nil, err
	}
	p.guard(&tableGate{moved: make(chan struct{}, 1)})
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	p.marks = newMarker(&s.def, []position{{Next: s.table.fed, Max: batch.MinTime}})
	e.feeds[p.feed] = true
	s.mu.Lock()
	s.live, s.err = p, ""
	s.mu.Unlock()
	return p, nil
}

// roomPoll is how often the committer looks again whether a feed has room,
// should nobody tell.
const roomPoll = 50 * time.Millisecond

// room waits while the fastest reader of the table lags too far behind.
func (t *table) room() {
	for {
		live := t.src.livePump()
		if live == nil || live.feed.unread() {
			return
		}
		if room, _ := live.feed.room(); room {
			return
		}
		timer := time.NewTimer(roomPoll)
		select {
		case <-live.gate.(*tableGate).moved:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// unread says that nobody reads the feed.
func (f *feed) unread() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.cursors) == 0
}
