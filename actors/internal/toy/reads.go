package toy

import "fmt"

// read is a SELECT over a view: all instances at one tick, each in its own turn,
// whatever is lent above them.
type read struct {
	tick uint64
	left map[int]bool
	rel  Rel
}

func (r *read) take(i int, now Rel) {
	if !r.left[i] {
		return
	}
	delete(r.left, i)
	for f, d := range now {
		r.rel.Add(f, d)
	}
}

// asked begins a read, called in the turn of an instance.
func (l *Log) asked(v, i int, now Rel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &read{left: map[int]bool{}, rel: Rel{}}
	for k := range l.g.Vertices[v].N {
		r.left[k] = true
		r.tick = max(r.tick, l.begun[k])
	}
	l.reads = append(l.reads, r)
	l.served(i, l.begun[i]+1, now)
}

// gate lets the reads pass that want what instance i holds, as it begins a tick.
func (l *Log) gate(i int, tick uint64, now Rel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.served(i, tick, now)
	l.begun[i] = tick
}

func (l *Log) served(i int, before uint64, now Rel) {
	for _, r := range l.reads {
		if r.tick < before {
			r.take(i, now)
		}
	}
}

// Reads returns how many reads there were.
func (l *Log) Reads() int { return len(l.reads) }

func (l *Log) checkReads() error {
	v := l.g.view()
	for i := range l.g.Vertices[v].N {
		if all := l.shown[place{v, i}]; len(all) > 0 {
			l.served(i, ^uint64(0), all[len(all)-1].Rel)
		}
	}
	for _, r := range l.reads {
		if want, _ := l.g.Eval(v, r.tick); len(r.left) > 0 || !r.rel.Equal(want) {
			return fmt.Errorf("a read at tick %d got %v want %v, left %v", r.tick, r.rel, want, r.left)
		}
	}
	return nil
}
