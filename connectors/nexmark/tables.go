package nexmark

import (
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// table is where the rows of one table stand among the events, and how its
// columns are made.
type table struct {
	first, per int64 // it has events first ≤ number mod 50 < first+per
	columns    []column
}

// column makes the values of rows row ≤ r < row+n.
type column struct {
	name string
	kind batch.Kind
	make func(g *Generator, row int64, n int) batch.Column
}

var tables = map[string]table{
	"person": {0, peoplePerEpoch, []column{
		{"id", batch.Int64, (*Generator).ids},
		{"name", batch.Text, (*Generator).names},
		{"email_address", batch.Text, (*Generator).emails},
		{"credit_card", batch.Text, (*Generator).cards},
		{"city", batch.Text, (*Generator).cities},
		{"state", batch.Text, (*Generator).states},
		{"date_time", batch.Timestamp, (*Generator).times},
		{"extra", batch.Text, (*Generator).personExtras},
	}},
	"auction": {peoplePerEpoch, auctionsPerEpoch, []column{
		{"id", batch.Int64, (*Generator).ids},
		{"item_name", batch.Text, (*Generator).itemNames},
		{"description", batch.Text, (*Generator).descriptions},
		{"initial_bid", batch.Int64, (*Generator).initialBids},
		{"reserve", batch.Int64, (*Generator).reserves},
		{"date_time", batch.Timestamp, (*Generator).times},
		{"expires", batch.Timestamp, (*Generator).expiries},
		{"seller", batch.Int64, (*Generator).sellers},
		{"category", batch.Int64, (*Generator).categories},
		{"extra", batch.Text, (*Generator).auctionExtras},
	}},
	"bid": {peoplePerEpoch + auctionsPerEpoch, bidsPerEpoch, []column{
		{"auction", batch.Int64, (*Generator).bidAuctions},
		{"bidder", batch.Int64, (*Generator).bidders},
		{"price", batch.Int64, (*Generator).bidPrices},
		{"channel", batch.Text, (*Generator).channels},
		{"url", batch.Text, (*Generator).urls},
		{"date_time", batch.Timestamp, (*Generator).times},
		{"extra", batch.Text, (*Generator).bidExtras},
	}},
}

// Schema returns the columns of a table (person, auction or bid); nil for any
// other name.
func Schema(name string) []connectors.Column {
	t, ok := tables[name]
	if !ok {
		return nil
	}
	cols := make([]connectors.Column, len(t.columns))
	for i, c := range t.columns {
		cols[i] = connectors.Column{Name: c.name, Type: batch.T(c.kind), NotNull: true}
	}
	return cols
}

// event returns the number of the event that is row r of the table.
func (t table) event(r int64) int64 { return r/t.per*perEpoch + t.first + r%t.per }

// rows returns how many of the first n events are of the table.
func (t table) rows(n int64) int64 {
	return n/perEpoch*t.per + min(max(n%perEpoch-t.first, 0), t.per)
}

// spans calls f for the rows of each epoch from row to row+n: rows i ≤ r < j,
// counted from 0, of which the first is event number e.
func (t table) spans(row int64, n int, f func(epoch, e int64, i, j int)) {
	for i := 0; i < n; {
		r := row + int64(i)
		j := min(n, i+int(t.per-r%t.per))
		f(r/t.per, t.event(r), i, j)
		i = j
	}
}
