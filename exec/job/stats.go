package job

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

var errClosed = errors.New("the server is shutting down")

// engineStats counts what the node does beside queries.
type engineStats struct {
	seals, sealBytes, sealNs atomic.Int64
}

func (s *engineStats) sealed(d time.Duration, bytes int64) {
	s.seals.Add(1)
	s.sealBytes.Add(bytes)
	s.sealNs.Add(int64(d))
}

// NodeStats is what the metrics show of the node.
type NodeStats struct {
	Epoch       uint64
	Seals       int64 // manifests written
	SealBytes   int64
	SealTime    time.Duration
	StateBytes  int64
	StateBudget int64 // 0: none
	Runtime     actors.RuntimeStats
}

// Stats returns the node's counters.
func (e *Engine) Stats() NodeStats {
	return NodeStats{
		Epoch: e.ledger.Epoch(), Seals: e.stats.seals.Load(), SealBytes: e.stats.sealBytes.Load(),
		SealTime: time.Duration(e.stats.sealNs.Load()), StateBytes: e.memory.Used(),
		StateBudget: e.cfg.Memory, Runtime: e.rt.Stats(),
	}
}
