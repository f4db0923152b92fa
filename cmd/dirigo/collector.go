package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// Under load a heap of a few megabytes that is filled a thousand times a second
// would be collected all the time: there the next collection waits until the
// heap has reached a floor. Else no more is kept than twice what is needed. What
// load is is measured where it matters, at each collection, so that nothing has to
// tick.
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
)

// collector sets the garbage collector's target anew after each collection.
type collector struct {
	floor int64 // bytes
	set   func(percent int)
	heap  func() (live, allocated uint64) // after the last collection; ever; bytes
	now   func() time.Time

	since     time.Time // when the time began over which the rate is taken
	allocated uint64    // until then
	busy      bool
}

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
	debug.SetGCPercent(4 * calmPercent) // a start allocates more than it keeps
	c.arm()
}

// started ends what tuneCollector allows a start.
func started() {
	if os.Getenv("GOGC") == "" {
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
	live, allocated := c.heap()
	if took := now.Sub(c.since); took >= busyFor {
		c.busy = float64(allocated-c.allocated) >= busyRate*took.Seconds()
		c.since, c.allocated = now, allocated
	}
	c.set(percentFor(int64(live), c.floor, c.busy))
}

// percentFor returns the growth, in percent of what is live, at which the next
// collection begins.
func percentFor(live, floor int64, busy bool) int {
	if !busy || live >= floor/2 {
		return calmPercent
	}
	live = max(live, 1<<20)
	return int((floor - live) * 100 / live)
}

func readHeap() (live, allocated uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	for i, x := range []*uint64{&live, &allocated} {
		if s[i].Value.Kind() == metrics.KindUint64 {
			*x = s[i].Value.Uint64()
		}
	}
	return live, allocated
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
