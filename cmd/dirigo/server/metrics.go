package server

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dirigo-stream/dirigo/exec/job"
)

// status is what the metrics read; *job.Engine implements it.
type status interface {
	Queries() []job.QueryStatus
	Sources() []job.SourceStatus
	Stats() job.NodeStats
}

// collector reads the engine's counters when it is asked: nothing is kept per
// query between two scrapes.
type collector struct{ engine status }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dirigo_"+name, help, labels, nil)
}

var (
	rowsIn     = desc("query_rows_in_total", "Rows that the query has read.", "query")
	rowsOut    = desc("query_rows_out_total", "Rows that the query has given to its sink or view.", "query")
	rejected   = desc("query_rows_rejected_total", "Rows that the query has rejected, by reason.", "query", "reason")
	latency    = desc("query_latency_seconds", "From the record's append at the broker to the sink's ack, or to the view.", "query")
	attained   = desc("query_slo_attained_ratio", "Share of results within the query's latency target since start.", "query")
	attained1  = desc("query_slo_attained_1m_ratio", "The same of the last minute.", "query")
	attained10 = desc("query_slo_attained_10m_ratio", "The same of the last ten minutes.", "query")
	misses     = desc("query_slo_misses_total", "Results that did not keep the target of their time.", "query")
	restarts   = desc("query_restarts_total", "How often the query was restarted from its last checkpoint: it fell behind, its sink took nothing, or part of its state was damaged.", "query")
	target     = desc("query_slo_seconds", "The query's latency target; 0: best effort.", "query")
	busy       = desc("query_busy_seconds_total", "Time that the query's actors have run.", "query")
	waited     = desc("query_queue_delay_seconds_total", "Time that the query's messages have waited for a worker.", "query")
	blocked    = desc("query_blocked_seconds_total", "Time that the query's actors had work and no credit downstream.", "query")
	refused    = desc("query_lends_refused_total", "Messages that another worker was asked to take, and did not.", "query")
	late       = desc("query_late_starts_total", "Messages that began after their latest start.", "query")
	lessees    = desc("query_lessees", "Lessees that hold a part of the query's state now.", "query")
	lends      = desc("query_lends_total", "Messages lent to lessees.", "query")
	merges     = desc("query_merges_total", "Partial states merged.", "query")
	merging    = desc("query_merging_seconds_total", "Time spent merging partial states, of the time running.", "query")
	rounds     = desc("query_rounds_total", "Rounds of lending ended.", "query")
	stateBytes = desc("query_state_bytes", "Memory held by the query's state.", "query")
	queryEpoch = desc("query_epoch", "The last epoch that the query has sealed.", "query")
	up         = desc("query_running", "1 while the query runs or catches up.", "query", "state")

	decoded   = desc("source_records_total", "Records decoded, each once however many queries read them.", "stream")
	decodedB  = desc("source_bytes_total", "Bytes of records decoded.", "stream")
	malformed = desc("source_rejected_total", "Records that could not be decoded.", "stream")
	lag       = desc("source_lag_records", "Records between the reader and the end of the partition.", "stream", "partition")

	epoch     = desc("epoch", "The last epoch committed.")
	seals     = desc("seals_total", "Manifests written.")
	sealBytes = desc("seal_bytes_total", "Bytes of state blocks written.")
	sealTime  = desc("seal_seconds_total", "Time from the last part of a seal to its root being durable.")
	memory    = desc("state_bytes", "Memory held by state.")
	budget    = desc("state_budget_bytes", "What --memory allows; 0: no limit.")
)

// Describe implements prometheus.Collector: the collector is unchecked.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// mostInFull is how many queries show all that is known of them. Of more, those
// without a latency target show the least: forty series for each of ten thousand
// would be 20 MB a scrape.
const mostInFull = 1000

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	m := metrics(ch)
	all := c.engine.Queries()
	for _, q := range all {
		m.query(q)
		if len(all) <= mostInFull || q.SLO > 0 {
			m.inFull(q)
		}
	}
	for _, s := range c.engine.Sources() {
		m.source(s)
	}
	n := c.engine.Stats()
	m.gauge(epoch, float64(n.Epoch))
	m.count(seals, float64(n.Seals))
	m.count(sealBytes, float64(n.SealBytes))
	m.count(sealTime, n.SealTime.Seconds())
	m.gauge(memory, float64(n.StateBytes))
	m.gauge(budget, float64(n.StateBudget))
}

type metrics chan<- prometheus.Metric

func (m metrics) count(d *prometheus.Desc, v float64, labels ...string) {
	m <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (m metrics) gauge(d *prometheus.Desc, v float64, labels ...string) {
	m <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (m metrics) query(q job.QueryStatus) {
	m.count(rowsIn, float64(q.In), q.Name)
	m.count(rowsOut, float64(q.Out), q.Name)
	for reason, n := range q.Rejected {
		m.count(rejected, float64(n), q.Name, reason)
	}
	m.count(busy, q.Busy.Seconds(), q.Name)
	running := 0.0
	if q.State != "failed" {
		running = 1
	}
	m.gauge(up, running, q.Name, q.State)
}

func (m metrics) inFull(q job.QueryStatus) {
	m.histogram(q)
	m.gauge(attained, q.Attained, q.Name)
	m.gauge(attained1, q.Attained1m, q.Name)
	m.gauge(attained10, q.Attained10m, q.Name)
	m.count(misses, float64(q.Misses), q.Name)
	m.count(restarts, float64(q.Restarts), q.Name)
	m.gauge(target, q.SLO.Seconds(), q.Name)
	m.count(waited, q.Waited.Seconds(), q.Name)
	m.count(blocked, q.Blocked.Seconds(), q.Name)
	m.count(refused, float64(q.Refused), q.Name)
	m.count(late, float64(q.Late), q.Name)
	m.gauge(lessees, float64(q.Lessees), q.Name)
	m.count(lends, float64(q.Lends), q.Name)
	m.count(merges, float64(q.Merges), q.Name)
	m.count(merging, q.Merging.Seconds(), q.Name)
	m.count(rounds, float64(q.Rounds), q.Name)
	m.gauge(stateBytes, float64(q.StateBytes), q.Name)
	m.gauge(queryEpoch, float64(q.Epoch), q.Name)
}

// histogram shows latencies, where there was a result.
func (m metrics) histogram(q job.QueryStatus) {
	if !slices.ContainsFunc(q.Latency.Counts, func(n uint64) bool { return n > 0 }) {
		return
	}
	buckets := make(map[float64]uint64, len(q.Latency.Bounds))
	total := uint64(0)
	for i, bound := range q.Latency.Bounds {
		total += q.Latency.Counts[i]
		buckets[bound] = total
	}
	if n := len(q.Latency.Counts); n > 0 {
		total += q.Latency.Counts[n-1]
	}
	m <- prometheus.MustNewConstHistogram(latency, total, q.Latency.Sum.Seconds(), buckets, q.Name)
}

func (m metrics) source(s job.SourceStatus) {
	m.count(decoded, float64(s.Decoded), s.Name)
	m.count(decodedB, float64(s.DecodedBytes), s.Name)
	m.count(malformed, float64(s.Malformed), s.Name)
	for _, p := range s.Partitions {
		m.gauge(lag, float64(p.High-p.Next), s.Name, itoa(p.Partition))
	}
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
