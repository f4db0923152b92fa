package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
)

// hotTarget is the latency target of the query with the hot key.
const hotTarget = 200 * time.Millisecond

// hotWarm is how long an engine runs before it is measured: in its first seconds the
// heap fills for the first time, and costs are learned.
const hotWarm = 4 * time.Second

// hotWindow is how long its windows are, in event time.
const hotWindow = 500 * time.Millisecond

// hotClock is the events in a second of event time where rows come as fast as
// they are read: about as many as the clock's own where they come by it.
const hotClock = 1_500_000

// hotColumns are those of the stream clicks.
const hotColumns = "auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time"

// clicks declares the stream, at so many events a second; 0: as fast as they are read.
func clicks(rate float64) string {
	options := fmt.Sprintf("event_rate = '%d'", hotClock)
	if rate > 0 {
		options = fmt.Sprintf("rate = '%d'", int64(rate))
	}
	return fmt.Sprintf(`CREATE STREAM clicks (%s) WITH (connector = 'nexmark', "table" = 'bid', %s)`, hotColumns, options)
}

// hotInner gives nine rows in ten the key 0, and the others a thousand keys.
const hotInner = `SELECT window_end, CASE WHEN mod(price, 10) > 0 THEN 0 ELSE 1 + mod(auction, 1000) END AS key, mod(bidder, 1000) AS who,
	CAST(price AS DOUBLE PRECISION) AS p, CAST(bidder AS DOUBLE PRECISION) AS q
	FROM TUMBLE(clicks, date_time, INTERVAL '%d milliseconds')`

// hotMeasures are the measures of a row that are summed and averaged.
var hotMeasures = []string{"p", "q", "pp", "qq", "pq", "ppp"}

// hotSums are the sums and averages of all measures, by the texts of one of each.
func hotSums(sum, avg string) string {
	var b strings.Builder
	for _, m := range hotMeasures {
		fmt.Fprintf(&b, ", "+sum+" AS %[1]s, "+avg+" AS a%[1]s", m)
	}
	return b.String()
}

// hotRows are the rows with their measures.
func hotRows() string {
	return "(SELECT window_end, key, who, p, q, p * p AS pp, q * q AS qq, p * q AS pq, p * p * p AS ppp FROM (" +
		fmt.Sprintf(hotInner, hotWindow.Milliseconds()) + ") b) a"
}

// hotQuery counts who clicked and keeps sums and averages that are exact whatever
// the order of the rows, well over 300 ns a row.
func hotQuery(sink string) string {
	return "CREATE STREAM hot WITH (" + sink + `) AS
	SELECT window_end AS due, key, count(*) AS n, count(DISTINCT who) AS people` + hotSums("sum(%[1]s)", "avg(%[1]s)") + `
	FROM ` + hotRows() + `
	GROUP BY window_end, key`
}

// saltedQuery is the same in two phases: each key in eight parts, then the parts
// together. It is what one writes by hand where an engine cannot lend; the salt
// must be a function of who, or people would be counted twice.
func saltedQuery(sink string) string {
	return "CREATE STREAM hot WITH (" + sink + `) AS
	SELECT window_end AS due, key, sum(n) AS n, sum(people) AS people` + hotSums("sum(%[1]s)", "sum(%[1]s) / sum(n)") + `
	FROM (SELECT window_end, key, mod(who, 8) AS salt, count(*) AS n, count(DISTINCT who) AS people` + hotSums("sum(%[1]s)", "avg(%[1]s)") + `
		FROM ` + hotRows() + `
		GROUP BY window_end, key, mod(who, 8)) parts
	GROUP BY window_end, key`
}

const hotSink = "connector = 'timed', of = 'clicks', slo = '200 ms'"

// How much comes, of what all cores could do at the best.
const (
	hotMost = "1.1 of the bound"
	hotLess = "0.8 of the bound"
)

var hotShares = []struct {
	at    string
	share float64
}{{hotMost, 1.1}, {hotLess, 0.8}}

// hotWay is a way to run the query, and its text.
type hotWay struct {
	name string
	way
	query func(sink string) string
}

