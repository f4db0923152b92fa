package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
)

// reader implements connectors.Reader.
//
// One goroutine per broker that leads an assigned partition fetches (fetcher);
// while a leader is to be found out, one more runs (route). They hand over raw
// record batches; Read unpacks and decodes them in its caller's turn. Fetching
// stops while fetchBytes are held, and a partition is left out while more than
// half an answer of it is.
type reader struct {
	src     *source
	wake    func()
	ctx     context.Context
	cancel  context.CancelFunc
	decoder decoder
	fill    filler

	mu       sync.Mutex
	parts    map[int32]*part
	ready    []*part // with something to read, in the order of arrival
	fetchers map[int32]*fetcher
	held     int
	fetches  int // requests made
	routing  bool
	failures int // in a row
	problem  string
	sick     bool // as Status told last
	closed   bool
}

func newReader(s *source, wake func()) (*reader, error) {
	d, err := s.decoder()
	if err != nil {
		return nil, err
	}
	r := &reader{src: s, wake: wake, decoder: d, parts: make(map[int32]*part), fetchers: make(map[int32]*fetcher)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.fill = filler{src: s}
	r.fill.rows, _ = d.(*codec.JSONDecoder)
	r.fill.changes, _ = d.(codec.ChangeDecoder)
	r.Demand(slices.Repeat([]bool{true}, len(s.spec.Columns)))
	return r, nil
}

// Demand implements connectors.Reader. The key of changes is always read: it
// says whether an update moves a row.
func (r *reader) Demand(columns []bool) {
	columns = slices.Clone(columns)
	if r.fill.changes != nil {
		for _, k := range r.src.spec.Key {
			columns[k] = true
		}
	}
	r.decoder.Demand(columns)
	r.fill.demand = columns
	r.fill.sizes = make([]int, len(columns))
}

// Assign implements connectors.Reader.
func (r *reader) Assign(partition int32, from connectors.Start) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.parts[partition]
	if p == nil {
		p = &part{id: partition, leader: -1, limit: r.src.partBytes}
		r.parts[partition] = p
	}
	r.held -= p.held
	p.reset(from)
	p.scan.drop()
	if p.leader < 0 {
		r.startRouting()
	} else if f := r.fetchers[p.leader]; f != nil {
		f.interrupt()
	}
}

// Read implements connectors.Reader.
func (r *reader) Read(rows *connectors.Rows, limit int) (bool, error) {
	p, err := r.pick()
	if p == nil || err != nil {
		return false, err
	}
	*rows = connectors.Rows{Partition: p.id}
	from := p.next
	err = r.fill.read(&chunks{r, p}, p, rows, limit)
	r.mu.Lock()
	defer r.mu.Unlock()
	p.reading = false
	if err != nil {
		p.lost = fmt.Errorf("read topic %s partition %d: %w", r.src.topic, p.id, err)
		return false, p.lost
	}
	p.next = max(from, rows.Next)
	if p.scan.some() || len(p.chunks) > 0 {
		r.enqueue(p)
	}
	return rows.Next > from || rows.N > 0, nil
}

// pick takes the next partition with something to read.
func (r *reader) pick() (*part, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.ready) > 0 {
		p := r.ready[0]
		r.ready = r.ready[1:]
		p.queued = false
		if p.lost != nil {
			r.enqueue(p) // it stays lost until it is assigned anew
			return nil, p.lost
		}
		if p.scan.some() || len(p.chunks) > 0 {
			p.reading = true
			return p, nil
		}
	}
	return nil, nil
}

// enqueue makes p ready and reports whether nothing was before.
func (r *reader) enqueue(p *part) bool {
	if p.queued {
		return false
	}
	p.queued = true
	r.ready = append(r.ready, p)
	return len(r.ready) == 1
}

// chunks is how filler gets at the records of one partition.
type chunks struct {
	*reader
	*part
}

// next takes the next chunk, if one has been fetched.
func (c *chunks) next() (chunk, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.chunks) == 0 {
		return chunk{}, false
	}
	x := c.chunks[0]
	c.chunks = slices.Delete(c.chunks, 0, 1)
	return x, true
}

// used gives back the credit of n bytes, and wakes the fetcher where that makes
// room.
func (c *chunks) used(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sated, full := !c.hungry(c.limit), c.reader.held >= c.src.fetchBytes
	c.part.held -= n
	c.reader.held -= n
	if full && c.reader.held < c.src.fetchBytes {
		for _, f := range c.fetchers {
			f.kick()
		}
	} else if f := c.fetchers[c.leader]; f != nil && sated && c.hungry(c.limit) {
		f.kick()
	}
}

// Status implements connectors.Reader.
func (r *reader) Status() connectors.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := connectors.Status{Error: r.problem, Partitions: make([]connectors.PartitionStatus, 0, len(r.parts))}
	for _, p := range r.parts {
		s := connectors.PartitionStatus{Partition: p.id, Next: p.next, High: p.high, AtHigh: p.atHigh()}
		st.Partitions = append(st.Partitions, s)
		if p.lost != nil {
			st.Error = p.lost.Error()
		} else if st.Error == "" {
			st.Error = p.problem
		}
	}
	slices.SortFunc(st.Partitions, func(a, b connectors.PartitionStatus) int { return int(a.Partition) - int(b.Partition) })
	return st
}

// turned says whether Status has begun or ceased to show an error since it was
// asked last: whoever shows it is to be woken. r.mu is held.
func (r *reader) turned() bool {
	sick := r.problem != ""
	for _, p := range r.parts {
		sick = sick || p.problem != "" || p.lost != nil
	}
	was := r.sick
	r.sick = sick
	return sick != was
}

// Close implements connectors.Reader.
func (r *reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.cancel()
	return nil
}
