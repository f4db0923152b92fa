package actors

import "math"

// window says when rows that wait for a window are wanted: rows that only fill
// an open one yield to rows that are due.
type window struct {
	period int64 // µs: windows end at multiples of it
	wm, at int64 // the watermark was expected to pass wm (µs) at at (Unix ns)
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

// fit is a linear fit from event time to time of arrival, kept online: when
// watermarks came, those of long ago counting ever less.
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

// passed notes a watermark that came to an actor with windows.
func (a *actor[P]) passed(wm, at int64) {
	if a.fit == nil || a.load.SLO.Load() == 0 || !a.fit.add(wm, at) {
		return
	}
	if w := a.fit.estimate(); w != nil {
		a.load.window.Store(w)
	}
}
