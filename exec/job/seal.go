package job

import (
	"context"
	"encoding/json"
	"fmt"

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
	place            []byte // of a keyed sink's topic
	in, out          int64  // rows read and given so far
}

// manifestExtra is what a manifest holds beside blocks.
type manifestExtra struct {
	Positions map[uint64][]position `json:"pos"`
	Sinks     map[string]staged     `json:"sinks,omitempty"` // by "vertex.instance"
	// Staged is how many blocks hold Sinks instead; 0: none.
	Staged  int   `json:"staged,omitempty"`
	In      int64 `json:"in,omitempty"`
	Out     int64 `json:"out,omitempty"`
	Started int64 `json:"started,omitempty"` // when the query was created, Unix ns
	// Ups are the epochs of the manifests, of the views that the query reads,
	// with which this one makes one moment; 0: that view had none.
	Ups map[uint64]uint64 `json:"ups,omitempty"`
	// Reset says that this manifest holds nothing: the query begins anew.
	Reset bool `json:"reset,omitempty"`
}

func (q *query) vertexIndex(id int) int {
	for i := range q.def.Graph.Vertices {
		if q.def.Graph.Vertices[i].ID == id {
			return i
		}
	}
	return -1
}

// encodeSeal makes the query's manifest at a Seal. A panic is the query's, not
// the process's.
func (q *query) encodeSeal(s *sealing, parts []sealPart) (seal storage.QuerySeal, bytes int64, err error) {
	defer rescue(&err)
	n := s.n
	if f := q.eng.cfg.faults.encode; f != nil {
		f(q.def.ID)
	}
	extra := manifestExtra{
		Positions: map[uint64][]position{}, Sinks: map[string]staged{}, Ups: q.upsAt(s),
		In: q.base.In, Out: q.base.Out, Started: q.base.Started,
	}
	blocks := sealBlocks{q: q, pace: q.eng.pace(encodeShare)}
	defer func() {
		if err != nil {
			q.eng.ledger.Forget(q.def.ID, blocks.all)
		}
	}()
	for _, p := range parts {
		extra.In += p.in
		extra.Out += p.out
		if p.positions != nil {
			extra.Positions[p.relation] = p.positions
		}
		if p.sink != nil {
			extra.Sinks[fmt.Sprintf("%d.%d", p.vertex, p.instance)] = staged{
				Chunks: p.staged, Position: p.place,
			}
		}
		if p.frozen == nil {
			continue
		}
		if err := blocks.encode(p); err != nil {
			return seal, 0, fmt.Errorf("seal %d of %s: %w", n, q.def.Name, err)
		}
	}
	if err := blocks.stage(&extra); err != nil {
		return seal, 0, fmt.Errorf("seal %d of %s: %w", n, q.def.Name, err)
	}
	data, err := json.Marshal(extra)
	if err != nil {
		return seal, 0, fmt.Errorf("seal %d of %s: %w", n, q.def.Name, err)
	}
	return storage.QuerySeal{Query: q.def.ID, Epoch: n, Extra: data, Blocks: blocks.all}, blocks.bytes, nil
}

// upsAt returns which manifests of the views that the query reads its own goes
// with.
func (q *query) upsAt(s *sealing) map[uint64]uint64 {
	out := map[uint64]uint64{}
	for rel, up := range q.ups {
		out[rel] = up.seals.committed()
		if _, ok := s.parts[up]; ok {
			out[rel] = s.n
		}
	}
	return out
}

// sealBlocks are the blocks of a query's Seal. Those that wait for it are few:
// once they are sealHeld bytes they are written ahead of it.
type sealBlocks struct {
	q     *query
	pace  *pacer
	all   []storage.NewBlock
	held  int // how many of the last have their bytes
	size  int64
	bytes int64 // of all
}

// sealHeld is how many bytes of blocks a Seal holds.
const sealHeld = 4 << 20

// encode adds the blocks of what an instance froze, at the pace that the workers
// allow.
func (s *sealBlocks) encode(p sealPart) error {
	give := func(b exec.Block) error {
		return s.add(storage.NewBlock{
			Vertex: p.vertex, Instance: p.instance, Low: b.Low, High: b.High, Full: b.Full, Data: b.Data,
		})
	}
	if f, ok := p.frozen.(interface {
		EncodeTo(give func(exec.Block) error, breathe func()) error
	}); ok {
		return f.EncodeTo(give, s.pace.breathe)
	}
	blocks, err := p.frozen.Encode()
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if err := give(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *sealBlocks) add(b storage.NewBlock) error {
	s.all = append(s.all, b)
	s.held++
	s.size += int64(len(b.Data))
	s.bytes += int64(len(b.Data))
	if s.size < sealHeld {
		return nil
	}
	last := s.all[len(s.all)-s.held:]
	written, err := s.q.eng.ledger.Ahead(context.Background(), s.q.def.ID, last)
	if err != nil {
		return err
	}
	s.pace.waited()
	copy(last, written)
	s.held, s.size = 0, 0
	return nil
}
