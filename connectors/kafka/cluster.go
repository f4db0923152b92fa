package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/listoffsets"

	"github.com/dirigo-stream/dirigo/connectors"
)

// clusters are the connections of a process, by how they are made.
type clusters struct {
	mu   sync.Mutex
	open map[string]*cluster
}

// get returns the cluster of a, which the caller releases once.
func (c *clusters) get(a access) *cluster {
	register()
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.open[a.key]
	if x == nil {
		x = &cluster{access: a, owner: c, sockets: make(map[net.Conn]struct{})}
		x.addr = kafkago.TCP(a.brokers...)
		x.transport = x.newTransport(nil)
		x.client = &kafkago.Client{Addr: x.addr, Transport: x.transport}
		c.open[a.key] = x
	}
	x.refs++
	return x
}

// cluster is the connections to one Kafka cluster under one identity.
type cluster struct {
	access
	owner     *clusters
	refs      int // under owner.mu
	addr      net.Addr
	transport *kafkago.Transport
	client    *kafkago.Client

	mu        sync.Mutex
	refreshed time.Time
	sockets   map[net.Conn]struct{}
}

// release closes all sockets once nobody is left: long polls end at once.
func (c *cluster) release() {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if c.refs--; c.refs > 0 {
		return
	}
	delete(c.owner.open, c.key)
	c.transport.CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.sockets {
		s.(*socket).Conn.Close()
	}
}

// newTransport returns a transport. Its metadata are renewed rarely by itself,
// since refresh does so when an answer shows them to be stale.
func (c *cluster) newTransport(topics []string) *kafkago.Transport {
	return &kafkago.Transport{
		Dial:           c.dial,
		DialTimeout:    5 * time.Second,
		IdleTimeout:    15 * time.Second, // an idle query keeps no connection, nor the goroutine of one
		MetadataTTL:    5 * time.Minute,
		MetadataTopics: topics,
		ClientID:       c.clientID,
		TLS:            c.tls,
		SASL:           c.sasl,
	}
}

// socket is a connection that release can find.
type socket struct {
	net.Conn
	owner *cluster
}

func (c *cluster) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: 3 * time.Second}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: conn, owner: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets[s] = struct{}{}
	return s, nil
}

func (s *socket) Close() error {
	s.owner.mu.Lock()
	defer s.owner.mu.Unlock()
	delete(s.owner.sockets, s)
	return s.Conn.Close()
}

// refresh makes the next request learn brokers and leaders anew.
func (c *cluster) refresh() {
	c.mu.Lock()
	recent := time.Since(c.refreshed) < 100*time.Millisecond
	if !recent {
		c.refreshed = time.Now()
	}
	c.mu.Unlock()
	if !recent {
		c.transport.CloseIdleConnections()
	}
}

// leaders returns the broker that leads each partition of topic, -1 where there
// is none, as the transport knows them: requests are routed by the same.
func (c *cluster) leaders(ctx context.Context, topic string) (map[int32]int32, error) {
	return leadersOf(ctx, c.client, topic)
}

// ask is leaders by a connection of its own: the truth now, and the reason where
// a broker cannot be reached or refuses us, which cached metadata hide.
func (c *cluster) ask(ctx context.Context, topic string) (map[int32]int32, error) {
	t := c.newTransport([]string{topic})
	defer t.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	leaders, err := leadersOf(ctx, &kafkago.Client{Addr: c.addr, Transport: t}, topic)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the broker closed the connection (%w): are tls and sasl as it wants them?", err)
	}
	return leaders, err
}

func leadersOf(ctx context.Context, client *kafkago.Client, topic string) (map[int32]int32, error) {
	res, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, unwrapClient(err)
	}
	if len(res.Topics) != 1 {
		return nil, kafkago.UnknownTopicOrPartition
	}
	t := res.Topics[0]
	if t.Error != nil {
		return nil, t.Error
	}
	out := make(map[int32]int32, len(t.Partitions))
	for _, p := range t.Partitions {
		out[int32(p.ID)] = -1
		if p.Error == nil && p.Leader.Host != "" {
			out[int32(p.ID)] = int32(p.Leader.ID)
		}
	}
	return out, nil
}

// explain returns the reason behind err: a pool without metadata answers every
// request with an error of its own, while Metadata tells what went wrong.
func (c *cluster) explain(ctx context.Context, topic string, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if _, why := c.leaders(ctx, topic); why != nil {
		return why
	}
	return unwrapClient(err)
}

// unwrapClient drops kafka-go's "kafka.(*Client).X:" in front of an error.
func unwrapClient(err error) error {
	if in := errors.Unwrap(err); in != nil && strings.HasPrefix(err.Error(), "kafka.(*Client)") {
		return in
	}
	return err
}

