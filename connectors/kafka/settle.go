package kafka

import (
	"context"
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

func is(err error, codes ...kafkago.Error) bool {
	var code kafkago.Error
	if !errors.As(err, &code) {
		return false
	}
	for _, c := range codes {
		if code == c {
			return true
		}
	}
	return false
}

// settle takes the results of a round: done batches leave, too large ones are
// cut, the others wait for the next round. An error is final.
func (w *writer) settle(ctx context.Context, waiting []*outBatch, results map[*outBatch]error) (left []*outBatch, calm bool, err error) {
	var trouble, unknown error
	for _, b := range waiting {
		err, sent := results[b]
		switch {
		case !sent:
			left = append(left, b)
		case err == nil, is(err, kafkago.DuplicateSequenceNumber):
			giveBuffer(b.body)
			giveBuffer(b.sealed) // answered, so nobody reads it any more
		case is(err, kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge) && b.count > 1:
			halves, e := w.halve(b)
			if e != nil {
				return nil, false, e
			}
			left = append(left, halves...)
		case is(err, kafkago.OutOfOrderSequenceNumber, kafkago.UnknownProducerId, kafkago.InvalidProducerEpoch, kafkago.InvalidProducerIDMapping, kafkago.ProducerFenced):
			unknown, left = err, append(left, b)
		case final(err):
			return nil, false, err
		default:
			trouble, left = err, append(left, b)
		}
	}
	if unknown != nil {
		trouble = unknown
		w.live = false
	}
	if trouble == nil {
		return left, true, nil
	}
	w.sink.say(fmt.Sprintf("topic %s: %v", w.sink.topic, trouble))
	w.sink.cluster.refresh()
	return left, false, w.recover(ctx, left, trouble)
}

// recover makes ready for another try: leaders anew, the topic made again if it
// is gone, and a new producer id where the broker does not know ours any more.
func (w *writer) recover(ctx context.Context, left []*outBatch, trouble error) error {
	if !w.live {
		if err := w.begin(ctx); err != nil {
			return err
		}
		for _, b := range left {
			seq := w.sequence[b.partition]
			w.sequence[b.partition] = (seq + b.count) & 0x7fffffff
			b.stamp(w.producer, seq)
		}
		return nil
	}
	if is(trouble, kafkago.UnknownTopicOrPartition) {
		_, _ = w.sink.ensureTopic(ctx) // its own trouble shows at the next try
	}
	if leaders, err := w.sink.cluster.leaders(ctx, w.sink.topic); err == nil && len(leaders) >= len(w.leaders) {
		for p := range w.leaders {
			w.leaders[p] = leaders[p]
		}
	}
	return nil
}

// halve replaces b by its halves: the broker refused it, so their sequence is b's.
func (w *writer) halve(b *outBatch) ([]*outBatch, error) {
	x, y, err := b.split()
	if err != nil {
		return nil, err
	}
	seq := b.sequence()
	if err := x.seal(w.sink.codec, w.producer, seq); err != nil {
		return nil, err
	}
	return []*outBatch{x, y}, y.seal(w.sink.codec, w.producer, (seq+x.count)&0x7fffffff)
}

// final tells errors that no repetition mends.
func final(err error) bool {
	return is(err, kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge, kafkago.InvalidTopic, kafkago.TopicAuthorizationFailed,
		kafkago.ClusterAuthorizationFailed, kafkago.InvalidRequiredAcks, kafkago.UnsupportedVersion, kafkago.InvalidRecord,
		kafkago.UnsupportedForMessageFormat, kafkago.PolicyViolation, kafkago.UnsupportedCompressionType, kafkago.InvalidTimestamp,
		kafkago.InvalidMessage, kafkago.InvalidReplicationFactor, kafkago.InvalidPartitionNumber)
}
