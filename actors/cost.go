package actors

// median is a running median of durations in ns, in eight bytes. Each value
// moves it by a sixteenth of itself towards the value: with more Ps than cores
// the system takes a worker away in mid-unit, and a mean would teach the
// scheduler the neighbour's load. (After Ma, Muthukrishnan, Sandler, "Frugal
// streaming for estimating quantiles", 2013.)
type median int64

func (m *median) add(x int64) {
	switch step := *m>>4 + 1; {
	case *m == 0:
		*m = median(max(1, x))
	case x > int64(*m):
		*m = min(*m+step, median(x))
	case x < int64(*m):
		*m = max(*m-step, median(x))
	}
}
