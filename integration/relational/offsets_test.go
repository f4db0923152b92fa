package relational

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ends returns the offset after the last record of each partition that has any.
func ends(ctx context.Context, t *testing.T, client *kgo.Client, topic string) map[int32]int64 {
	t.Helper()
	meta := kmsg.NewMetadataRequest()
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	meta.Topics = append(meta.Topics, asked)
	known, err := meta.RequestWith(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	list := kmsg.NewListOffsetsRequest()
	of := kmsg.NewListOffsetsRequestTopic()
	of.Topic = topic
	for _, p := range known.Topics[0].Partitions {
		at := kmsg.NewListOffsetsRequestTopicPartition()
		at.Partition, at.Timestamp = p.Partition, -1
		of.Partitions = append(of.Partitions, at)
	}
	list.Topics = append(list.Topics, of)
	answer, err := list.RequestWith(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int32]int64{}
	for _, p := range answer.Topics[0].Partitions {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			t.Fatal(err)
		}
		if p.Offset > 0 {
			out[p.Partition] = p.Offset
		}
	}
	return out
}
