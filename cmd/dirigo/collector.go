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
// heap has reached heapFloor. An idle server keeps no more than twice what it
// needs. What load is is measured where it matters, at each collection, so that
// nothing has to tick.
const (
	heapFloor = 256 << 20
	// busyWithin is how soon a collection follows another one under load.
	busyWithin = 2 * time.Second
	// calmPercent is what the runtime's own default is.
	calmPercent = 100
)

// collector sets the garbage collector's target anew after each collection.
type collector struct {
	set  func(percent int)
	live func() uint64 // heap in use after the last collection, bytes
	now  func() time.Time
	last time.Time
}

// tuneCollector sets up the garbage collector, unless GOGC does; and a limit of
// nine tenths of the memory that there is, unless GOMEMLIMIT does.
func tuneCollector() {
	if os.Getenv("GOMEMLIMIT") == "" {
		if total := memoryThere(); total > 0 {
			debug.SetMemoryLimit(total / 10 * 9)
		}
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	c := &collector{
		set: func(percent int) { debug.SetGCPercent(percent) }, live: liveHeap, now: time.Now, last: time.Now(),
	}
	debug.SetGCPercent(4 * calmPercent) // a start allocates more than it keeps
	c.arm()
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
	busy := now.Sub(c.last) < busyWithin
	c.last = now
	c.set(percentFor(c.live(), busy))
}

// percentFor returns the growth, in percent of what is live, at which the next
// collection begins.
func percentFor(live uint64, busy bool) int {
	if !busy || live >= heapFloor/2 {
		return calmPercent
	}
	live = max(live, 1<<20)
	return int((heapFloor - live) * 100 / live)
}

func liveHeap() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
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
