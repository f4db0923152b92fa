package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Under load a heap of a few megabytes that is filled a thousand times a second
// would be collected all the time: there the next collection waits until the
// heap has reached a floor. Else no more is kept than twice what is needed. What
// load is is measured where it matters, at each collection, so that nothing has to
// tick. A heap above the floor is mostly state, flat arrays that the collector need
// not look into: collecting it costs little, and room as large as itself would be
// memory for nothing.
const (
	heapFloor = 256 << 20
	// leastFloor is the floor where state is to take next to nothing.
	leastFloor = 64 << 20
	// busyRate is the allocation, in bytes per second, that is load: below it a
	// heap of 10 MB is collected three times a second, which costs next to nothing.
	busyRate = 32 << 20
	// busyFor is the least time over which the rate is taken: a start, or a thousand
	// clients that connect, are no load.
	busyFor = 250 * time.Millisecond
	// calmPercent is what the runtime's own default is.
	calmPercent = 100
	// largePercent is what is left to a heap far above the floor.
	largePercent = 30
	// scanned is how many bytes may be filled for each that the collector looks
	// into: that bounds its part of the processors.
	scanned = 2
)

// collector sets the garbage collector's target anew after each collection.
type collector struct {
	floor int64 // bytes
	set   func(percent int)
	heap  func() heap
	now   func() time.Time

	since     time.Time // when the time began over which the rate is taken
	allocated uint64    // until then
	busy      bool
}

// heap is sizes in bytes: what was live at the last collection, the part of it that
// the collector had to look into, and all that was ever allocated.
type heap struct{ live, scan, allocated uint64 }

// tuneCollector sets up the garbage collector, unless GOGC does; and a limit of
// nine tenths of the memory that there is, unless GOMEMLIMIT does. memory is what
// state may take, in bytes; 0: no limit.
func tuneCollector(memory int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		if total := memoryThere(); total > 0 {
			debug.SetMemoryLimit(total / 10 * 9)
		}
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	c := &collector{
		floor: floorFor(memory), set: func(percent int) { debug.SetGCPercent(percent) }, heap: readHeap, now: time.Now, since: time.Now(),
	}
	inForce.Store(4 * calmPercent)
	debug.SetGCPercent(4 * calmPercent) // a start allocates more than it keeps
	c.arm()
}

// started ends what tuneCollector allows a start.
func started() {
	if os.Getenv("GOGC") == "" {
		inForce.Store(calmPercent)
		debug.SetGCPercent(calmPercent)
	}
}

// floorFor returns the floor of a process whose state may take so much: who
// bounds it wants a small process.
func floorFor(memory int64) int64 {
	if memory <= 0 {
		return heapFloor
	}
	return min(max(2*memory, leastFloor), heapFloor)
}

// sentinel is garbage: it is found at the next collection.
type sentinel struct{ _ *int }

func (c *collector) arm() {
	runtime.SetFinalizer(&sentinel{}, func(*sentinel) {
		c.collected()
		c.arm()
	})
}

// collected is called after each collection.
func (c *collector) collected() {
	now := c.now()
	h := c.heap()
	if took := now.Sub(c.since); took >= busyFor {
		c.busy = float64(h.allocated-c.allocated) >= busyRate*took.Seconds()
		c.since, c.allocated = now, h.allocated
	}
	percent := percentFor(int64(h.live), int64(h.scan), c.floor, c.busy)
	if last := int(inForce.Load()); abs(percent-last) <= last/16 {
		return // setting it stops the world
	}
	inForce.Store(int64(percent))
	c.set(percent)
}

// inForce is the percentage that was set last: of the process, as what it says is.
var inForce atomic.Int64

func abs(n int) int { return max(n, -n) }

// percentFor returns the growth, in percent of what is live, at which the next
// collection begins.
func percentFor(live, scan, floor int64, busy bool) int {
	if live > floor {
		room := max(floor, live*largePercent/100, scanned*scan)
		return int((min(room, live)*100 + live/2) / live)
	}
	if !busy || live >= floor/2 {
		return calmPercent
	}
	live = max(live, 1<<20)
	return int((floor - live) * 100 / live)
}

func readHeap() (h heap) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	for i, x := range []*uint64{&h.live, &h.scan, &h.allocated} {
		if s[i].Value.Kind() == metrics.KindUint64 {
			*x = s[i].Value.Uint64()
		}
	}
	return h
}

// memoryThere returns the memory, in bytes, that this process may use: the
// machine's or its control group's; 0: unknown.
func memoryThere() int64 {
	least := int64(0)
	consider := func(n int64) {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		if fields := strings.Fields(string(data)); len(fields) > 1 && fields[0] == "MemTotal:" {
			kb, _ := strconv.ParseInt(fields[1], 10, 64)
			consider(kb << 10)
		}
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if data, err := os.ReadFile(path); err == nil {
			n, _ := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
			consider(n)
		}
	}
	return least
}
