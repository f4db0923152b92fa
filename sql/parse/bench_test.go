package parse

import "testing"

const typicalSelect = `SELECT window_start, auction, count(*) AS bids, max(price) AS top_price
FROM TUMBLE(bids, date_time, INTERVAL '10 seconds')
WHERE price > 100 AND channel LIKE 'a%'
GROUP BY window_start, auction
ORDER BY bids DESC LIMIT 10`

func benchmark(b *testing.B, text string) {
	if _, err := ParseOne(text); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = ParseOne(text)
	}
}

func BenchmarkSelect(b *testing.B) { benchmark(b, typicalSelect) }

func BenchmarkSelectOne(b *testing.B) { benchmark(b, "SELECT 1") }

func BenchmarkPsqlDescribe(b *testing.B) { benchmark(b, corpus(b, "psql15.sql")[0]) }

func BenchmarkBegin(b *testing.B) { benchmark(b, "BEGIN") }

func BenchmarkLex(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = lex(typicalSelect)
	}
}

// BenchmarkTidb is tidb's part of BenchmarkSelect: the spelling alone.
func BenchmarkTidb(b *testing.B) {
	toks, _ := lex(typicalSelect)
	r := &reader{src: typicalSelect, toks: toks, end: len(toks) - 1}
	s := &spelling{reader: r}
	s.body()
	b.ReportAllocs()
	for b.Loop() {
		_ = s.tree()
	}
}
