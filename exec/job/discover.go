package job

import (
	"context"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// discoverEvery is how often, at most, the outside is asked for new partitions
// of a source that rows come from. A source without traffic is asked when its
// next rows come, or its connector wakes the reader.
const discoverEvery = 5 * time.Second

// discover looks for partitions that were added to a live source. A new one is
// a decision like an idle one: it is durable before its rows are read, and
// until then holds nothing back.
func (g *liveGate) discover(now int64) {
	if now-g.asked < int64(discoverEvery) || g.asking {
		return
	}
	g.asked, g.asking = now, true
	p := g.pump
	p.src.eng.io.run(func() {
		fresh := p.src.newPartitions(p.partitions())
		p.ref.Post(0, func(_ actors.Behavior[*batch.Batch], err error) {
			g.asking = false
			if err == nil && len(fresh) > 0 {
				g.adopt(fresh)
			}
		})
	})
}

// adopt begins to read partitions from their first record.
func (g *liveGate) adopt(fresh []position) {
	var notes []*note
	for _, at := range fresh {
		n := g.note("added", at.Partition)
		n.Next = at.Next
		notes = append(notes, n)
	}
	g.then = func() {
		for _, at := range fresh {
			g.pump.reader.Assign(at.Partition, connectors.Start(at.Next))
		}
	}
	g.decide(notes)
}

// partitions returns the partitions that the pump reads.
func (p *pump) partitions() map[int32]bool {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	out := map[int32]bool{}
	for _, at := range p.marks.parts {
		out[at.Partition] = true
	}
	return out
}

// newPartitions returns where the partitions begin that are not known yet.
func (s *source) newPartitions(known map[int32]bool) []position {
	ctx, cancel := context.WithTimeout(context.Background(), discoverEvery)
	defer cancel()
	conn, err := s.open()
	if err != nil {
		return nil
	}
	ids, err := conn.Partitions(ctx)
	if err != nil {
		return nil // the reader tells what is wrong outside
	}
	var out []position
	for _, id := range ids {
		if known[id] {
			continue
		}
		first, _, err := conn.Bounds(ctx, id)
		if err != nil {
			return nil
		}
		out = append(out, position{Partition: id, Next: first, Max: batch.MinTime})
	}
	return out
}

// commitOffsets shows the outside how far a source was read, for tools that
// watch the lag. Nothing is read back from there.
func (e *Engine) commitOffsets(sources map[uint64][]position) {
	for id, at := range sources {
		s := e.source(id)
		if s == nil {
			continue
		}
		s.mu.Lock()
		c, ok := s.conn.(connectors.OffsetCommitter)
		s.mu.Unlock()
		if !ok {
			continue
		}
		next := make(map[int32]int64, len(at))
		for _, p := range at {
			next[p.Partition] = p.Next
		}
		ctx, cancel := context.WithTimeout(context.Background(), discoverEvery)
		err := c.CommitOffsets(ctx, next)
		cancel()
		if err != nil {
			e.cfg.Logger.Debug("offsets not committed", "stream", s.def.Name, "err", err)
		}
	}
}

// check asks the outside whether a source or sink would work.
func check(ctx context.Context, x any) error {
	if c, ok := x.(connectors.Checker); ok {
		return c.Check(ctx)
	}
	return nil
}
