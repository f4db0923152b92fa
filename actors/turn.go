package actors

// Host is what stands behind a Turn: it sends what a behavior emits.
type Host[P any] interface {
	Emit(out, dest int, p P, m Meta)
	Punct(p Punct)
}

// Turn is an actor's hold on a worker during one call.
type Turn[P any] struct {
	host Host[P]
	fuel int
	now  int64
	told bool
	read int // rows
}

// NewTurn returns a Turn for one call that begins at now (Unix ns).
func NewTurn[P any](h Host[P], fuel int, now int64) *Turn[P] {
	return &Turn[P]{host: h, fuel: fuel, now: now}
}

// Emit sends a frozen payload on channel dest of output port out.
func (t *Turn[P]) Emit(out, dest int, p P, m Meta) {
	t.fuel -= m.Rows
	t.host.Emit(out, dest, p, m)
}

// Fuel returns how many rows the call may still emit; it may become negative.
func (t *Turn[P]) Fuel() int { return t.fuel }

// Punct sends a Punct on every output channel; only Pollers do it themselves.
func (t *Turn[P]) Punct(p Punct) { t.host.Punct(p) }

// Told says that a goroutine outside the runtime waits for what the call has
// given it: the worker ends the turn and lets it run.
func (t *Turn[P]) Told() { t.told = true }

// Read says that a Poll has run so many rows of what the Poller reads: what that
// takes is a cost like a message's.
func (t *Turn[P]) Read(rows int) { t.read += rows }

// Now returns the clock at the start of the call, Unix ns.
func (t *Turn[P]) Now() int64 { return t.now }
