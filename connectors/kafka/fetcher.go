package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/dirigo-stream/dirigo/connectors"
)

const (
	// longPoll is how long a broker may keep a fetch that finds nothing.
	longPoll = 5 * time.Second
	// grace is how much longer we wait for its answer.
	grace = 15 * time.Second
	// recheck is how soon partitions without news are asked again while another
	// one is left out because enough of it is held: a long poll would keep that
	// one waiting after it has been read.
	recheck = 10 * time.Millisecond
)

// fetcher fetches all partitions of one reader that one broker leads.
type fetcher struct {
	r      *reader
	broker int32
	kicked chan struct{}
	stop   context.CancelFunc // of the request in flight; under r.mu
}

// kick makes a fetcher that waits for credit look again.
func (f *fetcher) kick() {
	select {
	case f.kicked <- struct{}{}:
	default:
	}
}

// interrupt also ends a long poll: it does not ask for what has come up. r.mu
// is held.
func (f *fetcher) interrupt() {
	if f.stop != nil {
		f.stop()
	}
	f.kick()
}

// plan is one request.
type plan struct {
	ctx    context.Context
	parts  []*part
	asked  []int // part.asked when the request was made
	whole  bool  // no partition was left out
	starts []*part
	req    *fetch.Request
}

func (f *fetcher) run() {
	for {
		pl, live := f.plan()
		switch {
		case !live:
			return
		case len(pl.starts) > 0:
			f.resolve(pl)
			continue
		case len(pl.parts) == 0:
			if !f.wait(0) {
				return
			}
			continue
		}
		res, err := f.r.src.cluster.transport.RoundTrip(pl.ctx, f.r.src.cluster.addr, pl.req)
		answer, _ := res.(*fetchResponse)
		if err == nil && answer.ErrorCode != 0 {
			err = kafkago.Error(answer.ErrorCode)
		}
		if !f.deliver(pl, answer, err) && !pl.whole && !f.wait(recheck) {
			return
		}
	}
}

// wait waits for a kick, or, where d is not 0, for d.
func (f *fetcher) wait(d time.Duration) bool {
	var timeout <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-f.kicked:
	case <-timeout:
	case <-f.r.ctx.Done():
		return false
	}
	return true
}

// plan says what to ask for now; live is false when the fetcher is to end.
func (f *fetcher) plan() (pl plan, live bool) {
	r := f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	f.stop = nil
	mine := 0
	room := r.src.fetchBytes - r.held
	for _, p := range r.parts {
		switch {
		case p.leader != f.broker:
			continue
		case p.fetch < 0 && p.lost == nil:
			pl.starts = append(pl.starts, p)
		case p.hungry(p.limit) && room > 0:
			pl.parts = append(pl.parts, p)
			pl.asked = append(pl.asked, p.asked)
		}
		mine++
	}
	if mine == 0 || r.closed {
		delete(r.fetchers, f.broker)
		return pl, false
	}
	if len(pl.starts)+len(pl.parts) == 0 {
		return pl, true
	}
	ctx, cancel := context.WithCancel(r.ctx)
	pl.ctx, f.stop = deadlined{ctx, time.Now().Add(longPoll + grace)}, cancel
	if len(pl.starts) > 0 {
		pl.asked = pl.asked[:0]
		for _, p := range pl.starts {
			pl.asked = append(pl.asked, p.asked)
		}
		return pl, true
	}
	r.fetches++
	pl.whole = len(pl.parts) == mine
	pl.req = r.request(pl, room)
	return pl, true
}

// request builds the fetch of a plan and marks its partitions as in flight.
func (r *reader) request(pl plan, room int) *fetch.Request {
	req := &fetch.Request{ReplicaID: -1, MinBytes: 1, MaxBytes: int32(max(room, 1)), SessionEpoch: -1}
	if pl.whole && !slices.ContainsFunc(pl.parts, func(p *part) bool { return p.high < 0 }) {
		req.MaxWaitTime = int32(longPoll / time.Millisecond) // the first answer is wanted at once: it tells the end
	}
	if r.src.committed {
		req.IsolationLevel = 1
	}
	list := make([]fetch.RequestPartition, len(pl.parts))
	for i, p := range pl.parts {
		p.inFlight = true
		list[i] = fetch.RequestPartition{
			Partition: p.id, CurrentLeaderEpoch: -1, FetchOffset: p.fetch, LogStartOffset: -1, PartitionMaxBytes: int32(p.limit),
		}
	}
	req.Topics = []fetch.RequestTopic{{Topic: r.src.topic, Partitions: list}}
	return req
}