// offsets returns the bounds of partitions of a topic: earliest and next. They
// are where reading begins, so a bound without an answer is an error; kafka-go's
// own ListOffsets would give 0 for it.
func (c *cluster) offsets(ctx context.Context, topic string, partitions []int32, committed bool) (map[int32][2]int64, error) {
	req := &listoffsets.Request{ReplicaID: -1, Topics: []listoffsets.RequestTopic{{Topic: topic}}}
	if committed {
		req.IsolationLevel = int8(kafkago.ReadCommitted)
	}
	out := make(map[int32][2]int64, len(partitions))
	for _, p := range partitions {
		out[p] = [2]int64{-1, -1}
		for _, at := range []int64{kafkago.FirstOffset, kafkago.LastOffset} {
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, listoffsets.RequestPartition{Partition: p, CurrentLeaderEpoch: -1, Timestamp: at})
		}
	}
	m, err := c.client.Transport.RoundTrip(ctx, c.addr, req)
	if err != nil {
		return nil, c.explain(ctx, topic, err)
	}
	for _, t := range m.(*listoffsets.Response).Topics {
		for _, p := range t.Partitions {
			x, asked := out[p.Partition]
			if err := kafkago.Error(p.ErrorCode); err == kafkago.Unknown { // kafka-go's word for one request of several that was cut off
				return nil, fmt.Errorf("offsets of partition %d: %w", p.Partition, kafkago.NetworkException)
			} else if err != 0 {
				return nil, fmt.Errorf("offsets of partition %d: %w", p.Partition, err)
			}
			if p.Timestamp == kafkago.FirstOffset { // which request it answers
				x[0] = p.Offset
			} else {
				x[1] = p.Offset
			}
			if asked {
				out[p.Partition] = x
			}
		}
	}
	for p, x := range out {
		if x[0] < 0 || x[1] < 0 {
			return nil, fmt.Errorf("offsets of partition %d: no answer: %w", p, kafkago.LeaderNotAvailable)
		}
	}
	return out, nil
}

// again calls f until it succeeds or fails for good: after an election, after a
// topic was made, while a coordinator loads. It gives up after about 10 s.
func (c *cluster) again(ctx context.Context, f func() error) error {
	var err error
	for attempt := range 12 {
		if err = f(); err == nil || !passing(err) {
			return err
		}
		c.refresh()
		if !sleep(ctx, backoff(attempt)) {
			break
		}
	}
	return err
}

// passing tells errors that end by themselves, those of metadata that are not
// new enough included.
func passing(err error) bool {
	if errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) || errors.Is(err, protocol.ErrNoLeader) {
		return true
	}
	var code kafkago.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafkago.UnknownTopicOrPartition, kafkago.LeaderNotAvailable, kafkago.NotLeaderForPartition, kafkago.RequestTimedOut,
		kafkago.BrokerNotAvailable, kafkago.ReplicaNotAvailable, kafkago.NetworkException, kafkago.GroupLoadInProgress,
		kafkago.GroupCoordinatorNotAvailable, kafkago.NotCoordinatorForGroup, kafkago.NotEnoughReplicas,
		kafkago.NotEnoughReplicasAfterAppend, kafkago.NotController, kafkago.ConcurrentTransactions, kafkago.KafkaStorageError,
		kafkago.FencedLeaderEpoch, kafkago.UnknownLeaderEpoch, kafkago.OffsetNotAvailable, kafkago.ThrottlingQuotaExceeded:
		return true
	}
	return false
}

// backoff grows from 50 ms to 5 s, by a random half of itself at most.
func backoff(attempt int) time.Duration {
	d := min(50*time.Millisecond<<min(attempt, 10), 5*time.Second)
	return d/2 + rand.N(d/2)
}

// sleep reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// problem makes an OptionError of what only the user can mend.
func problem(err error, topic string) error {
	var code kafkago.Error
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return &connectors.OptionError{Option: "tls", Message: err.Error(), Hint: "Name the CA's certificate by tls.ca."}
	}
	if !errors.As(err, &code) {
		return err
	}
	switch code {
	case kafkago.UnknownTopicOrPartition:
		return &connectors.OptionError{
			Option: "topic", Message: fmt.Sprintf("topic %q does not exist", topic),
			Hint: "Create it at the broker first; a source never creates its topic.",
		}
	case kafkago.InvalidTopic:
		return &connectors.OptionError{Option: "topic", Message: fmt.Sprintf("%q is no valid topic name", topic)}
	case kafkago.SASLAuthenticationFailed, kafkago.UnsupportedSASLMechanism, kafkago.IllegalSASLState:
		return &connectors.OptionError{Option: "sasl.mechanism", Message: err.Error()}
	case kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed:
		return &connectors.OptionError{Option: "topic", Message: err.Error()}
	}
	return err
}
