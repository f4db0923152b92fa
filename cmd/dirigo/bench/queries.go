package bench

import "fmt"

// nexmarkQuery is one of the benchmark's statements. An event is a row of a
// stream that it reads: what others would hold is neither made nor counted.
type nexmarkQuery struct {
	sql      string
	reads    []string // streams; nil: bid
	updating bool     // how many rows leave depends on where ticks end
	stored   []kept   // rows that the query keeps to the end; nil: not said
}

// kept is rows of a stream that a query keeps: those with a value in a column, or
// all.
type kept struct {
	table, column string // "": all rows
	value         int64
}

// streams are the columns of the generator's tables, and how many of an epoch's
// events are theirs.
var streams = map[string]struct {
	columns string
	share   int64
}{
	"person":  {"id BIGINT, name TEXT, email_address TEXT, credit_card TEXT, city TEXT, state TEXT, date_time TIMESTAMP, extra TEXT", 1},
	"auction": {"id BIGINT, item_name TEXT, description TEXT, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP, expires TIMESTAMP, seller BIGINT, category BIGINT, extra TEXT", 3},
	"bid":     {"auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, date_time TIMESTAMP, extra TEXT", 46},
}

const (
	watermark = "WATERMARK FOR date_time AS date_time - INTERVAL '4 seconds'"
	perEpoch  = 50 // events of all tables
)

func (q nexmarkQuery) tables() []string {
	if q.reads == nil {
		return []string{"bid"}
	}
	return q.reads
}

// perEpoch returns how many of an epoch's events the query reads.
func (q nexmarkQuery) perEpoch() (n int64) {
	for _, t := range q.tables() {
		n += streams[t].share
	}
	return n
}

// whole rounds a number of events to whole epochs.
func (q nexmarkQuery) whole(events int64) int64 { return max(1, events/q.perEpoch()) * q.perEpoch() }

// streamSQL declares one of the generator's tables: its rows among so many events
// of all tables, at rate events a second (0: as fast as they are read).
func streamSQL(table string, events, rate int64) string {
	options := fmt.Sprintf("connector = 'nexmark', \"table\" = '%s', events = '%d'", table, events)
	if rate > 0 {
		options += fmt.Sprintf(", rate = '%d', event_rate = '10000'", rate)
	}
	return fmt.Sprintf("CREATE STREAM %s (%s, %s) WITH (%s)", table, streams[table].columns, watermark, options)
}

// Statements returns the streams that a query reads, with their rows among so
// many events of all tables, and the query.
func Statements(name string, events int64) (streams []string, query string) {
	q := queries[name]
	for _, table := range q.tables() {
		streams = append(streams, streamSQL(table, events, 0))
	}
	return streams, q.sql
}

// QueryNames lists the queries over bids.
func QueryNames() []string { return []string{"q0", "q1", "q2", "tumble", "hop", "q17"} }

// RelationalNames lists the queries that join.
func RelationalNames() []string {
	return []string{"q3", "q4", "q5", "q5close", "q7", "q7close", "q8", "q20"}
}

// The texts of q5 and q7 without when they emit: as rows come, or once a window
// has closed.
const (
	q5 = `SELECT c.auction, c.num, c.window_start FROM (
		SELECT auction, count(*) AS num, window_start, window_end
		FROM HOP(bid, date_time, INTERVAL '2 seconds', INTERVAL '10 seconds') GROUP BY auction, window_start, window_end) c
		JOIN (SELECT max(n.num) AS most, n.window_start, n.window_end FROM (
			SELECT count(*) AS num, window_start, window_end
			FROM HOP(bid, date_time, INTERVAL '2 seconds', INTERVAL '10 seconds') GROUP BY auction, window_start, window_end) n
			GROUP BY n.window_start, n.window_end) m
		ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.num >= m.most`
	q7 = `SELECT b.auction, b.price, b.bidder, b.date_time, b.extra FROM bid b
		JOIN (SELECT max(price) AS top, window_end FROM TUMBLE(bid, date_time, INTERVAL '10 seconds') GROUP BY window_start, window_end) w
		ON b.price = w.top
		WHERE b.date_time BETWEEN w.window_end - INTERVAL '10 seconds' AND w.window_end`
)