// deadlined is a context whose deadline sets the socket's, but needs no timer.
type deadlined struct {
	context.Context
	at time.Time
}

// Deadline implements context.Context.
func (d deadlined) Deadline() (time.Time, bool) { return d.at, true }

// deliver takes an answer, or what came instead, and reports whether it brought
// anything.
func (f *fetcher) deliver(pl plan, answer *fetchResponse, err error) bool {
	r := f.r
	r.mu.Lock()
	interrupted := pl.ctx.Err() != nil
	f.stop()
	news, wake := false, false
	for i, p := range pl.parts {
		p.inFlight = false
		if err != nil && !interrupted && p.asked == pl.asked[i] {
			r.astray(p, err)
		}
	}
	if err == nil {
		news, wake = f.takeAll(pl, answer)
	} else if !interrupted {
		r.failures++
	}
	wake = r.turned() || wake
	r.mu.Unlock()
	if wake {
		r.wake()
	}
	return news
}

// takeAll hands each partition of an answer its own. r.mu is held.
func (f *fetcher) takeAll(pl plan, answer *fetchResponse) (news, wake bool) {
	r := f.r
	for t := range answer.Topics {
		for i := range answer.Topics[t].Partitions {
			a := &answer.Topics[t].Partitions[i]
			p := pl.find(a.Partition)
			if p == nil { // assigned anew meanwhile
				giveBuffer(a.Records.data)
				continue
			}
			if a.ErrorCode != 0 {
				wake = r.refused(p, kafkago.Error(a.ErrorCode)) || wake
				continue
			}
			r.failures, r.problem, p.problem = 0, "", ""
			before := p.held
			some, err := p.take(a, r.src.committed)
			if err != nil {
				p.lost = fmt.Errorf("read topic %s %w", r.src.topic, err)
			}
			r.held += p.held - before
			if p.held > 0 || p.lost != nil {
				r.enqueue(p)
			}
			news = news || p.held > before
			wake = wake || some
		}
	}
	return news, wake
}

func (pl *plan) find(id int32) *part {
	for i, p := range pl.parts {
		if p.id == id && p.asked == pl.asked[i] {
			return p
		}
	}
	return nil
}

// astray makes p look for its leader again after err. r.mu is held.
func (r *reader) astray(p *part, err error) {
	p.leader = -1
	p.problem = fmt.Sprintf("topic %s partition %d: %v", r.src.topic, p.id, err)
	r.startRouting()
}

// refused handles a partition's own error and says whether Read must hear of it.
// r.mu is held.
func (r *reader) refused(p *part, err error) bool {
	if !errors.Is(err, kafkago.OffsetOutOfRange) {
		r.failures++
		r.astray(p, err)
		return false
	}
	switch {
	case p.held > 0 || p.reading: // what was fetched before comes first
		p.drain = true
	case r.src.onDataLoss == "earliest":
		p.start, p.fetch = connectors.Earliest, -1
	case r.src.onDataLoss == "latest":
		p.start, p.fetch = connectors.Latest, -1
	default:
		p.lost = fmt.Errorf("read topic %s partition %d: the records from offset %d on are not there any more (retention, or a topic made anew); "+
			"to go on without them, set on_data_loss to 'earliest' or 'latest'", r.src.topic, p.id, p.fetch)
		r.enqueue(p)
		return true
	}
	return false
}

// resolve turns symbolic starts into offsets.
func (f *fetcher) resolve(pl plan) {
	r := f.r
	ids := make([]int32, len(pl.starts))
	for i, p := range pl.starts {
		ids[i] = p.id
	}
	bounds, err := r.src.cluster.offsets(pl.ctx, r.src.topic, ids, r.src.committed)
	r.mu.Lock()
	defer r.mu.Unlock()
	interrupted := pl.ctx.Err() != nil
	f.stop()
	if err != nil && !interrupted {
		r.failures++
	}
	for i, p := range pl.starts {
		switch {
		case p.asked != pl.asked[i]:
		case err == nil:
			at := bounds[p.id][0]
			if p.start == connectors.Latest {
				at = bounds[p.id][1]
			}
			p.fetch, p.next = at, at
		case !interrupted:
			r.astray(p, err)
		}
	}
}
