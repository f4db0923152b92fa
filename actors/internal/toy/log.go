package toy

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dirigo-stream/dirigo/actors"
)

// Log keeps what the actors of a graph showed and sealed, and compares it with
// the reference.
type Log struct {
	g      *Graph
	mu     sync.Mutex
	shown  map[place][]Shown
	sealed map[place][]actors.Punct
	wrong  error // the first frontier that was not the reference's
	left   int
	done   chan struct{}
	begun  []uint64 // by instance of the view: the tick of its last Advance
	reads  []*read
}

// ErrBehind: the run ended before the view had shown the last tick.
var ErrBehind = errors.New("the view has not shown the last tick")

type place struct{ vertex, instance int }

// NewLog returns an empty Log of g, whose last vertex is its only View.
func NewLog(g *Graph) *Log {
	return &Log{
		g: g, shown: map[place][]Shown{}, sealed: map[place][]actors.Punct{},
		left: g.Vertices[g.view()].N, done: make(chan struct{}), begun: make([]uint64, g.Vertices[g.view()].N),
	}
}

func (g *Graph) view() int { return len(g.Vertices) - 1 }

// Observer returns what fills the log.
func (l *Log) Observer() Observer {
	return Observer{Show: l.show, Passed: l.pass, Gate: l.gate, Asked: l.asked}
}

// Done is closed when every instance of the view has shown the last tick.
func (l *Log) Done() <-chan struct{} { return l.done }

func (l *Log) show(v, i int, s Shown) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := place{v, i}
	l.shown[k] = append(l.shown[k], s)
	if ps := l.g.Ticks(0); s.Punct.Tick == ps[len(ps)-1].Tick {
		if l.left--; l.left == 0 {
			close(l.done)
		}
	}
}

func (l *Log) pass(v, i int, p actors.Punct) {
	wm := l.g.watermark(v, p.Tick)
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Watermark != wm && l.wrong == nil {
		l.wrong = fmt.Errorf("actor %d/%d has watermark %d at tick %d, want %d", v, i, p.Watermark, p.Tick, wm)
	}
	if p.Seal == 0 {
		return
	}
	k := place{v, i}
	l.sealed[k] = append(l.sealed[k], p)
}

// Check compares the view with the naive recomputation at every tick, every
// actor's watermark at each frontier with that of the sources above it, and its
// Seals with those of the script. Where an instance has not shown a tick
// (it had merged Puncts) its last state stands.
func (l *Log) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left > 0 {
		return fmt.Errorf("%d instances of it: %w", l.left, ErrBehind)
	}
	for _, p := range l.g.Ticks(0) {
		got := l.at(p.Tick)
		if want, _ := l.g.Eval(l.g.view(), p.Tick); !got.Equal(want) {
			return fmt.Errorf("view at tick %d: %v want %v", p.Tick, got, want)
		}
	}
	if l.wrong != nil {
		return l.wrong
	}
	if err := l.checkReads(); err != nil {
		return err
	}
	return l.checkSeals()
}

func (l *Log) at(tick uint64) Rel {
	rel := Rel{}
	for i := range l.g.Vertices[l.g.view()].N {
		var last Rel
		for _, s := range l.shown[place{l.g.view(), i}] {
			if s.Punct.Tick <= tick {
				last = s.Rel
			}
		}
		for f, d := range last {
			rel.Add(f, d)
		}
	}
	return rel
}

func (l *Log) checkSeals() error {
	var want []actors.Punct
	for _, p := range l.g.Ticks(0) {
		if p.Seal != 0 {
			want = append(want, p)
		}
	}
	for v := range l.g.Vertices {
		x := &l.g.Vertices[v]
		for i := range x.N {
			if x.Kind == Source {
				continue
			}
			got := l.sealed[place{v, i}]
			if len(got) != len(want) {
				return fmt.Errorf("actor %d/%d took %d seals of %d", v, i, len(got), len(want))
			}
			for k := range want {
				if got[k].Seal != want[k].Seal || got[k].Tick != want[k].Tick {
					return fmt.Errorf("actor %d/%d sealed %d at tick %d, want %d at %d",
						v, i, got[k].Seal, got[k].Tick, want[k].Seal, want[k].Tick)
				}
			}
		}
	}
	return nil
}