var queries = map[string]nexmarkQuery{
	"q0": {sql: `SELECT auction, bidder, price, channel, url, date_time, extra FROM bid`},
	"q1": {sql: `SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bid`},
	"q2": {sql: `SELECT auction, price FROM bid WHERE mod(auction, 123) = 0`},
	"tumble": {sql: `SELECT window_start, auction, count(*) AS bids, max(price) AS top
		FROM TUMBLE(bid, date_time, INTERVAL '10 seconds') GROUP BY window_start, auction EMIT ON WINDOW CLOSE`},
	"hop": {sql: `SELECT window_start, auction, count(*) AS bids
		FROM HOP(bid, date_time, INTERVAL '2 seconds', INTERVAL '10 seconds') GROUP BY window_start, auction EMIT ON WINDOW CLOSE`},
	"q17": {updating: true, sql: `SELECT auction, to_char(date_time, 'YYYY-MM-DD') AS day, count(*) AS total_bids,
		count(*) FILTER (WHERE price < 10000) AS rank1_bids,
		count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
		count(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
		min(price) AS min_price, max(price) AS max_price, avg(price) AS avg_price, sum(price) AS sum_price
		FROM bid GROUP BY auction, to_char(date_time, 'YYYY-MM-DD') EMIT CHANGES`},

	// Who sells in certain states.
	"q3": {reads: []string{"person", "auction"}, updating: true, sql: `SELECT p.name, p.city, p.state, a.id
		FROM auction a JOIN person p ON a.seller = p.id
		WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA') EMIT CHANGES`},
	// The average winning bid of each category.
	"q4": {reads: []string{"auction", "bid"}, updating: true, sql: `SELECT q.category, avg(q.final) AS average FROM (
		SELECT max(b.price) AS final, a.category FROM auction a JOIN bid b ON a.id = b.auction
		WHERE b.date_time BETWEEN a.date_time AND a.expires GROUP BY a.id, a.category) q
		GROUP BY q.category EMIT CHANGES`},
	// The auctions with most bids of the last 10 seconds, every 2.
	"q5":      {updating: true, sql: q5 + " EMIT CHANGES"},
	"q5close": {sql: q5 + " EMIT ON WINDOW CLOSE"},
	// The highest bids of each 10 seconds.
	"q7":      {updating: true, sql: q7 + " EMIT CHANGES"},
	"q7close": {sql: q7 + " EMIT ON WINDOW CLOSE"},
	// Who came and opened an auction within the same 10 seconds.
	"q8": {reads: []string{"person", "auction"}, updating: true, sql: `SELECT p.id, p.name, p.window_start FROM (
		SELECT id, name, window_start, window_end FROM TUMBLE(person, date_time, INTERVAL '10 seconds')
		GROUP BY id, name, window_start, window_end) p
		JOIN (SELECT seller, window_start, window_end FROM TUMBLE(auction, date_time, INTERVAL '10 seconds')
		GROUP BY seller, window_start, window_end) a
		ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end EMIT CHANGES`},
	// Every bid with its auction, of one category.
	"q20": {reads: []string{"auction", "bid"}, updating: true, stored: []kept{{table: "bid"}, {"auction", "category", 10}}, sql: `SELECT b.auction, b.bidder, b.price, b.channel, b.url,
		b.date_time AS bid_time, b.extra AS bid_extra, a.item_name, a.description, a.initial_bid, a.reserve,
		a.date_time AS auction_time, a.expires, a.seller, a.category, a.extra AS auction_extra
		FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10 EMIT CHANGES`},
}
