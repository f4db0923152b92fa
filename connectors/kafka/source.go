package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
)

// source is one topic.
type source struct {
	options
	spec    connectors.Spec
	metas   []meta
	cluster *cluster

	mu     sync.Mutex
	known  []int32 // partitions, as of asked
	asked  time.Time
	closed bool
}

var (
	_ connectors.Source          = (*source)(nil)
	_ connectors.Checker         = (*source)(nil)
	_ connectors.OffsetCommitter = (*source)(nil)
)

// newSource checks the declaration. It does no I/O: a broker that is away must
// not keep a server from starting. Check asks it.
func newSource(spec connectors.Spec, d Defaults, clusters *clusters) (connectors.Source, error) {
	o, err := parse(spec, d, false)
	if err != nil {
		return nil, err
	}
	s := &source{options: o, spec: spec}
	for i, c := range spec.Columns {
		if c.Metadata == "" {
			continue
		}
		m, err := metadataOf(c)
		if err != nil {
			return nil, err
		}
		m.col = i
		s.metas = append(s.metas, m)
	}
	if _, err := s.decoder(); err != nil {
		return nil, &connectors.OptionError{Option: "format", Message: err.Error()}
	}
	if o.format == "json" && len(spec.Key) > 0 {
		return nil, &connectors.OptionError{
			Option: "format", Message: "records in format json have no key that later ones replace",
			Hint: "Use format = 'upsert_json' or 'debezium_json', or leave PRIMARY KEY out.",
		}
	}
	s.cluster = clusters.get(o.access)
	return s, nil
}

// decoder reads a record into rows: none to two, with counts if it carries changes.
type decoder interface {
	Demand(columns []bool)
}

// decoder returns a *codec.JSONDecoder or a codec.ChangeDecoder.
func (s *source) decoder() (decoder, error) {
	switch s.format {
	case "upsert_json":
		return codec.NewUpsertDecoder(s.json, s.spec.Columns, s.spec.Key, s.key)
	case "debezium_json":
		return codec.NewDebeziumDecoder(s.json, s.spec.Columns, s.spec.Key)
	}
	return s.json.Decoder(s.spec.Columns)
}

// Check implements connectors.Checker.
func (s *source) Check(ctx context.Context) error {
	if _, err := s.cluster.ask(ctx, s.topic); err != nil {
		return problem(fmt.Errorf("%s: %w", s.spec.Name, err), s.topic)
	}
	return nil
}

// fresh is how old a list of partitions may be.
const fresh = 3 * time.Second

// Partitions implements connectors.Source. A topic that does not exist is an
// *connectors.OptionError.
func (s *source) Partitions(ctx context.Context) ([]int32, error) {
	s.mu.Lock()
	known, recent := s.known, time.Since(s.asked) < fresh
	s.mu.Unlock()
	if recent {
		return slices.Clone(known), nil
	}
	leaders, err := s.cluster.ask(ctx, s.topic)
	if err != nil {
		return nil, problem(fmt.Errorf("partitions of topic %s: %w", s.topic, err), s.topic)
	}
	list := make([]int32, 0, len(leaders))
	for p := range leaders {
		list = append(list, p)
	}
	slices.Sort(list)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked = time.Now(); len(list) > len(known) && len(known) > 0 {
		s.cluster.refresh()
	}
	s.known = list
	return slices.Clone(list), nil
}

// Bounds implements connectors.Source. With read_committed, next is the last
// stable offset: what open transactions wrote is not there yet.
func (s *source) Bounds(ctx context.Context, partition int32) (first, next int64, err error) {
	err = s.cluster.again(ctx, func() error {
		m, err := s.cluster.offsets(ctx, s.topic, []int32{partition}, s.committed)
		first, next = m[partition][0], m[partition][1]
		return err
	})
	if err != nil {
		err = problem(fmt.Errorf("bounds of topic %s partition %d: %w", s.topic, partition, err), s.topic)
	}
	return first, next, err
}

// Open implements connectors.Source.
func (s *source) Open(wake func()) (connectors.Reader, error) {
	return newReader(s, wake)
}

// CommitOffsets implements connectors.OffsetCommitter.
func (s *source) CommitOffsets(ctx context.Context, next map[int32]int64) error {
	if s.group == "" || len(next) == 0 {
		return nil
	}
	req := &kafkago.OffsetCommitRequest{GroupID: s.group, GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{}}
	for p, o := range next {
		req.Topics[s.topic] = append(req.Topics[s.topic], kafkago.OffsetCommit{Partition: int(p), Offset: o})
	}
	err := s.cluster.again(ctx, func() error {
		res, err := s.cluster.client.OffsetCommit(ctx, req)
		if err != nil {
			return s.cluster.explain(ctx, s.topic, err)
		}
		for _, p := range res.Topics[s.topic] {
			if p.Error != nil {
				return fmt.Errorf("partition %d: %w", p.Partition, p.Error)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("commit offsets of topic %s to group %s: %w", s.topic, s.group, err)
	}
	return nil
}

// Close implements connectors.Source. Its readers are closed before.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.cluster.release()
	}
	return nil
}
