package actors

import "golang.org/x/sys/unix"

// workerSlice is the time, in ns, that the system is asked to give a worker's thread
// at a stretch. A thread with a shorter slice than the running one's gets a core when
// it wakes; else it waits for a tick of up to 4 ms. It goes on computing as long as
// nobody waits for the core.
const workerSlice = 100_000

// shortSlice asks for workerSlice for this thread, and leaves its class and niceness
// as they are; restore takes it back. Systems before Linux 6.12 do not know it and go
// on as they did.
func shortSlice() (restore func()) {
	a, err := unix.SchedGetAttr(0, 0)
	if err != nil || a.Policy != unix.SCHED_NORMAL {
		return func() {}
	}
	was := a.Runtime
	set := func(slice uint64) {
		a.Runtime = slice
		_ = unix.SchedSetAttr(0, a, 0) // who forbids it has their reasons
	}
	set(workerSlice)
	return func() { set(was) }
}
