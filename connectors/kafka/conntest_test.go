package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/conntest"
)

// TestSourceContract: what every source must do.
func TestSourceContract(t *testing.T) {
	name := topic(t, bootstrap, 2)
	const rows, rejected = 120, 12
	for i := 0; i < rows; i += 10 {
		var values []string
		for j := range 10 {
			values = append(values, value(i+j, fmt.Sprint("row ", i+j)))
		}
		values = append(values[:5], append([]string{`{"id":"x"}`}, values[5:]...)...)
		produce(t, bootstrap, name, 1, kafkago.Compression(i/10%5), values...)
	}
	conntest.RunSource(t, conntest.Source{
		Open: func() (connectors.Source, error) {
			s, err := New(Defaults{}).Source(spec(bootstrap, name, rowColumns))
			return latestNow{s}, err
		},
		Columns: 2, Partition: 1, Rows: rows, Rejected: rejected,
		Append: func() error {
			produce(t, bootstrap, name, 1, 0, value(7, "appended"))
			return nil
		},
	})
}

// TestChangesContract: the same of sources whose records carry changes.
func TestChangesContract(t *testing.T) {
	for _, format := range []string{"upsert_json", "debezium_json", "debezium_json keyed"} {
		name := topic(t, bootstrap, 1)
		s := spec(bootstrap, name, rowColumns)
		var recs []kafkago.Record
		record := func(key, value string) {
			r := kafkago.Record{Key: kafkago.NewBytes([]byte(key))}
			if value != "" {
				r.Value = kafkago.NewBytes([]byte(value))
			}
			recs = append(recs, r)
		}
		rows, rejected := 0, 0
		for i := range 60 {
			key := fmt.Sprintf(`{"id":%d}`, i)
			switch {
			case format == "upsert_json" && i%3 == 0:
				record(key, "")
				rows++
			case format == "upsert_json":
				record(key, value(i, "x"))
				rows++
			case i%3 == 0:
				record(key, `{"op":"u","before":`+value(i, "a")+`,"after":`+value(i+1, "b")+`}`)
				rows += 2
			case i%3 == 1:
				record(key, `{"op":"d","before":`+value(i, "a")+`}`)
				record(key, "")
				rows++
			default:
				record(key, `{"payload":{"op":"c","after":`+value(i, "a")+`}}`)
				rows++
			}
			if i%10 == 9 {
				record(`{`, `{`)
				rejected++
			}
		}
		produceRecords(t, bootstrap, name, 0, 0, recs...)
		format, keyed := strings.CutSuffix(format, " keyed")
		s.Options["format"] = format
		if keyed || format == "upsert_json" {
			s.Key = []int{0}
		}
		conntest.RunSource(t, conntest.Source{
			Open: func() (connectors.Source, error) {
				src, err := New(Defaults{}).Source(s)
				return latestNow{src}, err
			},
			Columns: 2, Rows: rows, Rejected: rejected, Changes: true, Key: s.Key,
			Append: func() error {
				produceRecords(t, bootstrap, name, 0, 0, kafkago.Record{Key: kafkago.NewBytes([]byte(`{"id":7}`)), Value: kafkago.NewBytes([]byte(`{"op":"c","name":"x","after":` + value(7, "x") + `}`))})
				return nil
			},
		})
	}
}

// latestNow resolves Latest when it is assigned, as the engine does by Bounds:
// a reader of its own accord does it when it first reaches the broker, so that
// what a check appends at once might come before.
type latestNow struct{ connectors.Source }

func (s latestNow) Open(wake func()) (connectors.Reader, error) {
	r, err := s.Source.Open(wake)
	return latestReader{r, s.Source}, err
}

type latestReader struct {
	connectors.Reader
	src connectors.Source
}

func (r latestReader) Assign(p int32, from connectors.Start) {
	if from == connectors.Latest {
		_, next, err := r.src.Bounds(context.Background(), p)
		if err != nil {
			panic(err)
		}
		from = connectors.Start(next)
	}
	r.Reader.Assign(p, from)
}

// TestSinkContract: what every sink must do.
func TestSinkContract(t *testing.T) {
	for _, format := range []string{"json", "upsert_json", "debezium_json"} {
		conntest.RunSink(t, func(t *testing.T) conntest.Sink {
			s := spec(bootstrap, unique("contract"), rowColumns, "format", format)
			if format != "json" {
				s.Key = []int{0}
			}
			return conntest.Sink{
				Open: func() (connectors.Sink, error) { return New(Defaults{}).Sink(s) },
				Rows: rowsOf(1, 2, 3, 4, 5, 6, 7),
			}
		})
	}
}
