package scripts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
)

// broker is an embedded broker with a client that shares no code with the
// engine's.
type broker struct {
	*embedded.Broker
	client *kgo.Client
}

func startBroker() (*broker, error) {
	b, err := embedded.Start("", 0)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		b.Close()
		return nil, err
	}
	return &broker{b, client}, nil
}

func (b *broker) close() {
	b.client.Close()
	b.Broker.Close()
}

func (b *broker) createTopic(ctx context.Context, name string, partitions int32) error {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
	req := kmsg.NewCreateTopicsRequest()
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, b.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// produce appends records to a topic in order and waits for the broker.
func (b *broker) produce(ctx context.Context, records ...*kgo.Record) error {
	return b.client.ProduceSync(ctx, records...).FirstErr()
}

// record reads one line of an input block: the record's value, after what else
// it has in brackets:
//
//	[key=k timestamp=2026-01-01T00:00:00Z h.trace=x] {"a": 1}
//
// A value of (null) is none at all: a tombstone.
func record(topic string, partition int32, line string) (*kgo.Record, error) {
	r := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(line)}
	if meta, value, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(line, "[") && strings.Contains(meta, "=") {
		r.Value = []byte(value)
		for field := range strings.FieldsSeq(meta[1:]) {
			if err := describe(r, field); err != nil {
				return nil, err
			}
		}
	}
	if string(r.Value) == "(null)" {
		r.Value = nil
	}
	return r, nil
}

func describe(r *kgo.Record, field string) (err error) {
	name, value, _ := strings.Cut(field, "=")
	header, isHeader := strings.CutPrefix(name, "h.")
	switch {
	case isHeader:
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: header, Value: []byte(value)})
	case name == "key":
		r.Key = []byte(value)
	case name == "timestamp":
		r.Timestamp, err = time.Parse(time.RFC3339Nano, value)
	default:
		err = fmt.Errorf("a record has no %q", name)
	}
	return err
}

// sinkRecord is a record of a sink's topic; value nil: a tombstone.
type sinkRecord struct{ key, value []byte }

// read returns all records that a topic has now, partition by partition.
func (b *broker) read(ctx context.Context, topic string) ([]sinkRecord, error) {
	ends, err := b.ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	from, left := map[int32]kgo.Offset{}, int64(0)
	for p, end := range ends {
		if end > 0 {
			from[p], left = kgo.NewOffset().AtStart(), left+end
		}
	}
	if left == 0 {
		return nil, nil
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.FetchMaxWait(20*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	byPartition := map[int32][]sinkRecord{}
	for left > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read topic %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			byPartition[r.Partition] = append(byPartition[r.Partition], sinkRecord{r.Key, r.Value})
			left--
		})
	}
	var all []sinkRecord
	for _, p := range slices.Sorted(maps.Keys(byPartition)) {
		all = append(all, byPartition[p]...)
	}
	return all, nil
}

// ends returns how many records each partition of a topic has had.
func (b *broker) ends(ctx context.Context, topic string) (map[int32]int64, error) {
	meta := kmsg.NewMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(topic)
	meta.Topics = append(meta.Topics, t)
	found, err := meta.RequestWith(ctx, b.client)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(found.Topics[0].ErrorCode); err != nil {
		return nil, fmt.Errorf("topic %s: %w", topic, err)
	}
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = topic
	for _, p := range found.Topics[0].Partitions {
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Partition, part.Timestamp = p.Partition, -1
		asked.Partitions = append(asked.Partitions, part)
	}
	req := kmsg.NewListOffsetsRequest()
	req.ReplicaID = -1
	req.Topics = append(req.Topics, asked)
	resp, err := req.RequestWith(ctx, b.client)
	if err != nil {
		return nil, err
	}
	ends := map[int32]int64{}
	for _, p := range resp.Topics[0].Partitions {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return nil, fmt.Errorf("end of topic %s: %w", topic, err)
		}
		ends[p.Partition] = p.Offset
	}
	return ends, nil
}
