package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// The tests run against the embedded broker, and against a real one where
// DIRIGO_TEST_KAFKA names its bootstrap address.

var (
	realBroker = os.Getenv("DIRIGO_TEST_KAFKA")
	tools      = os.Getenv("DIRIGO_TEST_KAFKA_TOOLS")
	bootstrap  string // of the broker under test
	run        = fmt.Sprintf("%x", time.Now().UnixNano())
	runs       atomic.Int64
)

// unique makes a name that no other test has, nor the same one with -count.
func unique(name string) string { return fmt.Sprint(name, "-", run, "-", runs.Add(1)) }

func TestMain(m *testing.M) {
	if realBroker != "" {
		bootstrap = realBroker
		os.Exit(m.Run())
	}
	b, err := embedded.Start("", 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bootstrap = b.Addr()
	code := m.Run()
	b.Close()
	fmt.Println("connectors/kafka: tested against the embedded broker only; set DIRIGO_TEST_KAFKA=host:port to test against a real one, " +
		"and DIRIGO_TEST_KAFKA_TOOLS to the folder of its start and stop commands to test its crash as well")
	os.Exit(code)
}

// embeddedOnly skips a test of what a shared real broker cannot do.
func embeddedOnly(t *testing.T) {
	if realBroker != "" {
		t.Skip("needs a broker of its own: runs against the embedded one, without DIRIGO_TEST_KAFKA")
	}
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// client is kafka-go's own, as an independent hand.
func client(t testing.TB, addr string) *kafkago.Client {
	tr := &kafkago.Transport{MetadataTTL: time.Second}
	t.Cleanup(tr.CloseIdleConnections)
	return &kafkago.Client{Addr: kafkago.TCP(addr), Transport: tr, Timeout: 20 * time.Second}
}

// topic makes a topic with a name of its own.
func topic(t testing.TB, addr string, partitions int) string {
	name := unique(strings.NewReplacer("/", "-", "#", "-").Replace(t.Name()))
	makeTopic(t, addr, name, partitions)
	return name
}

func makeTopic(t testing.TB, addr, name string, partitions int) {
	t.Helper()
	os.Getenv("DIRIGO_TEST_KAFKA") // read inside of a test, so that go test's cache knows it matters
	os.Getenv("DIRIGO_TEST_KAFKA_TOOLS")
	c := client(t, addr)
	res, err := c.CreateTopics(testContext(t), &kafkago.CreateTopicsRequest{
		Topics: []kafkago.TopicConfig{{
			Topic: name, NumPartitions: partitions, ReplicationFactor: 1,
			// Records of these tests have fixed, old times: a broker would drop them when it next looks.
			ConfigEntries: []kafkago.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "-1"}},
		}},
	})
	if err == nil {
		err = res.Errors[name]
	}
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for p := range partitions {
		for {
			_, err := c.ListOffsets(testContext(t), &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{name: {kafkago.LastOffsetOf(p)}}})
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// produce writes values by kafka-go's client, as one batch.
func produce(t testing.TB, addr, topic string, partition int, codec kafkago.Compression, values ...string) {
	t.Helper()
	recs := make([]kafkago.Record, len(values))
	for i, v := range values {
		recs[i] = kafkago.Record{Key: kafkago.NewBytes(fmt.Appendf(nil, "k%d", i)), Value: kafkago.NewBytes([]byte(v)), Time: time.UnixMilli(1_700_000_000_000 + int64(i))}
	}
	produceRecords(t, addr, topic, partition, codec, recs...)
}

// produceRecords repeats what fails in passing: the first write to a new topic
// may. The records are read again each time; a kafkago.Record can be read once.
func produceRecords(t testing.TB, addr, topic string, partition int, codec kafkago.Compression, recs ...kafkago.Record) {
	t.Helper()
	again := rereadable(t, recs)
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := client(t, addr).Produce(testContext(t), &kafkago.ProduceRequest{
			Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll, Compression: codec, Records: kafkago.NewRecordReader(again()...),
		})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			return
		}
		if time.Now().After(deadline) || !passing(err) {
			t.Fatalf("produce to %s/%d: %v", topic, partition, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// rereadable returns what makes equal records any number of times.
func rereadable(t testing.TB, recs []kafkago.Record) func() []kafkago.Record {
	bytesOf := func(b kafkago.Bytes) func() kafkago.Bytes {
		if b == nil {
			return func() kafkago.Bytes { return nil }
		}
		data, err := kafkago.ReadAll(b)
		if err != nil {
			t.Fatal(err)
		}
		return func() kafkago.Bytes { return kafkago.NewBytes(data) }
	}
	keys, values := make([]func() kafkago.Bytes, len(recs)), make([]func() kafkago.Bytes, len(recs))
	for i, r := range recs {
		keys[i], values[i] = bytesOf(r.Key), bytesOf(r.Value)
	}
	return func() []kafkago.Record {
		out := slices.Clone(recs)
		for i := range out {
			out[i].Key, out[i].Value = keys[i](), values[i]()
		}
		return out
	}
}

var rowColumns = []connectors.Column{
	{Name: "id", Type: batch.T(batch.Int64)},
	{Name: "name", Type: batch.T(batch.Text)},
}

func spec(addr, topic string, cols []connectors.Column, options ...string) connectors.Spec {
	s := connectors.Spec{Name: topic, Columns: cols, Options: map[string]string{"connector": "kafka", "brokers": addr, "topic": topic, "format": "json"}}
	for i := 0; i < len(options); i += 2 {
		s.Options[options[i]] = options[i+1]
	}
	return s
}

func openSource(t testing.TB, s connectors.Spec) connectors.Source {
	t.Helper()
	src, err := New(Defaults{}).Source(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// feed is a reader whose Read waits.
type feed struct {
	connectors.Reader
	woken chan struct{}
}

func open(t testing.TB, src connectors.Source) *feed {
	t.Helper()
	f := &feed{woken: make(chan struct{}, 1)}
	r, err := src.Open(func() {
		select {
		case f.woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Reader = r
	t.Cleanup(func() { r.Close() })
	return f
}

// next reads once, waiting for up to 30 s; it relies on being woken.
func (f *feed) next(t testing.TB, rows *connectors.Rows, max int) error {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		ok, err := f.Read(rows, max)
		if ok || err != nil {
			return err
		}
		select {
		case <-f.woken:
		case <-timeout:
			t.Fatalf("nothing to read for 30 s: %+v", f.Status())
		}
	}
}

// got is one row as tests compare it.
type got struct {
	partition int32
	offset    int64
	id        int64
	name      string
}

// collect reads until the partitions stand at the given offsets.
func (f *feed) collect(t testing.TB, until map[int32]int64, max int) (out []got, rejected []connectors.Rejected) {
	t.Helper()
	at := map[int32]int64{}
	var rows connectors.Rows
	for {
		done := true
		for p, n := range until {
			done = done && at[p] >= n
		}
		if done {
			return out, rejected
		}
		if err := f.next(t, &rows, max); err != nil {
			t.Fatal(err)
		}
		if rows.N > max || rows.Next < at[rows.Partition] {
			t.Fatalf("%d rows of at most %d, next %d after %d", rows.N, max, rows.Next, at[rows.Partition])
		}
		at[rows.Partition] = rows.Next
		o := batch.Origin{Base: rows.Base, Offsets: rows.Offsets}
		for i := range rows.N {
			g := got{partition: rows.Partition, offset: o.Offset(i)}
			g.id = rows.Cols[0].(*batch.Vec[int64]).Data[i]
			g.name = string(rows.Cols[1].(*batch.TextVec).At(i))
			out = append(out, g)
		}
		rejected = append(rejected, rows.Rejected...)
	}
}

func sorted(rows []got) []got {
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].partition != rows[j].partition {
			return rows[i].partition < rows[j].partition
		}
		return rows[i].offset < rows[j].offset
	})
	return rows
}

func value(id int, name string) string { return fmt.Sprintf(`{"id":%d,"name":%q}`, id, name) }

func optionOf(err error) string {
	var o *connectors.OptionError
	if errors.As(err, &o) {
		return o.Option
	}
	return fmt.Sprint(err)
}

// command runs start or stop of the real broker's tools.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(tools+"/"+name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
