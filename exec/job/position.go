package job

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// position is how far one partition of a source has been read by somebody, with
// what the reader must remember of it. Manifests hold the query's own.
type position struct {
	Partition int32 `json:"p"`
	Next      int64 `json:"n"`           // the next offset to read
	Max       int64 `json:"m"`           // largest event time so far, µs; batch.MinTime: none
	Idle      bool  `json:"i,omitempty"` // does not hold the watermark back
	// Floor is where idleness had moved the watermark when the partition came
	// back: rows below it are late_after_idle, until the partition's own time
	// has passed it.
	Floor int64 `json:"f,omitempty"`
	// Low is the watermark that the reader had come to, kept as Floor is: where
	// all partitions are idle their times do not say it.
	Low int64 `json:"l,omitempty"`
}

// noFloor is the Floor of a partition that never was idle. Event times are
// offset by one so that the zero value of a stored position means it.
const noFloor = 0

// note is an in-band decision about a partition, in a feed before the rows that
// it concerns. It is durable before it is there.
type note struct {
	Kind      string     `json:"kind"` // idle, active, added, advance
	Partition int32      `json:"p"`
	Next      int64      `json:"n"` // of the partition, when it took effect
	Watermark int64      `json:"w"` // the source's, then
	Positions []position `json:"at"`
}

// marker marks late rows and keeps the event time of the partitions that one
// reader reads. A row is late by how far it lies below its own partition's
// watermark at its offset: a function of the log and of where reading began.
type marker struct {
	time  int // column of event time; -1: none
	delay int64
	parts []position // by partition, increasing
	low   int64      // the watermark so far: it never goes back
}

// newMarker returns a marker that goes on from the given positions.
func newMarker(def *SourceDef, from []position) *marker {
	m := &marker{time: def.Watermark, delay: def.Delay, parts: clonePositions(from), low: batch.MinTime}
	for i := range m.parts {
		if low := m.parts[i].Low; low != noFloor {
			m.low = max(m.low, low-1)
		}
	}
	m.watermark()
	return m
}

// at returns the position of a partition, added if it is new.
func (m *marker) at(p int32) *position {
	i := 0
	for ; i < len(m.parts) && m.parts[i].Partition < p; i++ {
	}
	if i == len(m.parts) || m.parts[i].Partition != p {
		m.parts = append(m.parts, position{})
		copy(m.parts[i+1:], m.parts[i:])
		m.parts[i] = position{Partition: p, Max: batch.MinTime}
	}
	return &m.parts[i]
}

// observe moves the partition's event time over the batch, marking nothing.
func (m *marker) observe(b *batch.Batch, next int64) {
	p := m.at(b.Origin.Partition)
	p.Next = next
	if m.time < 0 || b.N == 0 {
		return
	}
	if times, ok := b.Cols[m.time].(*batch.Vec[int64]); ok {
		for i, t := range times.Data {
			if t > p.Max && (times.Null == nil || !times.Null[i]) {
				p.Max = t
			}
		}
	}
	if p.Floor != noFloor && lowest(p.Max, m.delay) >= p.Floor-1 {
		p.Floor = noFloor
	}
}

// mark moves the partition's event time over the batch and returns it with the
// late rows marked: b itself where none is.
func (m *marker) mark(b *batch.Batch) *batch.Batch {
	if m.time < 0 || b.Origin == nil {
		return b
	}
	p := m.at(b.Origin.Partition)
	times, ok := b.Cols[m.time].(*batch.Vec[int64])
	if !ok {
		return b
	}
	var late []int64
	top := p.Max
	low := lowest(top, m.delay)
	for i, t := range times.Data {
		if t > top {
			if times.Null == nil || !times.Null[i] {
				top = t
				low = lowest(top, m.delay)
			}
			continue
		}
		if t < low && (times.Null == nil || !times.Null[i]) {
			if late == nil {
				late = make([]int64, b.N)
			}
			late[i] = low - t
		}
	}
	if p.Floor != noFloor {
		late = m.belowFloor(p, times, top, late)
	}
	p.Max = top
	if late == nil {
		return b
	}
	marked := *b
	marked.Late = late
	return &marked
}

// belowFloor marks the rows behind time that idleness moved; such a mark is
// negative, to tell the reason apart.
func (m *marker) belowFloor(p *position, times *batch.Vec[int64], top int64, late []int64) []int64 {
	floor := p.Floor - 1
	for i, t := range times.Data {
		if t >= floor || (times.Null != nil && times.Null[i]) || (late != nil && late[i] > 0) {
			continue
		}
		if late == nil {
			late = make([]int64, len(times.Data))
		}
		late[i] = t - floor
	}
	if lowest(top, m.delay) >= floor {
		p.Floor = noFloor
	}
	return late
}

// lowest is the watermark of a partition with that largest event time.
func lowest(top, delay int64) int64 {
	if top == batch.MinTime {
		return batch.MinTime
	}
	return top - delay
}

// watermark is the least over the partitions that are not idle. Where all are,
// it stays where it was.
func (m *marker) watermark() int64 {
	if m.time < 0 {
		return batch.MaxTime
	}
	least, found := int64(math.MaxInt64), false
	for i := range m.parts {
		if p := &m.parts[i]; !p.Idle {
			found = true
			at := lowest(p.Max, m.delay)
			if p.Floor != noFloor { // what lies below is rejected
				at = max(at, p.Floor-1)
			}
			least = min(least, at)
		}
	}
	if found && least > m.low {
		m.low = least
	}
	return m.low
}

// apply takes a decision about a partition into account.
func (m *marker) apply(n *note) {
	p := m.at(n.Partition)
	switch n.Kind {
	case "idle":
		m.watermark() // what its rows have moved so far stays, should all be idle
		p.Idle = true
	case "active":
		p.Idle = false
		p.Floor = floorOf(n.Watermark)
	case "added":
		p.Next = max(p.Next, n.Next)
		p.Floor = floorOf(n.Watermark)
	}
}

// floorOf is the Floor for a watermark; nothing lies behind one that has not
// begun.
func floorOf(watermark int64) int64 {
	if watermark == batch.MinTime || watermark == batch.MaxTime {
		return noFloor
	}
	return watermark + 1
}

// next returns the next offset of a partition, 0 of one that is not known.
func (m *marker) next(partition int32) int64 {
	for i := range m.parts {
		if m.parts[i].Partition == partition {
			return m.parts[i].Next
		}
	}
	return 0
}

func clonePositions(ps []position) []position { return append([]position(nil), ps...) }

// samePlace says whether two readers stand at the same offsets.
func samePlace(a, b []position) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Partition != b[i].Partition || a[i].Next != b[i].Next {
			return false
		}
	}
	return true
}
