package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// keyedSink is a sink whose changes have keys: it can tell which keys it wrote.
type keyedSink struct{ *sink }

// Position implements connectors.KeyedSink: the end of each partition.
func (s *keyedSink) Position(ctx context.Context) ([]byte, error) {
	ends, err := s.ends(ctx)
	if err != nil {
		return nil, problem(fmt.Errorf("position in topic %s: %w", s.topic, err), s.topic)
	}
	at := make(map[int32]int64, len(ends))
	for p, b := range ends {
		at[p] = b[1]
	}
	return json.Marshal(at)
}

func (s *keyedSink) ends(ctx context.Context) (ends map[int32][2]int64, err error) {
	err = s.cluster.again(ctx, func() error {
		leaders, err := s.cluster.leaders(ctx, s.topic) // known already, but for the first time
		if err != nil {
			leaders, err = s.ensureTopic(ctx)
		}
		if err != nil {
			return err
		}
		list := make([]int32, 0, len(leaders))
		for p := range leaders {
			list = append(list, p)
		}
		ends, err = s.cluster.offsets(ctx, s.topic, list, false)
		return err
	})
	return ends, err
}

// KeysSince implements connectors.KeyedSink. The batches have the key columns,
// in the order of the key; a key may come several times. Records whose key is
// none of ours are somebody else's and left alone.
func (s *keyedSink) KeysSince(ctx context.Context, position []byte, f func(*batch.Batch) error) error {
	var from map[int32]int64
	if err := json.Unmarshal(position, &from); err != nil {
		return fmt.Errorf("keys of topic %s: stored position: %w", s.topic, err)
	}
	ends, err := s.ends(ctx)
	if err != nil {
		return problem(fmt.Errorf("keys of topic %s: %w", s.topic, err), s.topic)
	}
	k, err := newKeyReader(s.sink, f)
	if err != nil {
		return err
	}
	for p, b := range ends {
		at := max(from[p], b[0])
		if from[p] > b[1] { // the topic was made anew
			at = b[0]
		}
		if err := k.read(ctx, p, at, b[1]); err != nil {
			return fmt.Errorf("keys of topic %s partition %d: %w", s.topic, p, err)
		}
	}
	return k.flush(1)
}

// keyReader gathers keys into batches.
type keyReader struct {
	sink    *sink
	decoder *codec.JSONDecoder
	kinds   []batch.Kind
	cols    []batch.Column
	n       int
	emit    func(*batch.Batch) error
}

func newKeyReader(s *sink, emit func(*batch.Batch) error) (*keyReader, error) {
	k := &keyReader{sink: s, emit: emit}
	var cols []connectors.Column
	for _, i := range s.spec.Key {
		cols = append(cols, s.spec.Columns[i])
		k.kinds = append(k.kinds, s.spec.Columns[i].Type.Kind)
	}
	var err error
	k.decoder, err = codec.NewJSONDecoder(cols)
	return k, err
}

const keysPerBatch = 1024

// flush emits the keys gathered if there are at least least.
func (k *keyReader) flush(least int) error {
	if k.n < least {
		return nil
	}
	b := &batch.Batch{Cols: k.cols, N: k.n, Time: batch.MaxTime}
	k.cols, k.n = nil, 0
	return k.emit(b)
}

func (k *keyReader) add(key []byte) error {
	if k.cols == nil {
		for _, kind := range k.kinds {
			k.cols = append(k.cols, batch.New(kind, 64))
		}
	}
	if key == nil || k.decoder.Append(k.cols, key) != nil {
		return nil
	}
	k.n++
	return k.flush(keysPerBatch)
}

// read gathers the keys of the records from at to end.
func (k *keyReader) read(ctx context.Context, partition int32, at, end int64) error {
	limit := 1 << 20
	for at < end {
		data, err := k.fetch(ctx, partition, at, limit)
		if err != nil {
			return err
		}
		next, err := k.scan(data, at)
		if err != nil {
			return err
		}
		giveBuffer(data)
		if next == at {
			if limit *= 2; limit >= maxRecords {
				return fmt.Errorf("nothing can be read at offset %d, before the end at %d", at, end)
			}
		}
		at = next
	}
	return nil
}

func (k *keyReader) fetch(ctx context.Context, partition int32, at int64, limit int) (data []byte, err error) {
	c := k.sink.cluster
	req := &fetch.Request{
		ReplicaID: -1, MinBytes: 1, MaxWaitTime: 1000, MaxBytes: int32(limit), SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: k.sink.topic, Partitions: []fetch.RequestPartition{{
			Partition: partition, CurrentLeaderEpoch: -1, FetchOffset: at, LogStartOffset: -1, PartitionMaxBytes: int32(limit),
		}}}},
	}
	err = c.again(ctx, func() error {
		res, err := c.transport.RoundTrip(deadlined{ctx, time.Now().Add(grace)}, c.addr, req)
		if err != nil {
			return c.explain(ctx, k.sink.topic, err)
		}
		a := res.(*fetchResponse)
		if a.ErrorCode != 0 {
			return kafkago.Error(a.ErrorCode)
		}
		for _, t := range a.Topics {
			for _, p := range t.Partitions {
				if data = p.Records.data; p.ErrorCode != 0 {
					return kafkago.Error(p.ErrorCode)
				}
			}
		}
		return nil
	})
	return data, err
}

// scan gathers the keys in a record set and returns the offset to go on from.
func (k *keyReader) scan(set []byte, at int64) (int64, error) {
	var s scan
	for {
		h, rest, more, err := nextBatch(set)
		if err != nil || !more {
			return at, err
		}
		set = rest
		if err := h.check(); err != nil {
			return at, err
		}
		if h.attributes&control == 0 && h.count > 0 {
			body, err := h.body(&s.unpack)
			if err != nil {
				return at, err
			}
			it := records{header: h, rest: body, left: h.count}
			var rec record
			for {
				ok, err := it.next(&rec)
				if err != nil {
					return at, err
				}
				if !ok {
					break
				}
				if rec.offset >= at {
					if err := k.add(slices.Clone(rec.key)); err != nil {
						return at, err
					}
				}
			}
		}
		at = max(at, h.last+1)
	}
}
