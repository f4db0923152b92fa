package job

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/storage"
)

// foldPart is how many bytes of full blocks are folded as one, at least: what a
// fold holds in memory, and what is thrown away if it comes too late.
const foldPart = 8 << 20

// folder merges delta blocks into full ones in the background, when the deltas
// of a range of key groups have outgrown its base.
type folder struct {
	eng *Engine

	mu     sync.Mutex
	busy   bool
	again  bool
	closed bool
}

// wake looks for work soon.
func (f *folder) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	if f.busy {
		f.again = true
		return
	}
	f.busy = true
	f.eng.io.run(f.run)
}

func (f *folder) run() {
	for {
		for _, t := range f.eng.ledger.Folds() {
			if err := f.fold(t); err != nil && !errors.Is(err, storage.ErrStale) {
				f.eng.cfg.Logger.Error("fold failed", "query", t.Query, "vertex", t.Vertex, "err", err)
			}
		}
		f.mu.Lock()
		if !f.again || f.closed {
			f.busy = false
			f.mu.Unlock()
			return
		}
		f.again = false
		f.mu.Unlock()
	}
}

// fold merges the blocks of one task and hands the result to the ledger, which
// moves on to it with the next root.
func (f *folder) fold(t storage.FoldTask) error {
	q := f.eng.query(t.Query)
	if q == nil {
		return storage.ErrStale
	}
	_, release, err := f.eng.ledger.Pin(t.Query)
	if err != nil {
		return err
	}
	defer release()
	pace := f.eng.pace(foldShare)
	pieces := make([]state.Piece, len(t.Blocks))
	for i, b := range t.Blocks {
		pieces[i] = state.Piece{
			Low: b.Low, High: b.High, Size: int(b.Size), Read: func() ([]byte, error) {
				defer pace.waited()
				return q.readBlock(b.Name)
			},
		}
	}
	full, err := state.FoldPieces(pieces, t.Low, t.High, pace.breathe)
	if err != nil {
		return fmt.Errorf("fold: %w", err)
	}
	var out []storage.NewBlock
	for _, b := range full {
		out = append(out, storage.NewBlock{
			Vertex: t.Vertex, Instance: t.Instance, Low: b.Low, High: b.High, Full: true, Data: b.Data,
		})
	}
	return f.eng.ledger.Replace(context.Background(), t, out)
}

func (f *folder) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
}
