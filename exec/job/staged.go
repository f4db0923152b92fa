package job

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dirigo-stream/dirigo/storage"
)

const (
	// stagedVertex owns the blocks of what sinks have not acked, where that is too
	// much for a manifest: the store bounds an entry.
	stagedVertex = -1
	// stagedInline is how many bytes travel in the manifest.
	stagedInline = 1 << 20
	// stagedPiece is the size of such a block.
	stagedPiece = 2 << 20
	// stagedPieces is more than there can be: an empty full block of so many key
	// groups removes those of older Seals.
	stagedPieces = 1 << 30
)

// stage moves what sinks have not acked from the manifest to blocks, if it is much.
func (s *sealBlocks) stage(extra *manifestExtra) error {
	size := 0
	for _, x := range extra.Sinks {
		for _, c := range x.Chunks {
			size += len(c.Data)
		}
	}
	if size <= stagedInline && !s.q.stages {
		return nil
	}
	s.q.stages = true // from now on there may be older ones
	if err := s.add(storage.NewBlock{Vertex: stagedVertex, High: stagedPieces, Full: true}); err != nil {
		return err
	}
	if size <= stagedInline {
		return nil
	}
	data, err := json.Marshal(extra.Sinks)
	if err != nil {
		return err
	}
	extra.Sinks = nil
	for piece := range slices.Chunk(data, stagedPiece) {
		b := storage.NewBlock{Vertex: stagedVertex, Low: extra.Staged, High: extra.Staged + 1, Full: true, Data: piece}
		if err := s.add(b); err != nil {
			return err
		}
		extra.Staged++
	}
	return nil
}

// unstage reads back what stage has moved.
func (q *query) unstage(m storage.Manifest, extra *manifestExtra) error {
	var pieces []storage.BlockRef
	for _, b := range m.Blocks {
		if b.Vertex == stagedVertex {
			pieces = append(pieces, b)
		}
	}
	q.stages = q.stages || len(pieces) > 0
	if extra.Staged == 0 {
		return nil
	}
	if len(pieces) != extra.Staged {
		return fmt.Errorf("of %d blocks of what the sink had not acked %d are there", extra.Staged, len(pieces))
	}
	slices.SortFunc(pieces, func(a, b storage.BlockRef) int { return cmp.Compare(a.Low, b.Low) })
	var data []byte
	for _, b := range pieces {
		piece, err := q.eng.ledger.Read(b.Name)
		if err != nil {
			return err
		}
		data = append(data, piece...)
	}
	return json.Unmarshal(data, &extra.Sinks)
}
