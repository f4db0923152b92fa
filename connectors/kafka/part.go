package kafka

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/connectors"
)

// part is one assigned partition. Fields are under reader.mu, except scan,
// which belongs to whoever calls Read.
type part struct {
	id     int32
	leader int32 // broker that leads it; -1: to be found out
	start  connectors.Start
	// asked counts assignments: an answer to a fetch of an earlier one is dropped.
	asked int
	// fetch is the offset to fetch from next, -1 until start is resolved; next
	// the offset that Read goes on from, -1 likewise.
	fetch, next int64
	high        int64 // as of the last answer; -1: none yet
	limit       int   // bytes to ask for; grows where not one batch fits in
	chunks      []chunk
	held        int // bytes fetched and not read yet
	inFlight    bool
	drain       bool   // fetch no more until all that is held has been read
	reading     bool   // a Read is at it and will say how far it came: nobody else moves next
	queued      bool   // in reader.ready
	problem     string // what is retried; "": all is well
	lost        error  // final
	scan        scan
}

// chunk is one answer's records of one partition.
type chunk struct {
	data    []byte // from the buffer pool
	aborted []abortedTxn
}

func (p *part) reset(start connectors.Start) {
	p.asked++
	p.start, p.fetch, p.next, p.high = start, -1, -1, -1
	if start >= 0 {
		p.fetch, p.next = int64(start), int64(start)
	}
	for _, c := range p.chunks {
		giveBuffer(c.data)
	}
	p.chunks, p.held, p.drain, p.lost, p.problem = nil, 0, false, nil, ""
}

// hungry says whether to fetch more: half of what one answer brings is read.
func (p *part) hungry(limit int) bool {
	if p.drain {
		limit = 0
	}
	return p.lost == nil && !p.inFlight && p.held <= limit/2
}

func (p *part) atHigh() bool {
	return p.high >= 0 && p.held == 0 && p.next >= p.high && p.problem == ""
}

// take handles one partition of an answer and says whether there is something
// for Read now. Called with reader.mu held.
func (p *part) take(a *fetchPartition, committed bool) (news bool, err error) {
	high := a.HighWatermark
	if committed && a.LastStableOffset >= 0 {
		high = a.LastStableOffset
	}
	was := p.atHigh()
	p.drain = false
	if p.high = high; len(a.Records.data) == 0 {
		if p.fetch > a.HighWatermark {
			// A new leader may not have caught up yet, or the topic was made anew.
			p.problem = fmt.Sprintf("partition %d: it ends at offset %d, before %d, from where it is to be read", p.id, a.HighWatermark, p.fetch)
		}
		return p.atHigh() && !was, nil
	}
	end, err := endOf(a.Records.data, p.fetch)
	if err != nil {
		return true, fmt.Errorf("partition %d, from offset %d: %w", p.id, p.fetch, err)
	}
	if end <= p.fetch { // not one whole batch
		giveBuffer(a.Records.data)
		if p.limit >= maxRecords/2 {
			return true, fmt.Errorf("partition %d, from offset %d: a record batch above %d MB", p.id, p.fetch, p.limit>>20)
		}
		p.limit *= 2
		return false, nil
	}
	p.fetch = end
	p.chunks = append(p.chunks, chunk{data: a.Records.data, aborted: a.AbortedTransactions})
	p.held += len(a.Records.data)
	return true, nil
}
