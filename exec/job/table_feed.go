package job

import "github.com/dirigo-stream/dirigo/exec/batch"

// tablePart is what a group changes in one table: batches of its transactions
// in log order, each a record.
type tablePart struct {
	t       *table
	batches []*batch.Batch
	encoded [][]byte // nil: not yet
	base    int64
	next    int64
	bytes   int64 // of the records
}

// byTable sorts a group's changes by table and puts small ones together.
func byTable(group []*commitment) []*tablePart {
	var parts []*tablePart
	by := map[*table]*merger{}
	for _, c := range group {
		for _, ch := range c.parts {
			m := by[ch.t]
			if m == nil {
				m = &merger{part: &tablePart{t: ch.t}}
				by[ch.t] = m
				parts = append(parts, m.part)
			}
			for i, b := range ch.batches {
				m.add(b, ch.encoded[i])
			}
		}
	}
	for _, p := range parts {
		by[p.t].end()
	}
	return parts
}

// merger makes one batch of small ones that follow each other.
type merger struct {
	part  *tablePart
	small []*batch.Batch
	rows  int
	bytes int64
}

func (m *merger) add(b *batch.Batch, encoded []byte) {
	if encoded != nil {
		m.end()
		m.part.batches = append(m.part.batches, b)
		m.part.encoded = append(m.part.encoded, encoded)
		return
	}
	if m.rows+b.N > recordRows || m.bytes+b.Bytes() > recordBytes {
		m.end()
	}
	m.small = append(m.small, b)
	m.rows += b.N
	m.bytes += b.Bytes()
}

func (m *merger) end() {
	if len(m.small) == 0 {
		return
	}
	b := *m.small[0]
	if len(m.small) > 1 {
		b = *m.merge()
	}
	m.part.batches = append(m.part.batches, &b)
	m.part.encoded = append(m.part.encoded, nil)
	m.small, m.rows, m.bytes = nil, 0, 0
}

func (m *merger) merge() *batch.Batch {
	out := &batch.Batch{N: m.rows, Time: batch.MaxTime, Cols: make([]batch.Column, len(m.part.t.types))}
	for c, t := range m.part.t.types {
		col := batch.New(t.Kind, m.rows)
		for _, b := range m.small {
			for row := range b.N {
				batch.AppendFrom(col, b.Cols[c], row)
			}
		}
		out.Cols[c] = col
	}
	for _, b := range m.small {
		if b.Diff != nil && out.Diff == nil {
			out.Diff = make([]int64, 0, m.rows)
		}
	}
	if out.Diff != nil {
		for _, b := range m.small {
			for row := range b.N {
				out.Diff = append(out.Diff, b.DiffAt(row))
			}
		}
	}
	return out
}

// records numbers the row changes and returns them as records.
func (p *tablePart) records(group uint64, born int64) ([]logRecord, error) {
	p.t.mu.Lock()
	p.base = p.t.next
	p.t.mu.Unlock()
	p.next = p.base
	recs := make([]logRecord, 0, len(p.batches))
	for i, b := range p.batches {
		data := p.encoded[i]
		if data == nil {
			var err error
			if data, err = encodeRows(b); err != nil {
				return nil, err
			}
		}
		sealRecord(data, group, born)
		p.bytes += int64(len(data))
		recs = append(recs, logRecord{p.t.def.ID, p.next, data})
		fed := *b // a transaction's look-ups still read b
		fed.Born = born
		fed.Origin = &batch.Origin{Source: p.t.def.ID, Base: p.next}
		p.batches[i] = &fed
		p.next += int64(b.N)
	}
	return recs, nil
}

// show gives a durable group to the live readers of its tables, in one tick.
func (ts *tables) show(parts []*tablePart) (tick uint64) {
	c, now := ts.eng.clock, ts.eng.cfg.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	var ask []*feed
	for _, p := range parts {
		p.t.grow(p)
		if live := p.t.src.livePump(); live != nil {
			for _, b := range p.batches {
				b.Born = now // it is there for readers since it is durable
			}
			live.feed.appendAll(p.batches, p.next)
			live.decoded.Add(p.next - p.base)
			live.decodedBytes.Add(p.bytes)
			ask = append(ask, live.feed)
		}
		p.t.fed = p.next
	}
	if tick = c.cutLocked(ask, 0); tick == 0 {
		return c.last // nobody reads
	}
	return tick
}

// grow adds durable records to the table's index.
func (t *table) grow(p *tablePart) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := p.base
	for _, b := range p.batches {
		t.bases = append(t.bases, at)
		at += int64(b.N)
	}
	t.next = p.next
}

// appendAll adds batches of one partition and moves it to next, all at once: a
// reader's position is never between them.
func (f *feed) appendAll(batches []*batch.Batch, next int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := next
	for _, b := range batches {
		at -= int64(b.N)
	}
	for _, b := range batches {
		at += int64(b.N)
		f.src.observe(b, at)
		f.addLocked(entry{b: b, bytes: b.Bytes()})
		f.uncut++
		f.born = max(f.born, b.Born)
	}
	f.flowed = true
}
