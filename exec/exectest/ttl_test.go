package exectest

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// ttl is the time to live in these tests, in units of the clock.
const ttl = 40

// wantLiving computes the groups of a history that have not ended: the clock of
// a tick is its watermark, and groups are looked at once every quarter of ttl.
func wantLiving(g agg.Group, h History) Bag {
	rows, last := map[string][]counted{}, map[string]int64{}
	touched, lap := map[string]bool{}, batch.MinTime
	for _, s := range h {
		if s.Row != nil {
			var key []any
			for _, k := range g.Keys {
				key = append(key, s.Row.Values[k])
			}
			k := Text(key)
			rows[k] = append(rows[k], counted{s.Row.Values, s.Row.Diff})
			touched[k] = true
			continue
		}
		now := clockOf(s.Watermark) / 1000
		for k := range touched {
			last[k] = now
			n := int64(0)
			for _, r := range rows[k] {
				n += r.n
			}
			if n == 0 && !g.Updating {
				delete(rows, k)
			}
		}
		clear(touched)
		if now/(ttl/4) <= lap {
			continue
		}
		lap = now / (ttl / 4)
		for k := range rows {
			if last[k]+ttl <= now {
				delete(rows, k)
			}
		}
	}
	out := Bag{}
	for key, list := range rows {
		n := int64(0)
		for _, r := range list {
			n += r.n
		}
		if n > 0 {
			out.Add(joined(key, Text(results(g, list))), 1)
		}
	}
	return out
}

// clockOf is the clock of a tick, Unix ns: it goes on as event time does.
func clockOf(watermark int64) int64 { return (watermark + 1000) * 1000 }

// slowly makes histories in which time goes on by up to the time to live.
func slowly(keys, size int) func(r *Rand) History {
	return func(r *Rand) History {
		h := groupGen(false, keys, size)(r)
		at := int64(0)
		for i := range h {
			if h[i].Row == nil {
				at += r.Int64N(ttl / 3)
				h[i].Watermark = at
			}
		}
		return h
	}
}

// TestTimeToLive: a group that nothing touched for its time to live is taken
// back, and begins anew when a row of it comes.
func TestTimeToLive(t *testing.T) {
	few := append([]agg.Call{call("count", -1, -1, false), call("sum", colNum, -1, false)}, collectCalls()...)
	for _, c := range []Case{
		groupCase("time to live", agg.Group{Keys: []int{colKey}, Calls: few, TTL: ttl}, slowly(60, 400)),
		groupCase("time to live, many groups", agg.Group{Keys: []int{colKey, colName}, Calls: few[:2], TTL: ttl}, slowly(3000, 3000)),
	} {
		g := agg.Group{Keys: []int{colKey}, Calls: few, TTL: ttl}
		if c.Name != "time to live" {
			g.Keys, g.Calls = []int{colKey, colName}, few[:2]
		}
		c.AnyTick, c.Clock = false, clockOf
		c.Want = func(h History) (Bag, Bag) { return wantLiving(g, h), Bag{} }
		t.Run(c.Name, func(t *testing.T) { attackMany(t, c, 20) })
	}
}
