// Package sim drives the mailboxes of package actors on one thread, in virtual
// time, by a seed: any enabled step may be the next. Messages and credits travel
// as slowly as the seed wants, lessees stall and are lost, what lessors and
// lessees tell each other is delayed, lost or comes twice. The same seed gives
// the same run.
package sim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
)

// Config says what may happen in a run; its zero value is a kind world.
type Config struct {
	Fuel    int           // rows a call may emit; 0: 1
	Lend    float64       // share of the messages that are lent
	Lessees int           // per lessor; 0: 2
	LentFor int64         // virtual ns; 0: 20
	Parks   bool          // actors wait, between any two calls, for something outside
	Rests   bool          // actors leave memory when they are at rest
	Policy  actors.Policy // gives messages their keys; nil: keys are drawn
	Lossy   bool          // lessees are lost, what they tell is lost or doubled
	Steps   int           // after so many a run counts as a livelock; 0: 200,000

	Faults fault.Set // rules broken on purpose
}

// World is one run.
type World[P any] struct {
	cfg    Config
	rng    *rand.Rand
	now    int64
	actors []*Actor[P]
	links  []*link[P]
	steps  []step
	stats  Stats
	posted int64 // of stats.Posts, how many have run
	err    error
}

// Stats counts what happened in a run.
type Stats struct {
	Steps, Calls, Lent, Rounds, GivenUp, Merged int64
	Lost, Dropped, Doubled, Posts, Rests        int64
}

// Add sums s up.
func (s *Stats) Add(t Stats) {
	s.Steps += t.Steps
	s.Calls += t.Calls
	s.Lent += t.Lent
	s.Rounds += t.Rounds
	s.GivenUp += t.GivenUp
	s.Merged += t.Merged
	s.Lost += t.Lost
	s.Dropped += t.Dropped
	s.Doubled += t.Doubled
	s.Posts += t.Posts
	s.Rests += t.Rests
}

// step is something that may happen next, more often the greater its weight.
type step struct {
	weight int
	do     func()
}

// New returns an empty world whose chances come from rng.
func New[P any](rng *rand.Rand, cfg Config) *World[P] {
	if cfg.Fuel == 0 {
		cfg.Fuel = 1
	}
	if cfg.Lessees == 0 {
		cfg.Lessees = 2
	}
	if cfg.LentFor == 0 {
		cfg.LentFor = 20
	}
	if cfg.Steps == 0 {
		cfg.Steps = 200_000
	}
	return &World[P]{cfg: cfg, rng: rng}
}

// Add makes an actor.
func (w *World[P]) Add(s actors.Spec[P]) *Actor[P] {
	a := newActor(w, s)
	w.actors = append(w.actors, a)
	return a
}

// Connect joins two channels, as Runtime.Connect does.
func (w *World[P]) Connect(from *Actor[P], out, i int, to *Actor[P], in, j int, credit int64) {
	l := &link[P]{w: w, from: from, to: to, out: index(from.spec.Outputs, out, i), in: index(to.spec.Inputs, in, j)}
	l.weight = 1 + w.rng.IntN(8)
	l.bringsMessage, l.bringsCredit = l.arrive, l.credit
	from.outs[l.out], to.ins[l.in] = l, l
	from.mb.OpenOut(l.out, credit)
	to.mb.OpenIn(l.in, credit)
	w.links = append(w.links, l)
}

func index(ports []int, port, i int) int {
	for _, n := range ports[:port] {
		i += n
	}
	return i
}

// Errors of a run, beside what behaviors return.
var (
	ErrLivelock = errors.New("the run does not end")
	ErrCredit   = errors.New("credit is wrong")
	ErrRound    = errors.New("a round is open at the end")
	ErrWaits    = errors.New("deadlock: something waits and nothing can happen")
	ErrQuota    = errors.New("more is lent than the quota allows")
	ErrEmpty    = errors.New("a lessee is asked for what it was never lent")
	ErrRest     = errors.New("an actor is passive and not at rest")
)

// Run takes steps until none is left, and reports what then is not as it must
// be: a message that waits, credit that did not return, a round that is open.
func (w *World[P]) Run() (Stats, error) {
	for w.err == nil {
		if w.stats.Steps++; w.stats.Steps > int64(w.cfg.Steps) {
			w.fail(ErrLivelock)
			break
		}
		if !w.step() {
			w.settled()
			break
		}
	}
	for _, a := range w.actors {
		c := a.mb.Lending()
		w.stats.Lent += c.Lent
		w.stats.Merged += c.Merged
		w.stats.Rounds += c.Rounds
		w.stats.GivenUp += c.GivenUp
	}
	return w.stats, w.err
}

func (w *World[P]) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// step takes one enabled step; when there is none, time goes on to the next
// timer. It returns false when nothing will ever happen again.
func (w *World[P]) step() bool {
	w.steps = w.steps[:0]
	timer := int64(math.MaxInt64)
	for _, a := range w.actors {
		a.enabled()
		timer = min(timer, a.mb.Timer())
	}
	for _, l := range w.links {
		l.enabled()
	}
	if len(w.steps) == 0 {
		if timer == math.MaxInt64 {
			return false
		}
		w.pass(max(timer, w.now))
		return true
	}
	if w.rng.IntN(8) == 0 {
		w.pass(w.now + 1)
	}
	if w.rng.IntN(200) == 0 {
		w.actors[w.rng.IntN(len(w.actors))].post()
	}
	w.choose()()
	return true
}

// pass lets time go on; timers are looked at by every actor.
func (w *World[P]) pass(now int64) {
	w.now = now
	for _, a := range w.actors {
		if a.mb.Timer() <= now {
			a.ready = true
		}
	}
}

func (w *World[P]) choose() func() {
	sum := 0
	for _, s := range w.steps {
		sum += s.weight
	}
	n := w.rng.IntN(sum)
	for _, s := range w.steps {
		if n -= s.weight; n < 0 {
			return s.do
		}
	}
	panic("unreachable")
}

func (w *World[P]) may(weight int, do func()) {
	w.steps = append(w.steps, step{weight, do})
}

// settled checks the world after its last step.
func (w *World[P]) settled() {
	for _, a := range w.actors {
		if c := a.mb.Rounds(); c {
			w.fail(fmt.Errorf("%v: %w", a.spec.Name, ErrRound))
		}
		if a.mb.Queued() != 0 || !a.mb.Empty() {
			w.fail(fmt.Errorf("%v: %w", a.spec.Name, ErrWaits))
		}
	}
	if w.posted != w.stats.Posts {
		w.fail(fmt.Errorf("%d posts of %d have run: %w", w.posted, w.stats.Posts, ErrWaits))
	}
	for _, l := range w.links {
		if used := l.from.mb.Owed(l.out); used != 0 {
			w.fail(fmt.Errorf("%v to %v: %d bytes at the end: %w", l.from.spec.Name, l.to.spec.Name, used, ErrCredit))
		}
	}
}
