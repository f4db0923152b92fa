package kafka

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
)

// sink writes one topic, which it makes if there is none.
//
// What Send is given waits while a request is in flight and then goes out
// together, so that batches grow with the load and nothing lingers. A goroutine
// runs only while there is something to write. Its producer is idempotent: what
// is repeated after a lost answer is neither doubled nor reordered; only where
// the broker has forgotten the producer may a repeated batch come twice.
type sink struct {
	options
	spec    connectors.Spec
	values  *codec.JSONEncoder
	keys    *codec.JSONEncoder // nil: records without key
	cluster *cluster
	ctx     context.Context
	cancel  context.CancelFunc
	sizes   rowSizes
	writer  writer // belongs to the goroutine that runs

	mu      sync.Mutex
	queue   []job
	held    int // bytes in queue and in flight
	running bool
	waiting []func() // to be called when held falls below the bound
	problem string
	closed  bool
}

// job is one Send.
type job struct {
	data  []byte
	acked func(error)
}

var (
	_ connectors.Sink      = (*sink)(nil)
	_ connectors.Checker   = (*sink)(nil)
	_ connectors.KeyedSink = (*changeSink)(nil)
)

// newSink checks the declaration, without I/O; see newSource.
func newSink(spec connectors.Spec, d Defaults, clusters *clusters) (connectors.Sink, error) {
	o, err := parse(spec, d, true)
	if err != nil {
		return nil, err
	}
	if err := checkMetadata(spec.Columns, true); err != nil {
		return nil, err
	}
	s := &sink{options: o, spec: spec, values: codec.NewJSONEncoder(spec.Columns)}
	if len(spec.Key) > 0 {
		s.keys = codec.NewJSONEncoderOf(spec.Columns, spec.Key)
	}
	s.cluster = clusters.get(o.access)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.writer = writer{sink: s}
	if o.format != "json" && s.keys != nil {
		return &changeSink{keyedSink: keyedSink{s}}, nil
	}
	return s, nil
}

// Check implements connectors.Checker. It makes the topic where there is none.
func (s *sink) Check(ctx context.Context) error {
	if _, err := s.ensureTopic(ctx); err != nil {
		return problem(fmt.Errorf("%s: %w", s.spec.Name, err), s.topic)
	}
	return nil
}

// ensureTopic returns the leaders of the topic's partitions, after making it if
// need be.
func (s *sink) ensureTopic(ctx context.Context) (map[int32]int32, error) {
	leaders, err := s.cluster.ask(ctx, s.topic)
	if err == nil || !is(err, kafkago.UnknownTopicOrPartition) {
		return leaders, err
	}
	limited, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	res, err := s.cluster.client.CreateTopics(limited, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{s.topicConfig()}})
	if err != nil {
		return nil, s.cluster.explain(ctx, s.topic, err)
	}
	if err := res.Errors[s.topic]; err != nil && !is(err, kafkago.TopicAlreadyExists) {
		return nil, fmt.Errorf("create topic %s: %w", s.topic, err)
	}
	err = s.cluster.again(ctx, func() error {
		leaders, err = s.cluster.ask(ctx, s.topic)
		for p, leader := range leaders {
			if err == nil && leader < 0 {
				err = fmt.Errorf("partition %d: %w", p, kafkago.LeaderNotAvailable)
			}
		}
		return err
	})
	return leaders, err
}

func (s *sink) topicConfig() kafkago.TopicConfig {
	c := kafkago.TopicConfig{Topic: s.topic, NumPartitions: s.partitions, ReplicationFactor: s.replication}
	if s.format == "upsert_json" {
		c.ConfigEntries = []kafkago.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "compact"}}
	}
	return c
}

// Send implements connectors.Sink. What Close finds unwritten is acked with
// os.ErrClosed; some of it may have been written all the same.
func (s *sink) Send(c connectors.Chunk, acked func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, job{c.Data, acked})
	s.held += len(c.Data)
	if !s.running {
		s.running = true
		go s.run()
	}
}

// run writes what has gathered until there is nothing.
func (s *sink) run() {
	for {
		s.mu.Lock()
		jobs := s.gather()
		if len(jobs) == 0 {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		err := s.ctx.Err()
		if err == nil {
			err = s.writer.write(s.ctx, jobs)
		}
		if err != nil && s.ctx.Err() != nil {
			err = os.ErrClosed
		}
		for _, j := range jobs {
			j.acked(err)
		}
		s.release(jobs)
	}
}

// gather takes from the queue what fits into one round of requests. s.mu is held.
func (s *sink) gather() []job {
	room, n := s.writer.room(), 0
	for n < len(s.queue) && (n == 0 || room >= len(s.queue[n].data)) {
		room -= len(s.queue[n].data)
		n++
	}
	jobs := s.queue[:n:n]
	s.queue = s.queue[n:]
	return jobs
}

// release gives back the room of jobs.
func (s *sink) release(jobs []job) {
	s.mu.Lock()
	for _, j := range jobs {
		s.held -= len(j.data)
	}
	var wake []func()
	if s.held < s.inFlight {
		wake, s.waiting = s.waiting, nil
	}
	s.mu.Unlock()
	for _, f := range wake {
		f()
	}
}

// Ready implements connectors.Sink.
func (s *sink) Ready() func(func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held < s.inFlight {
		return nil
	}
	return s.wait
}

func (s *sink) wait(ready func()) {
	s.mu.Lock()
	full := s.held >= s.inFlight
	if full {
		s.waiting = append(s.waiting, ready)
	}
	s.mu.Unlock()
	if !full {
		ready()
	}
}

// Status implements connectors.Sink.
func (s *sink) Status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

func (s *sink) say(problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = problem
}

// Close implements connectors.Sink.
func (s *sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.cancel()
		s.cluster.release()
	}
	return nil
}
