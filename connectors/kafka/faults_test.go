package kafka

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestOptions: a mistake names its option, before anything is dialled.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		sink          bool
		option, value string
		want          string
	}{
		{false, "brokers", "nohost", "brokers"},
		{false, "brokers", "", "brokers"},
		{false, "topic", "", "topic"},
		{false, "format", "xml", "format"},
		{false, "colour", "red", "colour"},
		{false, "isolation", "serializable", "isolation"},
		{false, "max_record_bytes", "-1", "max_record_bytes"},
		{false, "fetch_max_bytes", "12 parsecs", "fetch_max_bytes"},
		{false, "compression", "gzip", "compression"},
		{false, "tls", "perhaps", "tls"},
		{false, "tls.ca", "/nowhere.pem", "tls"},
		{false, "sasl.username", "x", "sasl.mechanism"},
		{false, "sasl.mechanism", "plain", "sasl.username"},
		{false, "sasl.mechanism", "kerberos", "sasl.mechanism"},
		{false, "on_data_loss", "shrug", "on_data_loss"},
		{true, "compression", "rar", "compression"},
		{true, "partitions", "0", "partitions"},
		{true, "format", "upsert_json", "format"},
		{false, "format", "upsert_json", "format"}, // without a key
		{false, "format", "debezium_json", ""},
		{true, "format", "debezium_json", ""},
		{false, "key_format", "text", "key_format"},
		{true, "group", "g", ""},
		{false, "group", "g", ""},
		{false, "fetch_max_bytes", "1 MB", ""},
		{true, "replication", "3", ""},
	} {
		s := spec("127.0.0.1:1", "t", rowColumns, c.option, c.value)
		var err error
		if c.sink {
			_, err = New(Defaults{}).Sink(s)
		} else {
			_, err = New(Defaults{}).Source(s)
		}
		if c.want == "" && err != nil || c.want != "" && optionOf(err) != c.want {
			t.Errorf("%s = %q: %v", c.option, c.value, err)
		}
	}
	names := OptionNames()
	for _, n := range []string{"brokers", "topic", "format", "group", "compression", "partitions", "tls.ca", "tls.key", "sasl.password", "isolation"} {
		if !slices.Contains(names, n) {
			t.Errorf("%s is not among %v", n, names)
		}
	}
	for _, m := range []connectors.Column{
		{Name: "x", Type: batch.T(batch.Int64), Metadata: "key"},
		{Name: "x", Type: batch.T(batch.Text), Metadata: "offset"},
		{Name: "x", Type: batch.T(batch.Text), Metadata: "colour"},
		{Name: "x", Type: batch.T(batch.Text), Metadata: "timestamp"},
	} {
		if _, err := New(Defaults{}).Source(spec("127.0.0.1:1", "t", []connectors.Column{m})); optionOf(err) != "x" {
			t.Errorf("%+v: %v", m, err)
		}
	}
	if _, err := New(Defaults{Brokers: []string{"127.0.0.1:1"}}).Source(spec("", "t", rowColumns)); err != nil {
		t.Errorf("with default brokers: %v", err)
	}
}

