package agg

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// backlog is the rows that a Grouper adds at the end of the tick, page by page,
// while its state does not fit in memory. The groups of a page are sent before
// the page leaves again.
type backlog struct {
	state.Backlog
	now   item // being added; no rows: the next ones are
	whole bool // no other row of the last one's group waits
}

const (
	// backlogBytes is how much may be put off within a tick.
	backlogBytes = 16 << 20
	// backlogRows is how many rows are added at once: of a few pages.
	backlogRows = 128
)

func (l *backlog) waits() bool { return l.Len() > 0 || len(l.now.rows) > 0 }

// full says that rows are to be added before the tick ends.
func (l *backlog) full() bool { return l.Bytes() > backlogBytes || len(l.now.rows) > 0 }

// putOff keeps rows for the end of the tick.
func (g *Grouper) putOff(it item) {
	g.keyCols = g.keyCols[:0]
	for _, k := range g.spec.Keys {
		g.keyCols = append(g.keyCols, it.b.Cols[k])
	}
	g.hash = batch.HashRows(g.keyCols, g.spec.KeyTypes, it.rows, len(it.rows), g.hash)
	g.later.Add(it.b, it.rows, g.hash, it.pane)
}

// catchUp adds the rows that were put off, and where the tick ends sends the
// groups that they touch, page by page.
func (g *Grouper) catchUp(out exec.Emitter, fuel int) (more bool, err error) {
	for g.updates.busy || g.later.waits() {
		if g.updates.busy {
			if more, err := g.emitUpdates(out, fuel); more || err != nil {
				return more, err
			}
		}
		if fuel <= 0 {
			return true, nil
		}
		if !g.later.waits() {
			break
		}
		if wait, err := g.addLater(); wait || err != nil {
			return wait, err
		}
		fuel -= backlogRows
	}
	return false, nil
}

// addLater adds the rows of the next few pages that are here; wait: some are
// not.
func (g *Grouper) addLater() (wait bool, err error) {
	l := &g.later
	if len(l.now.rows) == 0 {
		l.now.b, l.now.pane, l.whole = l.Next(backlogRows)
		l.now.rows = g.first(l.now.b.N)
	}
	away, err := g.run(l.now.b, l.now.pane, l.now.rows)
	if err != nil {
		return false, err
	}
	if len(away) < len(l.now.rows) {
		g.store.Unpin()
		if g.advance && !g.spec.OnClose && l.whole {
			g.beginUpdates()
		}
	}
	if l.now.rows = away; len(away) == 0 {
		l.now = item{}
	}
	// What came is sent first: its pages may leave when others come.
	return len(away) > 0 && !g.updates.busy, nil
}