// hotWays are what is set side by side: lending, none, and what one writes by
// hand where there is none.
var hotWays = []hotWay{
	{"lending: reject", way{"llf", "reject"}, hotQuery},
	{"lending: direct", way{"llf", "direct"}, hotQuery},
	{"no lending", way{"llf", "off"}, hotQuery},
	{"two phases, no lending", way{"llf", "off"}, saltedQuery},
}

// hotWays returns what is set side by side.
func (s SLO) hotWays() []hotWay {
	if s.Quick {
		return []hotWay{hotWays[0], hotWays[2]}
	}
	return hotWays
}

// engineCosts measures c and s in the engine itself: as many engines as there are
// cores run side by side, each with one worker and the plan of the experiment, so
// caches and memory are shared as they are there. Costs are the processor time of
// the process, divided as the workers' turns were.
func (s SLO) engineCosts(ctx context.Context, length time.Duration) (o oneCore, err error) {
	cores := s.Workers
	s.Workers, s.parallelism = 1, cores
	var scenes []*scene
	defer func() {
		for _, sc := range scenes {
			sc.close()
		}
	}()
	for range cores {
		sc, err := s.scene(ctx, way{"llf", "off"}, clicks(0), hotQuery(hotSink))
		if err != nil {
			return o, err
		}
		scenes = append(scenes, sc)
	}
	if err = sleep(ctx, s.scaled(hotWarm)); err != nil {
		return o, err
	}
	var from, to []counts
	for _, sc := range scenes {
		from = append(from, sc.counts())
	}
	if err = sleep(ctx, length); err != nil {
		return o, err
	}
	for _, sc := range scenes {
		to = append(to, sc.counts())
		if err = sc.failed(); err != nil {
			return o, err
		}
	}
	var rows float64
	var stateful, busy time.Duration
	for i := range scenes {
		rows += float64(to[i].decoded["clicks"] - from[i].decoded["clicks"])
		stateful += to[i].stateful - from[i].stateful
		busy += to[i].busy - from[i].busy
	}
	cpu := (to[0].cpu - from[0].cpu).Seconds()
	share := float64(stateful) / float64(busy)
	o.rate = rows / to[0].at.Sub(from[0].at).Seconds()
	o.aggregate = time.Duration(cpu * share / rows * 1e9)
	o.before = time.Duration(cpu / rows * 1e9 * (1 - share))
	return o, nil
}

// hotRun is one run of a query over a stream of its own.
type hotRun struct {
	spread
	rows     float64 // a second
	all      []outcome
	from, to counts
}

func (s SLO) hotRun(ctx context.Context, w way, query string, rate float64, length time.Duration) (hotRun, error) {
	return calm(s, func() (hotRun, error) { return s.hotOnce(ctx, w, query, rate, length) }, hotRun.between)
}

func (r hotRun) between() (from, to counts) { return r.from, r.to }

func (s SLO) hotOnce(ctx context.Context, w way, query string, rate float64, length time.Duration) (r hotRun, err error) {
	sc, err := s.scene(ctx, w, clicks(rate), query)
	if err != nil {
		return r, err
	}
	defer sc.close()
	if r.from, r.to, err = sc.watch(ctx, s.scaled(hotWarm), length); err != nil {
		return r, err
	}
	took := r.to.at.Sub(r.from.at)
	r.rows = float64(r.to.decoded["clicks"]-r.from.decoded["clicks"]) / took.Seconds()
	if err := sleep(ctx, 2*hotTarget); err != nil {
		return r, err
	}
	all, missing := sc.meter.results("clicks", r.from.at, r.to.at, time.Now(), hotWindow)
	r.spread = spreadOf(all, hotTarget, missing)
	return r, nil
}