// TestUnknownTopic: a source says so; a sink makes it.
func TestUnknownTopic(t *testing.T) {
	name := unique("unknown")
	src := openSource(t, spec(bootstrap, name, rowColumns))
	if err := src.(connectors.Checker).Check(testContext(t)); optionOf(err) != "topic" {
		t.Fatal(err)
	}
	if _, err := src.Partitions(testContext(t)); optionOf(err) != "topic" {
		t.Fatal(err)
	}
	if err := openSink(t, spec(bootstrap, name, rowColumns, "partitions", "3")).(connectors.Checker).Check(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if err := src.(connectors.Checker).Check(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if ps, err := src.Partitions(testContext(t)); err != nil || len(ps) != 3 {
		t.Fatal(ps, err)
	}
}

// TestPartitionsAdded: they are found, and read by the reader that is open.
func TestPartitionsAdded(t *testing.T) {
	name := topic(t, bootstrap, 1)
	src := openSource(t, spec(bootstrap, name, rowColumns))
	produce(t, bootstrap, name, 0, 0, value(1, "a"))
	r := open(t, src)
	r.Assign(0, connectors.Earliest)
	r.collect(t, map[int32]int64{0: 1}, 10)
	if ps, err := src.Partitions(testContext(t)); err != nil || len(ps) != 1 {
		t.Fatal(ps, err)
	}
	res, err := client(t, bootstrap).CreatePartitions(testContext(t), &kafkago.CreatePartitionsRequest{Topics: []kafkago.TopicPartitionsConfig{{Name: name, Count: 3}}})
	if err != nil || res.Errors[name] != nil {
		t.Fatal(err, res)
	}
	var ps []int32
	for deadline := time.Now().Add(20 * time.Second); len(ps) < 3 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		src.(*source).mu.Lock()
		src.(*source).asked = time.Time{}
		src.(*source).mu.Unlock()
		if ps, err = src.Partitions(testContext(t)); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(ps, []int32{0, 1, 2}) {
		t.Fatal(ps)
	}
	r.Assign(1, connectors.Earliest)
	r.Assign(2, connectors.Earliest)
	produce(t, bootstrap, name, 2, 0, value(2, "b"))
	produce(t, bootstrap, name, 0, 0, value(3, "c"))
	produce(t, bootstrap, name, 1, 0, value(4, "d"))
	rows, _ := r.collect(t, map[int32]int64{0: 2, 1: 1, 2: 1}, 10)
	if want := []got{{0, 1, 3, "c"}, {1, 0, 4, "d"}, {2, 0, 2, "b"}}; !reflect.DeepEqual(sorted(rows), want) {
		t.Fatal(rows)
	}
}

// TestDataLoss: an offset that is not there stops the partition with its
// reason, or goes on where the option says.
func TestDataLoss(t *testing.T) {
	name := topic(t, bootstrap, 1)
	produce(t, bootstrap, name, 0, 0, value(1, "a"), value(2, "b"))
	r := open(t, openSource(t, spec(bootstrap, name, rowColumns)))
	r.Assign(0, 99)
	until(t, "a word about the offset", func() bool { return strings.Contains(r.Status().Error, "99") })
	outOfRange(r)
	var rows connectors.Rows
	if err := r.next(t, &rows, 10); err == nil || !strings.Contains(err.Error(), "on_data_loss") {
		t.Fatal(err)
	}
	if st := r.Status(); !strings.Contains(st.Error, "offset 99") {
		t.Fatal(st)
	}
	if _, err := r.Read(&rows, 10); err == nil {
		t.Fatal("the error passed")
	}
	r.Assign(0, 0)
	if got, _ := r.collect(t, map[int32]int64{0: 2}, 10); len(got) != 2 {
		t.Fatal(got)
	}
	r = open(t, openSource(t, spec(bootstrap, name, rowColumns, "on_data_loss", "earliest")))
	r.Assign(0, 99)
	until(t, "the reader to fetch", func() bool { return r.Status().Partitions[0].High > 0 || r.Status().Partitions[0].Next == 0 })
	outOfRange(r)
	if err := r.next(t, &rows, 10); err != nil || rows.N != 2 {
		t.Fatal(rows, err)
	}
}

// outOfRange is the answer of a real broker to a fetch behind the end; the
// embedded one waits for the offset to come.
func outOfRange(f *feed) {
	if realBroker != "" {
		return
	}
	r := f.Reader.(*reader)
	r.mu.Lock()
	p := r.parts[0]
	wake := r.refused(p, kafkago.OffsetOutOfRange)
	r.fetchers[p.leader].interrupt()
	r.mu.Unlock()
	if wake {
		r.wake()
	}
}

// TestCommitOffsets: the group's offsets are what lag tools read.
func TestCommitOffsets(t *testing.T) {
	name := topic(t, bootstrap, 2)
	group := unique("lag")
	src := openSource(t, spec(bootstrap, name, rowColumns, "group", group))
	if err := src.(connectors.OffsetCommitter).CommitOffsets(testContext(t), map[int32]int64{0: 5, 1: 7}); err != nil {
		t.Fatal(err)
	}
	res, err := client(t, bootstrap).OffsetFetch(testContext(t), &kafkago.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{name: {0, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]int64{}
	for _, p := range res.Topics[name] {
		found[p.Partition] = p.CommittedOffset
	}
	if !reflect.DeepEqual(found, map[int]int64{0: 5, 1: 7}) {
		t.Fatal(found)
	}
}

// TestNothingLeft: closed sources, readers and sinks leave no goroutine, be it
// in a long poll.
func TestNothingLeft(t *testing.T) {
	name := topic(t, bootstrap, 2)
	produce(t, bootstrap, name, 0, 0, value(1, "a"))
	before := goleak.IgnoreCurrent()
	c := New(Defaults{Brokers: []string{bootstrap}})
	src, err := c.Source(spec("", name, rowColumns))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Sink(spec("", name, rowColumns))
	if err != nil {
		t.Fatal(err)
	}
	var feeds []*feed
	for range 3 {
		f := open(t, src)
		f.Assign(0, connectors.Earliest)
		f.Assign(1, connectors.Latest)
		f.collect(t, map[int32]int64{0: 1}, 10)
		feeds = append(feeds, f)
	}
	send(t, s, rowsOf(1))
	for _, f := range feeds {
		f.Close()
	}
	src.Close()
	s.Close()
	ignore := []goleak.Option{before} // and what the embedded broker has for connections that end
	for _, f := range []string{"read", "read.func1", "write", "write.func1"} {
		ignore = append(ignore, goleak.IgnoreAnyFunction("github.com/twmb/franz-go/pkg/kfake.(*clientConn)."+f))
	}
	if err := goleak.Find(ignore...); err != nil {
		t.Fatal(err)
	}
}
