package job

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/storage"
)

// sealPart is what one instance of a query keeps at a Seal.
type sealPart struct {
	vertex, instance int
	frozen           exec.Frozen // nil: no state
	relation         uint64      // of a reader
	positions        []position  // of its first instance: where the query stands
	sink             *sinkWriter // nil: none
	staged           []connectors.Chunk
	in, out          int64 // rows read and given so far
}

// manifestExtra is what a manifest holds beside blocks.
type manifestExtra struct {
	Positions map[uint64][]position `json:"pos"`
	Sinks     map[string]staged     `json:"sinks,omitempty"` // by "vertex.instance"
	In        int64                 `json:"in,omitempty"`
	Out       int64                 `json:"out,omitempty"`
	Started   int64                 `json:"started,omitempty"` // when the query was created, Unix ns
}

// sealer gathers a query's parts of the Seals under way and writes a manifest
// for each, in order.
type sealer struct {
	q *query

	mu    sync.Mutex
	open  map[uint64]*sealing
	order []uint64 // Seals expected, rising
	busy  bool     // a manifest is being encoded or committed
	last  uint64   // the last Seal committed
	at    time.Time
	idle  []func() // called when no Seal is under way
}

// sealing is one Seal of one query.
type sealing struct {
	parts []sealPart
	want  int
}

// sealsAhead is how many Seals of a query may be on their way to the disk. Each
// holds a copy of what has changed: where the disk is slower than the epochs, a
// query seals less often instead of filling the memory.
const sealsAhead = 2

// expect opens a Seal, unless the query's checkpoint interval lets it pass, or
// older ones are still being written; the clock's lock is held.
func (q *query) expect(seal uint64) {
	s := &q.seals
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if len(s.order) >= sealsAhead && !q.eng.closing.Load() {
		return
	}
	if q.ephemeral || (q.def.Checkpoint > q.eng.cfg.Epoch && now.Sub(s.at) < q.def.Checkpoint && !q.eng.closing.Load()) {
		return
	}
	s.at = now
	want := 0
	for _, of := range q.instances {
		want += len(of)
	}
	if s.open == nil {
		s.open = map[uint64]*sealing{}
	}
	s.open[seal] = &sealing{want: want}
	s.order = append(s.order, seal)
}

// sealsAt returns seal if the query takes it, else 0.
func (q *query) sealsAt(seal uint64) uint64 {
	if seal == 0 {
		return 0
	}
	q.seals.mu.Lock()
	defer q.seals.mu.Unlock()
	if q.seals.open[seal] == nil {
		return 0
	}
	return seal
}

// seal takes one instance's part.
func (q *query) seal(n uint64, part sealPart) {
	s := &q.seals
	q.instances[q.vertexIndex(part.vertex)][part.instance].sealed.Store(n)
	s.mu.Lock()
	o := s.open[n]
	if o == nil {
		s.mu.Unlock()
		return
	}
	o.parts = append(o.parts, part)
	start := len(o.parts) == o.want && !s.busy && s.order[0] == n
	s.busy = s.busy || start
	s.mu.Unlock()
	if start {
		q.eng.io.run(q.writeSeals)
	}
}

func (q *query) vertexIndex(id int) int {
	for i := range q.def.Graph.Vertices {
		if q.def.Graph.Vertices[i].ID == id {
			return i
		}
	}
	return -1
}

// writeSeals commits the complete Seals, oldest first.
func (q *query) writeSeals() {
	s := &q.seals
	for {
		s.mu.Lock()
		var o *sealing
		if len(s.order) > 0 {
			if o = s.open[s.order[0]]; len(o.parts) < o.want {
				o = nil
			}
		}
		if o == nil {
			s.busy = false
			var idle []func()
			if len(s.order) == 0 {
				idle, s.idle = s.idle, nil
			}
			s.mu.Unlock()
			for _, f := range idle {
				f()
			}
			return
		}
		n := s.order[0]
		s.mu.Unlock()
		err := q.commit(n, o)
		s.mu.Lock()
		if len(s.order) > 0 && s.order[0] == n {
			s.order = s.order[1:]
			delete(s.open, n)
		}
		if err == nil {
			s.last = n
		}
		s.mu.Unlock()
		if err != nil {
			q.eng.failed(q, err)
		}
	}
}

// commit encodes a complete Seal and makes it durable.
func (q *query) commit(n uint64, o *sealing) error {
	begin := time.Now()
	extra := manifestExtra{Positions: map[uint64][]position{}, Sinks: map[string]staged{}, In: q.base.In, Out: q.base.Out, Started: q.base.Started}
	var blocks []storage.NewBlock
	bytes := int64(0)
	for _, p := range o.parts {
		extra.In += p.in
		extra.Out += p.out
		if p.positions != nil {
			extra.Positions[p.relation] = p.positions
		}
		if p.sink != nil {
			extra.Sinks[fmt.Sprintf("%d.%d", p.vertex, p.instance)] = staged{
				Chunks: p.staged, Position: p.sink.position(context.Background()),
			}
		}
		if p.frozen == nil {
			continue
		}
		encoded, err := p.frozen.Encode()
		if err != nil {
			return fmt.Errorf("seal %d of %s: %w", n, q.def.Name, err)
		}
		for _, b := range encoded {
			bytes += int64(len(b.Data))
			blocks = append(blocks, storage.NewBlock{
				Vertex: p.vertex, Instance: p.instance, Low: b.Low, High: b.High, Full: b.Full, Data: b.Data,
			})
		}
	}
	data, err := json.Marshal(extra)
	if err != nil {
		return fmt.Errorf("seal %d of %s: %w", n, q.def.Name, err)
	}
	if err := q.eng.epochs.commit(storage.QuerySeal{Query: q.def.ID, Epoch: n, Extra: data, Blocks: blocks}); err != nil {
		return err
	}
	q.eng.stats.sealed(time.Since(begin), bytes)
	return nil
}

// committed returns the last Seal that is durable.
func (s *sealer) committed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// whenIdle calls f when no Seal is under way.
func (s *sealer) whenIdle(f func()) {
	s.mu.Lock()
	if len(s.order) > 0 {
		s.idle = append(s.idle, f)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	f()
}

// drop forgets the Seals under way: their parts will not all come. It returns
// when none is being written: who restarts the query would read an older
// manifest than its state is loaded from.
func (s *sealer) drop() {
	s.mu.Lock()
	idle, written := s.idle, make(chan struct{})
	s.idle, s.order, s.open = nil, nil, nil
	if s.busy {
		s.idle = append(s.idle, func() { close(written) })
	} else {
		close(written)
	}
	s.mu.Unlock()
	for _, f := range idle {
		f()
	}
	<-written
}
