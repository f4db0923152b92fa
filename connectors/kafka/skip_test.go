package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/listoffsets"

	"github.com/dirigo-stream/dirigo/connectors"
)

// answers is a broker that answers every request with the same.
type answers struct {
	res kafkago.Response
}

func (a answers) RoundTrip(context.Context, net.Addr, kafkago.Request) (kafkago.Response, error) {
	return a.res, nil
}

// TestOffsetsUnanswered: bounds are where reading begins; half an answer is an
// error that is repeated, not an offset of 0.
func TestOffsetsUnanswered(t *testing.T) {
	first := listoffsets.ResponsePartition{Partition: 0, Timestamp: -2, Offset: 5}
	last := listoffsets.ResponsePartition{Partition: 0, Timestamp: -1, Offset: 9}
	cut := listoffsets.ResponsePartition{Partition: 0, Timestamp: -1, Offset: -1, ErrorCode: -1}
	for name, c := range map[string]struct {
		parts []listoffsets.ResponsePartition
		ok    bool
	}{
		"whole":     {[]listoffsets.ResponsePartition{first, last}, true},
		"nothing":   {nil, false},
		"cut off":   {[]listoffsets.ResponsePartition{first, cut}, false},
		"elsewhere": {[]listoffsets.ResponsePartition{{Partition: 1, Timestamp: -2}}, false},
	} {
		res := &listoffsets.Response{Topics: []listoffsets.ResponseTopic{{Topic: "t", Partitions: c.parts}}}
		cl := &cluster{client: &kafkago.Client{Addr: kafkago.TCP("none"), Transport: answers{res}}}
		ask := []int32{0}
		got, err := cl.offsets(t.Context(), "t", ask, true)
		if c.ok && (err != nil || got[0] != [2]int64{5, 9}) || !c.ok && (err == nil || !passing(err)) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	// A partition that was not asked about does not stand in for one that was.
	res := &listoffsets.Response{Topics: []listoffsets.ResponseTopic{{Topic: "t", Partitions: []listoffsets.ResponsePartition{first, last}}}}
	cl := &cluster{client: &kafkago.Client{Addr: kafkago.TCP("none"), Transport: answers{res}}}
	if got, err := cl.offsets(t.Context(), "t", []int32{0, 1}, true); err == nil || !errors.Is(err, kafkago.LeaderNotAvailable) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestLossWhileReading: an answer that the offset is gone does not move a
// partition under a Read in progress: what the Read reports would undo the move,
// and the rows of a topic made anew below its old end would be passed over.
func TestLossWhileReading(t *testing.T) {
	name := topic(t, bootstrap, 1)
	produce(t, bootstrap, name, 0, 0, value(1, "a"), value(2, "b"))
	f := open(t, openSource(t, spec(bootstrap, name, rowColumns, "on_data_loss", "earliest")))
	r := f.Reader.(*reader)
	f.Assign(0, connectors.Earliest)
	<-f.woken
	p, err := r.pick()
	if p == nil || err != nil {
		t.Fatal(p, err)
	}
	rows := connectors.Rows{Partition: p.id}
	if err := r.fill.read(&chunks{r, p}, p, &rows, 100); err != nil || rows.N != 2 {
		t.Fatal(rows, err)
	}
	r.mu.Lock()
	if p.held != 0 {
		t.Fatalf("%d bytes held after all was read", p.held)
	}
	r.refused(p, kafkago.OffsetOutOfRange)
	if p.fetch != 2 || !p.drain {
		t.Errorf("moved to %d while it was read", p.fetch)
	}
	p.next, p.reading = rows.Next, false // as Read ends
	r.refused(p, kafkago.OffsetOutOfRange)
	if p.fetch != -1 {
		t.Errorf("still at %d", p.fetch)
	}
	r.fetchers[p.leader].interrupt()
	r.mu.Unlock()
	if rows, _ := f.collect(t, map[int32]int64{0: 2}, 10); len(rows) != 2 {
		t.Errorf("after it was moved to the earliest offset: %v", rows)
	}
}

// TestStaleMetadata: what kafka-go says of its own metadata passes.
func TestStaleMetadata(t *testing.T) {
	for _, err := range []error{protocol.NewErrNoTopic("t"), protocol.NewErrNoPartition("t", 1), protocol.NewErrNoLeader("t", 1)} {
		if !passing(fmt.Errorf("produce: %w", err)) || !passing(fetch.NewError(err)) {
			t.Errorf("%v is final", err)
		}
	}
	if passing(errors.New("topic not found")) {
		t.Error("any error passes")
	}
}
