package bench

import (
	"context"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
)

// allColumns is the nexmark connector that builds every column, whether a query
// asks for it or not.
func allColumns() connectors.Connector {
	return connectors.Connector{Source: func(spec connectors.Spec) (connectors.Source, error) {
		s, err := nexmark.NewSource(spec)
		if err != nil {
			return nil, err
		}
		return wholeSource{s}, nil
	}}
}

type wholeSource struct{ connectors.Source }

// Open implements connectors.Source.
func (s wholeSource) Open(wake func()) (connectors.Reader, error) {
	r, err := s.Source.Open(wake)
	if err != nil {
		return nil, err
	}
	return wholeReader{r}, nil
}

type wholeReader struct{ connectors.Reader }

// Demand implements connectors.Reader: all columns, always.
func (r wholeReader) Demand(columns []bool) {
	all := make([]bool, len(columns))
	for i := range all {
		all[i] = true
	}
	r.Reader.Demand(all)
}

// prebuiltRows is the number of rows in a batch built before the clock starts.
const prebuiltRows = 1024

// pregenerate returns a connector whose batches are built already, of so many
// events of all tables: what is measured is the engine alone.
func pregenerate(tables []string, events int64) (connectors.Connector, error) {
	built := map[string]*prebuilt{}
	for _, table := range tables {
		g, err := nexmark.NewGenerator(nexmark.Config{Table: table})
		if err != nil {
			return connectors.Connector{}, err
		}
		s := &prebuilt{events: events / perEpoch * streams[table].share}
		for at := int64(0); at < s.events; at += prebuiltRows {
			n := int(min(prebuiltRows, s.events-at))
			s.batches = append(s.batches, connectors.Rows{Cols: g.Columns(at, n, nil), N: n, Base: at, Next: at + int64(n), Bytes: int64(n) * 200})
		}
		built[table] = s
	}
	return connectors.Connector{Source: func(spec connectors.Spec) (connectors.Source, error) {
		return built[spec.Options["table"]], nil
	}}, nil
}

// prebuilt is a source of one partition.
type prebuilt struct {
	batches []connectors.Rows
	events  int64
}

// Partitions implements connectors.Source.
func (s *prebuilt) Partitions(context.Context) ([]int32, error) { return []int32{0}, nil }

// Bounds implements connectors.Source.
func (s *prebuilt) Bounds(context.Context, int32) (first, next int64, err error) {
	return 0, s.events, nil
}

// Open implements connectors.Source.
func (s *prebuilt) Open(func()) (connectors.Reader, error) { return &prebuiltReader{s: s}, nil }

// Close implements connectors.Source.
func (s *prebuilt) Close() error { return nil }

type prebuiltReader struct {
	s    *prebuilt
	next int
}

func (r *prebuiltReader) Demand([]bool) {}

func (r *prebuiltReader) Assign(_ int32, from connectors.Start) {
	r.next = int(max(0, from)) / prebuiltRows
}

func (r *prebuiltReader) Read(rows *connectors.Rows, _ int) (bool, error) {
	if r.next >= len(r.s.batches) {
		return false, nil
	}
	*rows = r.s.batches[r.next]
	r.next++
	return true, nil
}

func (r *prebuiltReader) Status() connectors.Status { return connectors.Status{} }

func (r *prebuiltReader) Close() error { return nil }
