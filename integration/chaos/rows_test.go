package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// event is one record that a test produced. Malformed ones are no JSON.
type event struct {
	id, k, v  int64
	ts        int64 // µs
	partition int
	offset    int64
	malformed bool
}

func (e event) json() string {
	if e.malformed {
		return fmt.Sprintf(`{"id":%d,"k":%d,"v":`, e.id, e.k)
	}
	return fmt.Sprintf(`{"id":%d,"k":%d,"v":%d,"ts":"%s"}`, e.id, e.k, e.v, stamp(e.ts))
}

func stamp(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05.000000")
}

// epoch0 is where event time begins: 2026-01-01.
var epoch0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

const second = int64(time.Second / time.Microsecond)

// columns of the streams over these events; the watermark runs 2 s behind.
const (
	columns = `id BIGINT, k BIGINT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2 seconds'`
	delay   = 2 * 1_000_000
)

// feeder appends events to a topic while the test does its worst, and
// remembers them. Event time goes on by about a second every 50 rows; some rows
// are out of order, a few far too late, a few malformed.
type feeder struct {
	b          *broker
	topic      string
	partitions int
	keys       int64
	rng        *rand.Rand
	pause      time.Duration // between batches
	quiet      map[int]bool  // partitions that get nothing now
	drift      int64         // rows after which the keys move on by one; 0: never

	mu              sync.Mutex
	events          []event
	next            []int64 // offset by partition
	clock           int64
	late, malformed int // rows of this kind so far
	drawn           int64
	stop            chan struct{}
	done            chan struct{}
}

func newFeeder(b *broker, topic string, partitions int, seed uint64) *feeder {
	b.topic(topic, partitions)
	return &feeder{
		b: b, topic: topic, partitions: partitions, keys: 37, clock: epoch0,
		rng: rand.New(rand.NewPCG(seed, 1)), next: make([]int64, partitions),
		pause: 5 * time.Millisecond, quiet: map[int]bool{},
	}
}

// run feeds until halt is called.
func (f *feeder) run() {
	f.stop, f.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(f.done)
		for {
			select {
			case <-f.stop:
				return
			case <-time.After(f.pause):
				f.feed(20 + f.rng.IntN(200))
			}
		}
	}()
}

func (f *feeder) halt() {
	close(f.stop)
	<-f.done
}

// feed appends n rows.
func (f *feeder) feed(n int) {
	byPartition := make([][]event, f.partitions)
	for range n {
		e := f.draw()
		byPartition[e.partition] = append(byPartition[e.partition], e)
	}
	for p, es := range byPartition {
		f.append(p, es)
	}
}

// append produces the events to one partition.
func (f *feeder) append(p int, es []event) {
	values := make([]string, len(es))
	for i, e := range es {
		values[i] = e.json()
	}
	for chunk := range slices.Chunk(values, 2000) {
		f.b.produce(f.topic, p, chunk...)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range es {
		e.partition, e.offset = p, f.next[p]
		f.next[p]++
		f.events = append(f.events, e)
	}
}

// draw makes up one event.
func (f *feeder) draw() event {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock += int64(f.rng.IntN(int(second / 25)))
	e := event{id: f.id(), k: f.key(), v: f.rng.Int64N(1000) - 300, ts: f.clock}
	switch x := f.rng.IntN(200); {
	case x == 0 && f.spare(&f.malformed):
		e.malformed = true
	case x < 4 && f.spare(&f.late):
		e.ts -= 4*second + f.rng.Int64N(60*second) // too late
	case x < 80:
		e.ts -= f.rng.Int64N(second)
	}
	for e.partition = f.rng.IntN(f.partitions); f.quiet[e.partition]; {
		e.partition = f.rng.IntN(f.partitions)
	}
	return e
}

// key draws one of the keys; with a drift their range moves, so that no key has
// ever more rows.
func (f *feeder) key() int64 {
	k := f.rng.Int64N(f.keys)
	if f.drift > 0 {
		f.drawn++
		k += f.drawn / f.drift
	}
	return k
}

// kept is how many rejected rows of one operator and partition dirigo_rejected
// keeps.
const kept = 10_000

// spare says whether one more row may be rejected, of those counted by n: they
// become rare where a long run would make more than are kept.
func (f *feeder) spare(n *int) bool {
	if *n > kept/4 && f.rng.IntN(*n/20) > 0 || *n >= kept*9/10 {
		return false
	}
	*n++
	return true
}

var (
	idMu   sync.Mutex
	lastID int64
)

func (f *feeder) id() int64 {
	idMu.Lock()
	defer idMu.Unlock()
	lastID++
	return lastID
}

// fed returns the events so far.
func (f *feeder) fed() []event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]event(nil), f.events...)
}

// close moves event time of every partition far ahead, so that all windows of
// the rows so far close.
func (f *feeder) close() {
	f.mu.Lock()
	f.clock += 3600 * second
	at := f.clock
	f.mu.Unlock()
	for p := range f.partitions {
		f.append(p, []event{{id: f.id(), k: 0, v: 0, ts: at}})
	}
}
