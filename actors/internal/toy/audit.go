package toy

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/actors"
)

// Books are what an outsider notes of what actors send, run, merge and pass on,
// to judge the mailbox's guarantees while they run. The letters are those by which
// complaints name them:
//
//   - O1: what was admitted before due work is merged before it, once;
//   - O2: due work runs when every input has passed;
//   - O3: what came after a tick or a Seal runs after its due work;
//   - O4: a Punct leaves after all before it, and due work is judged by what was
//     admitted, wherever it landed;
//   - calls: nothing comes between a call and its Resumes, or after a passivation.
//
// (That only mergeable work is lent, O5, shows in results.)
type Books struct {
	mu  sync.Mutex
	err error
}

// Err returns the first complaint.
func (k *Books) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

func (k *Books) wrong(l *ledger, rule, format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.err = fmt.Errorf("%s: actor %d/%d: %s", rule, l.at.vertex, l.at.instance, fmt.Sprintf(format, args...))
	}
}

// ledger is the page of one actor. Batches are counted by the last tick that their
// sender had passed on before: they belong to one after it.
type ledger struct {
	books  *Books
	at     place
	above  []*ledger
	passed atomic.Uint64

	mu      sync.Mutex
	sent    []tally
	covered uint64 // tick of the last Advance
	least   int64  // of what came before it and was not covered
	mid     bool   // the last call has more to emit
	away    int    // batches that lessees have run and that are not merged
}

type tally struct {
	sent, merged int
	least        int64
}

// pass notes that the actor passes tick on.
func (l *ledger) pass(tick uint64) { l.passed.Store(tick) }

func (l *ledger) after(tick uint64) *tally {
	for uint64(len(l.sent)) <= tick {
		l.sent = append(l.sent, tally{least: actors.NoTime})
	}
	return &l.sent[tick]
}

// sends notes that from sends b here.
func (l *ledger) sends(b *Batch, from *ledger, m actors.Meta) {
	b.after = from.passed.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.after(b.after)
	t.sent++
	t.least = min(t.least, m.Time)
}

// merges notes that b counts in the actor's state from now on.
func (l *ledger) merges(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.after(b.after).merged++; b.merged {
		l.books.wrong(l, "O1", "a batch of tick %d counts twice", b.after+1)
	}
	b.merged = true
	if b.away {
		l.away--
	}
	if b.after < l.covered {
		l.books.wrong(l, "O1, O4", "a batch of tick %d comes after tick %d was done", b.after+1, l.covered)
	}
}

// ranAway notes that a lessee has run b.
func (l *ledger) ranAway(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.away && !b.merged {
		l.away++
	}
	b.away = true
}

// rests judges a passivation.
func (l *ledger) rests() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away != 0 {
		l.books.wrong(l, "rest", "passive, and %d batches that a lessee has run are not merged", l.away)
	}
}

// done judges an Advance.
func (l *ledger) done(f actors.Frontier) {
	l.inputs(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	for tick, t := range l.sent {
		switch before := uint64(tick) < f.Tick; {
		case before && t.merged < t.sent:
			l.books.wrong(l, "O1", "due work of tick %d, %d of %d batches of tick %d are missing", f.Tick, t.sent-t.merged, t.sent, tick+1)
		case !before && t.merged > 0:
			l.books.wrong(l, "O3", "due work of tick %d, and %d batches of a later one are in", f.Tick, t.merged)
		}
	}
	if l.least = l.leastBefore(f.Tick); l.least != actors.NoTime {
		l.least = max(l.least, f.Watermark)
	}
	l.covered = f.Tick
}

func (l *ledger) inputs(f actors.Frontier) {
	for _, a := range l.above {
		if p := a.passed.Load(); p < f.Tick {
			l.books.wrong(l, "O2", "tick %d, and an input stands at %d", f.Tick, p)
		}
	}
}

func (l *ledger) leastBefore(tick uint64) int64 {
	least := l.least
	for t := l.covered; t < min(tick, uint64(len(l.sent))); t++ {
		least = min(least, l.sent[t].least)
	}
	return least
}

// judged compares by what due work is judged with what was sent.
func (l *ledger) judged(f actors.Frontier, rows bool, least int64) {
	l.inputs(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	any := false
	for t := l.covered; t < min(f.Tick, uint64(len(l.sent))); t++ {
		any = any || l.sent[t].sent > 0
	}
	if want := l.leastBefore(f.Tick); any != rows || want != least {
		l.books.wrong(l, "O4", "tick %d is judged by rows %v, least %d; there are %v, %d", f.Tick, rows, least, any, want)
	}
}

// Merged returns how many batches are in the actor's state.
func (l *ledger) Merged() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.sent {
		n += int64(t.merged)
	}
	return n
}
