package actors

import "math"

// window says when rows that wait for a window are wanted: rows that only fill
// an open one yield to rows that are due.
type window struct {
	period int64 // µs: windows end at multiples of it
	wm, at int64 // the watermark is expected to have passed wm (µs) at at (Unix ns)
	slope  float64
}

// mostWait bounds how far in the future a window is believed to fire.
const mostWait = int64(3600e9)

// fires returns when the first window that holds event time t can fire, as seen
// from a message that came at came.
func (w *window) fires(t, came int64) int64 {
	if t == NoTime || t < math.MinInt64/2 || w.slope == 0 {
		return came
	}
	end := t - t%w.period
	if t < 0 && end != t {
		end -= w.period
	}
	end += w.period
	wait := w.slope * float64(end-w.wm)
	if wait > float64(mostWait) {
		return came + mostWait
	}
	return w.at + int64(max(wait, 0))
}

// fit is a linear fit from event time to when events were appended, kept online:
// when watermarks moved, those of long ago counting ever less.
type fit struct {
	n          int
	wm0, at0   int64
	last       int64
	mx, my     float64 // means, µs and ns from the first point
	vx, cxy    float64
	windowSize int64
}

// forget is the weight of a new point among the old.
const forget = 1.0 / 16

// add notes that the watermark wm came at at; it returns false for one that did
// not move.
func (f *fit) add(wm, at int64) bool {
	if wm == NoWatermark || wm == NoTime || f.n > 0 && wm <= f.last {
		return false
	}
	if f.n == 0 {
		f.wm0, f.at0 = wm, at
	}
	f.last = wm
	f.n++
	x, y := float64(wm-f.wm0), float64(at-f.at0)
	w := max(forget, 1/float64(f.n))
	dx, dy := x-f.mx, y-f.my
	f.mx += w * dx
	f.my += w * dy
	f.vx = (1 - w) * (f.vx + w*dx*dx)
	f.cxy = (1 - w) * (f.cxy + w*dx*dy)
	return true
}

// estimate returns what the fit says now; nil: nothing yet.
func (f *fit) estimate() *window {
	if f.n < 3 || f.vx <= 0 {
		return nil
	}
	slope := max(f.cxy/f.vx, 0)
	return &window{
		period: f.windowSize, wm: f.last, slope: slope,
		at: f.at0 + int64(f.my+slope*(float64(f.last-f.wm0)-f.mx)),
	}
}

// passed notes a watermark that came to an actor with windows. A window can fire
// when the event that moves the watermark past its end was appended, however long
// that then waited on its way here.
func (a *actor[P]) passed(p *Punct, came int64) {
	at := p.Born
	if at == 0 {
		at = came
	}
	if a.fit == nil || a.load.SLO.Load() == 0 || !a.fit.add(p.Watermark, at) {
		return
	}
	if w := a.fit.estimate(); w != nil {
		a.load.window.Store(w)
	}
}

// inflow is how much work comes to an actor: ns of it in a ns of the time in which
// the rows were appended, kept online. Above 1 one worker cannot keep up.
type inflow struct {
	rate  float64
	since int64 // Unix ns, the append of the first row counted in work
	work  int64 // ns
}

// inflowSpan is how long rows are added up for a point, ns.
const inflowSpan = int64(20e6)

// add notes a message that was appended at born and costs so much.
func (f *inflow) add(born, cost int64) {
	switch passed := born - f.since; {
	case born == 0:
	case f.since == 0 || passed < -inflowSpan || passed > 50*inflowSpan: // the first, another time, or a pause
		f.since, f.work = born, cost
	case passed < inflowSpan:
		f.work += cost
	default:
		now := float64(f.work) / float64(passed)
		if f.rate == 0 {
			f.rate = now
		}
		f.rate += (now - f.rate) / 4
		f.since, f.work = born, cost
	}
}

// ahead returns how long, in ns, the work takes that comes with and behind a
// message until its window fires, wherever upstream those rows still wait.
func (f *inflow) ahead(born, fires int64) int64 { return int64(f.rate * float64(fires-born)) }
