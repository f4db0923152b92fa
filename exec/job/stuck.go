package job

// stuckAfter is how many Seals a group has to refuse, because older ones have yet
// to pass a sink that takes nothing meanwhile, before the sink's query is detached:
// the checkpoints of the others do not wait for it.
const stuckAfter = 16

// stuck watches the oldest Seal of a group, under its lock.
type stuck struct {
	seal    uint64
	refused int              // since it is the oldest
	acked   map[*query]int64 // how much the sinks of those in its way had taken half-way
}

// refuse is called when a Seal is not taken because older ones are under way. What
// stands in their way, and does nothing, is detached if others seal with it.
func (g *sealGroup) refuse(e *Engine) {
	if len(g.queue) < sealsAhead {
		return
	}
	s := g.queue[0]
	if g.stuck.seal != s.n {
		g.stuck = stuck{seal: s.n}
	}
	g.stuck.refused++
	switch n := e.cfg.stuckAfter(); {
	case s.writing || g.stuck.refused < n/2:
	case g.stuck.acked == nil:
		g.stuck.acked = map[*query]int64{}
		for q, parts := range s.want {
			if parts > 0 && q.parked() {
				g.stuck.acked[q] = q.taken()
			}
		}
	case g.stuck.refused >= n:
		for q, was := range g.stuck.acked {
			if s.want[q] > 0 && q.parked() && q.taken() == was && len(q.ups) > 0 {
				e.detach(q)
			}
		}
		g.stuck = stuck{seal: s.n}
	}
}

// parked says whether a sink of the query takes nothing now.
func (q *query) parked() bool {
	for _, end := range q.ends {
		if end.sink != nil && !end.sink.idle() && end.sink.sink.Ready() != nil {
			return true
		}
	}
	return false
}

// taken returns how many rows the query's sinks have acked.
func (q *query) taken() (rows int64) {
	for _, end := range q.ends {
		if end.sink != nil {
			rows += end.sink.acked.Load()
		}
	}
	return rows
}
