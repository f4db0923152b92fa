package exectest

import (
	"fmt"
	"sync"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// store keeps the blocks and spilled pages of one operator.
type store struct {
	mu      sync.Mutex
	spilled map[string][]byte
	blocks  map[string][]byte
	sealed  []state.Sealed
	names   int
	spills  int
	opens   int
	fetches int
}

func newStore() *store {
	return &store{spilled: map[string][]byte{}, blocks: map[string][]byte{}}
}

// Put implements state.Spill.
func (s *store) Put(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.spilled[key]; ok {
		return fmt.Errorf("spill %s twice", key)
	}
	s.spilled[key] = append([]byte(nil), value...)
	s.spills++
	return nil
}

// Get implements state.Spill.
func (s *store) Get(key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.spilled[key]
	if !ok {
		return nil, fmt.Errorf("page %s is not there", key)
	}
	s.fetches++
	return append([]byte(nil), v...), nil
}

// Delete implements state.Spill.
func (s *store) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.spilled[key]; !ok {
		return fmt.Errorf("page %s is not there", key)
	}
	delete(s.spilled, key)
	return nil
}

func (s *store) read(name string) ([]byte, error) {
	b, ok := s.blocks[name]
	if !ok {
		return nil, fmt.Errorf("block %s is not there", name)
	}
	return b, nil
}

// seal adds the blocks of a Seal.
func (s *store) seal(blocks []exec.Block) {
	for _, b := range blocks {
		s.names++
		name := fmt.Sprint(s.names)
		s.blocks[name] = b.Data
		b.Data = nil
		s.sealed = append(s.sealed, state.Sealed{Name: name, Block: b})
	}
}

// fold replaces all blocks by full ones.
func (s *store) fold() error {
	var data [][]byte
	for _, b := range s.sealed {
		data = append(data, s.blocks[b.Name])
	}
	full, err := state.Fold(data)
	if err != nil {
		return err
	}
	s.sealed, s.blocks = nil, map[string][]byte{}
	s.seal(full)
	return nil
}

// home returns where an operator opened now finds its state.
func (s *store) home(limit int64) state.Home {
	h := state.Home{KeyGroups: 16, Low: 0, High: 16, Sealed: append([]state.Sealed(nil), s.sealed...), Read: s.read}
	s.opens++
	h.Name = fmt.Sprint(s.opens)
	if limit > 0 {
		h.Memory, h.Spill = state.NewAccount(limit, nil), s
	}
	return h
}
