package kafka

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	produceapi "github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// producerID is what the broker knows an idempotent producer by.
type producerID struct {
	id    int64
	epoch int16
}

// writer is the state of a sink's one running goroutine.
type writer struct {
	sink     *sink
	live     bool // has a producer id and the number of partitions
	producer producerID
	leaders  map[int32]int32
	sequence map[int32]int32 // of the next record, by partition
	turn     int32           // the partition that keyless records go to next
}

// room is how many bytes one round takes: a batch of one partition, and where
// the records have no keys, of up to four.
func (w *writer) room() int {
	if w.sink.keys != nil {
		return w.sink.produce
	}
	return w.sink.produce * max(1, min(4, len(w.leaders)))
}

// write sends jobs and returns when all of it is there, or when it never can
// be. It repeats what fails in passing until ctx ends.
func (w *writer) write(ctx context.Context, jobs []job) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	waiting, err := w.build(jobs)
	if err != nil {
		return err
	}
	for failures := 0; len(waiting) > 0; {
		var calm bool
		if waiting, calm, err = w.round(ctx, waiting); err != nil {
			w.live = false
			return fmt.Errorf("write topic %s: %w", w.sink.topic, err)
		}
		if calm {
			failures = 0
			continue
		}
		if !sleep(ctx, backoff(failures)) {
			return ctx.Err()
		}
		failures++
	}
	w.sink.say("")
	return nil
}

// begin gets a producer id and learns the topic's partitions.
func (w *writer) begin(ctx context.Context) error {
	for attempt := 0; !w.live; attempt++ {
		if attempt > 0 && !sleep(ctx, backoff(attempt-1)) {
			return ctx.Err()
		}
		if err := w.connect(ctx); final(err) {
			return fmt.Errorf("write topic %s: %w", w.sink.topic, problem(err, w.sink.topic))
		} else if err != nil {
			w.sink.say(fmt.Sprintf("topic %s: %v", w.sink.topic, err))
			w.sink.cluster.refresh()
		}
	}
	return nil
}

func (w *writer) connect(ctx context.Context) error {
	leaders, err := w.sink.ensureTopic(ctx)
	if err != nil {
		return err
	}
	// Zero values could fence a stranger whose producer id is 0.
	res, err := w.sink.cluster.client.InitProducerID(ctx, &kafkago.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return w.sink.cluster.explain(ctx, w.sink.topic, err)
	}
	w.leaders, w.sequence, w.live = leaders, make(map[int32]int32), true
	w.producer = producerID{int64(res.Producer.ProducerID), int16(res.Producer.ProducerEpoch)}
	return nil
}

// build cuts jobs into batches, in order within each partition.
func (w *writer) build(jobs []job) ([]*outBatch, error) {
	var all []*outBatch
	open := make(map[int32]*outBatch)
	var to *outBatch
	now := time.Now().UnixMilli()
	add := func(tail []byte) {
		if w.sink.keys != nil {
			to = open[partitionOf(keyOf(tail), len(w.leaders))]
		}
		if to == nil || to.count > 0 && len(to.body)+len(tail) > w.sink.produce {
			p := w.turn
			if w.sink.keys != nil {
				p = partitionOf(keyOf(tail), len(w.leaders))
			} else {
				w.turn = (w.turn + 1) % int32(len(w.leaders))
			}
			to = &outBatch{partition: p, body: takeBuffer(min(w.sink.produce, sizeOf(jobs)+32))[:0]}
			open[p] = to
			all = append(all, to)
		}
		to.add(now, tail)
	}
	for _, j := range jobs {
		if err := eachFrame(j.data, add); err != nil {
			return nil, fmt.Errorf("write topic %s: %w", w.sink.topic, err)
		}
	}
	for _, b := range all {
		if err := w.seal(b); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func sizeOf(jobs []job) int {
	n := 0
	for _, j := range jobs {
		n += len(j.data) + len(j.data)/16
	}
	return n
}

func (w *writer) seal(b *outBatch) error {
	seq := w.sequence[b.partition]
	w.sequence[b.partition] = (seq + b.count) & 0x7fffffff
	return b.seal(w.sink.codec, w.producer, seq)
}

// round sends the first waiting batch of each partition, one request to each
// leader, and returns what is still waiting, in order; calm says that nothing
// failed.
func (w *writer) round(ctx context.Context, waiting []*outBatch) (left []*outBatch, calm bool, err error) {
	first := make(map[int32]*outBatch)
	byLeader := make(map[int32][]*outBatch)
	for _, b := range waiting {
		if first[b.partition] == nil {
			first[b.partition] = b
			leader := w.leaders[b.partition]
			byLeader[leader] = append(byLeader[leader], b)
		}
	}
	results := make(map[*outBatch]error)
	if len(byLeader) == 1 {
		for _, batches := range byLeader {
			w.produce(ctx, batches, func(b *outBatch, err error) { results[b] = err })
		}
	} else {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, batches := range byLeader {
			wg.Go(func() {
				w.produce(ctx, batches, func(b *outBatch, err error) {
					mu.Lock()
					defer mu.Unlock()
					results[b] = err
				})
			})
		}
		wg.Wait()
	}
	return w.settle(ctx, waiting, results)
}

// produce sends batches of different partitions with one leader and tells each
// one's result.
func (w *writer) produce(ctx context.Context, batches []*outBatch, result func(*outBatch, error)) {
	const patience = 30 * time.Second
	list := make([]rawproduce.RequestPartition, len(batches))
	for i, b := range batches {
		list[i] = rawproduce.RequestPartition{Partition: b.partition, RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(b.sealed)}}
	}
	req := &rawproduce.Request{
		Acks: -1, Timeout: int32(patience / time.Millisecond),
		Topics: []rawproduce.RequestTopic{{Topic: w.sink.topic, Partitions: list}},
	}
	res, err := w.sink.cluster.transport.RoundTrip(deadlined{ctx, time.Now().Add(patience + grace)}, w.sink.cluster.addr, req)
	if err != nil {
		err = w.sink.cluster.explain(ctx, w.sink.topic, err)
	}
	answer := make(map[int32]error)
	if r, ok := res.(*produceapi.Response); ok && err == nil {
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				answer[p.Partition] = nil
				if p.ErrorCode != 0 {
					answer[p.Partition] = fmt.Errorf("partition %d: %w %s", p.Partition, kafkago.Error(p.ErrorCode), p.ErrorMessage)
				}
			}
		}
	}
	for _, b := range batches {
		e, ok := answer[b.partition]
		if !ok {
			e = err
			if e == nil {
				e = fmt.Errorf("partition %d: %w", b.partition, kafkago.NetworkException)
			}
		}
		result(b, e)
	}
}