// hotKey is experiment 3.
func (s SLO) hotKey(ctx context.Context, x *Experiment) error {
	x.Setting = []string{
		fmt.Sprintf("windows of %v by key, nine rows in ten of one key: count(*), count(DISTINCT), six exact sums and six averages of floats; slo %v; rows come by the clock", hotWindow, hotTarget),
		fmt.Sprintf("c is a row's cost in the aggregate, s in all before it, the exchange included: processor time of %d engines side by side, one worker each, as fast as rows are read;", s.Workers),
		fmt.Sprintf("the bound is %d/(c+s) rows a second, which is 2c/(c+s) times what one core does of the aggregate, measured before and after each run; two phases is the same query with a salt", s.Workers),
	}
	length := s.scaled(4 * time.Second)
	for run := range s.Runs {
		loop, err := s.loop(ctx, clicks(1), hotQuery(hotSink), hotClock)
		if err != nil {
			return err
		}
		loop.add(x.row("one core", "plain loop, no engine"), s.Workers)
		one, err := s.engineCosts(ctx, length)
		if err != nil {
			return err
		}
		one.add(x.row("all cores", "an engine for each, one worker"), s.Workers)
		s.Say("run %d: a row costs %v in a plain loop, %v + %v in an engine on each core; bound %.0f k rows/s, load average %.1f",
			run+1, loop.aggregate+loop.before, one.before, one.aggregate, one.bound(s.Workers)/1e3, LoadAverage())
		for _, w := range s.hotWays() {
			for _, load := range hotShares {
				at := load.at
				r, err := s.hotRun(ctx, w.way, w.query(hotSink), load.share*one.bound(s.Workers)*perEpoch/46, length)
				if err != nil {
					return err
				}
				// What the machine gives changes within seconds: the bound is that of before and after.
				after, err := s.engineCosts(ctx, length)
				if err != nil {
					return err
				}
				bound := (one.bound(s.Workers) + after.bound(s.Workers)) / 2
				one = after
				c := x.row(at, w.name)
				c.add("rows", "k/s", r.rows/1e3)
				c.add("of the bound", "%", 100*r.rows/bound)
				cores := (r.to.cpu - r.from.cpu).Seconds() / r.to.at.Sub(r.from.at).Seconds()
				c.add("cores", "", cores)
				c.add("of these cores' bound", "%", 100*r.rows/bound*float64(s.Workers)/cores)
				r.latency(c)
				r.add(c)
				s.Say("run %d, %s, %s: %.0f k rows/s, %.0f %% of the bound; %.3f within %v, p50 %.0f ms, p99 %.0f ms; %d lent", run+1, w.name, at,
					r.rows/1e3, 100*r.rows/bound, r.attained(), hotTarget, milliseconds(r.P50), milliseconds(r.P99), r.to.lent-r.from.lent)
			}
		}
	}
	x.sorted(func(c Case) int { return slices.Index([]string{"one core", "all cores", hotMost, hotLess}, c.At) })
	s.hotVerdicts(x)
	return s.hotSimulated(ctx, x)
}

// hotVerdicts says what follows.
func (s SLO) hotVerdicts(x *Experiment) {
	const full, paced, lending = hotMost, hotLess, "lending: reject"
	x.aim("throughput with lending, of the bound of "+fmt.Sprint(s.Workers)+" cores", x.row(full, lending).figure("of the bound"), 90, false)
	x.aim("attained with lending at 0.8 of the bound", x.row(paced, lending).figure("attained"), 0.99, false)
	for _, w := range s.hotWays()[1:] {
		x.compare(full, "rows", ">", lending, w.name)
		x.compare(paced, "p99", "<", lending, w.name)
	}
	x.chart("slo-3-hot-key", plot.Chart{
		Title: "A hot key: rows a second, of what two cores could do", X: "", Y: "% of the bound 2/(c+s)", Limit: 100, LimitName: "bound",
	}, "of the bound", []string{full, paced})
}

// add notes what a run lent, and what merging cost.
func (r hotRun) add(c *Case) {
	rounds := float64(r.to.rounds - r.from.rounds)
	c.add("rounds", "/s", rounds/r.to.at.Sub(r.from.at).Seconds())
	c.add("merging a round", "us", float64((r.to.merging-r.from.merging).Microseconds())/max(1, rounds))
	c.add("merging", "% of a core", 100*(r.to.merging-r.from.merging).Seconds()/r.to.at.Sub(r.from.at).Seconds())
	c.add("partials a round", "", float64(r.to.merges-r.from.merges)/max(1, rounds))
	c.decisions(r.from, r.to)
}
