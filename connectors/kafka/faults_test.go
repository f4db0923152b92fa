package kafka

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/goleak"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestOptions: a mistake names its option, before anything is dialled.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		sink          bool
		option, value string
		want          string
	}{
		{false, "brokers", "nohost", "brokers"}, {false, "brokers", "", "brokers"}, {false, "topic", "", "topic"}, {false, "format", "xml", "format"},
		{false, "colour", "red", "colour"}, {false, "isolation", "serializable", "isolation"}, {false, "max_record_bytes", "-1", "max_record_bytes"},
		{false, "fetch_max_bytes", "12 parsecs", "fetch_max_bytes"}, {false, "compression", "gzip", "compression"}, {false, "tls", "perhaps", "tls"},
		{false, "tls.ca", "/nowhere.pem", "tls"}, {false, "sasl.username", "x", "sasl.mechanism"}, {false, "sasl.mechanism", "plain", "sasl.username"},
		{false, "sasl.mechanism", "kerberos", "sasl.mechanism"}, {false, "on_data_loss", "shrug", "on_data_loss"},
		{true, "compression", "rar", "compression"}, {true, "partitions", "0", "partitions"}, {true, "format", "upsert_json", "format"}, {true, "group", "g", ""},
		{false, "group", "g", ""}, {false, "fetch_max_bytes", "1 MB", ""}, {true, "replication", "3", ""},
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
		{Name: "x", Type: batch.T(batch.Int64), Metadata: "key"}, {Name: "x", Type: batch.T(batch.Text), Metadata: "offset"},
		{Name: "x", Type: batch.T(batch.Text), Metadata: "colour"}, {Name: "x", Type: batch.T(batch.Text), Metadata: "timestamp"},
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
	name := "unknown-" + run
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
	src := openSource(t, spec(bootstrap, name, rowColumns, "group", "lag-"+run))
	if err := src.(connectors.OffsetCommitter).CommitOffsets(testContext(t), map[int32]int64{0: 5, 1: 7}); err != nil {
		t.Fatal(err)
	}
	res, err := client(t, bootstrap).OffsetFetch(testContext(t), &kafkago.OffsetFetchRequest{GroupID: "lag-" + run, Topics: map[string][]int{name: {0, 1}}})
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

// TestAborted: with read_committed, rows of aborted and of open transactions are
// not seen from any offset, markers never; read_uncommitted shows all rows.
func TestAborted(t *testing.T) {
	name := topic(t, bootstrap, 1)
	a, b := newTxn(t, name, "a-"+run), newTxn(t, name, "b-"+run)
	id := 0
	var committed, all []string
	note := func(name string, seen bool) string {
		id++
		all = append(all, name)
		if seen {
			committed = append(committed, name)
		}
		return value(id, name)
	}
	plain := func(n string) { produce(t, bootstrap, name, 0, 0, note(n, true)) }
	plain("p1")
	a.write(note("a1", false), note("a2", false))
	plain("p2")
	b.write(note("b1", true))
	a.write(note("a3", false))
	a.end(false)
	b.write(note("b2", true), note("b3", true))
	a.write(note("a4", true))
	b.end(true)
	plain("p3")
	a.end(true)
	b.write(note("b4", false))
	b.end(false)
	plain("p4")
	a.write(note("open", false))

	src := openSource(t, spec(bootstrap, name, rowColumns))
	var next int64
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if _, next, err = src.Bounds(testContext(t), 0); err != nil {
			t.Fatal(err)
		}
		if next >= int64(len(all)-1+4) || time.Now().After(deadline) { // 4 markers, all before the open transaction
			break
		}
	}
	offsets := map[string]int64{}
	for from := range next {
		r := open(t, src)
		r.Assign(0, connectors.Start(from))
		rows, _ := r.collect(t, map[int32]int64{0: next}, 3)
		var names, want []string
		for _, g := range rows {
			names = append(names, g.name)
			if from == 0 {
				offsets[g.name] = g.offset
			}
		}
		for _, n := range committed {
			if offsets[n] >= from {
				want = append(want, n)
			}
		}
		if !reflect.DeepEqual(names, want) {
			t.Fatalf("from %d: %q, want %q", from, names, want)
		}
	}
	r := open(t, openSource(t, spec(bootstrap, name, rowColumns, "isolation", "read_uncommitted")))
	r.Assign(0, connectors.Earliest)
	rows, _ := r.collect(t, map[int32]int64{0: next + 1}, 100)
	var names []string
	for _, g := range rows {
		names = append(names, g.name)
	}
	if !reflect.DeepEqual(names, all) {
		t.Fatalf("uncommitted: %q, want %q", names, all)
	}
}

// txn writes transactions by kafka-go's low-level calls.
type txn struct {
	t           *testing.T
	topic, name string
	c           *kafkago.Client
	id          producerID
	seq         int32
	open        bool
}

func newTxn(t *testing.T, topic, name string) *txn {
	x := &txn{t: t, topic: topic, name: name, c: client(t, bootstrap)}
	x.repeat("InitProducerID", func() error {
		res, err := x.c.InitProducerID(testContext(t), &kafkago.InitProducerIDRequest{TransactionalID: name, TransactionTimeoutMs: 60_000, ProducerID: -1, ProducerEpoch: -1})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			x.id = producerID{int64(res.Producer.ProducerID), int16(res.Producer.ProducerEpoch)}
		}
		return err
	})
	return x
}

func (x *txn) repeat(what string, f func() error) {
	x.t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil || !passing(err) {
			break
		}
	}
	if err != nil {
		x.t.Fatalf("%s: %v", what, err)
	}
}

func (x *txn) write(values ...string) {
	x.t.Helper()
	if !x.open {
		x.open = true
		x.repeat("AddPartitionsToTxn", func() error {
			res, err := x.c.AddPartitionsToTxn(testContext(x.t), &kafkago.AddPartitionsToTxnRequest{
				TransactionalID: x.name, ProducerID: int(x.id.id), ProducerEpoch: int(x.id.epoch), Topics: map[string][]kafkago.AddPartitionToTxn{x.topic: {{Partition: 0}}},
			})
			if err == nil {
				err = res.Topics[x.topic][0].Error
			}
			return err
		})
	}
	recs := make([]kafkago.Record, len(values))
	for i, v := range values {
		recs[i].Value = kafkago.NewBytes([]byte(v))
	}
	var buf bytes.Buffer
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Transactional, Records: protocol.NewRecordReader(recs...)}
	if _, err := set.WriteTo(&buf); err != nil {
		x.t.Fatal(err)
	}
	b := outBatch{sealed: buf.Bytes()}
	b.stamp(x.id, x.seq)
	x.seq += int32(len(values))
	x.repeat("RawProduce", func() error {
		res, err := x.c.RawProduce(testContext(x.t), &kafkago.RawProduceRequest{
			Topic: x.topic, RequiredAcks: kafkago.RequireAll, TransactionalID: x.name, RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(b.sealed)},
		})
		if err == nil {
			err = res.Error
		}
		return err
	})
}

func (x *txn) end(commit bool) {
	x.t.Helper()
	x.open = false
	x.repeat("EndTxn", func() error {
		res, err := x.c.EndTxn(testContext(x.t), &kafkago.EndTxnRequest{TransactionalID: x.name, ProducerID: int(x.id.id), ProducerEpoch: int(x.id.epoch), Committed: commit})
		if err == nil {
			err = res.Error
		}
		return err
	})
}

// TestSASL: the three mechanisms, and a wrong password is told as such.
func TestSASL(t *testing.T) {
	embeddedOnly(t)
	users := []embedded.User{{Mechanism: "PLAIN", Name: "ann", Password: "a"}, {Mechanism: "SCRAM-SHA-256", Name: "bob", Password: "b"}, {Mechanism: "SCRAM-SHA-512", Name: "cyd", Password: "c"}}
	b, err := embedded.Start("", 0, users...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	for _, u := range users {
		options := []string{"sasl.mechanism", strings.ToLower(u.Mechanism), "sasl.username", u.Name, "sasl.password", u.Password}
		s := openSink(t, spec(b.Addr(), "t", rowColumns, options...))
		if err := s.(connectors.Checker).Check(testContext(t)); err != nil {
			t.Fatalf("%s: %v", u.Mechanism, err)
		}
		send(t, s, rowsOf(1))
		r := open(t, openSource(t, spec(b.Addr(), "t", rowColumns, options...)))
		r.Assign(0, connectors.Earliest)
		r.collect(t, map[int32]int64{0: 1}, 10)
		options[5] = "wrong"
		src := openSource(t, spec(b.Addr(), "t", rowColumns, options...))
		// The embedded broker gives no reason; TestAccessReal has one that does.
		if err := src.(connectors.Checker).Check(testContext(t)); err == nil || !strings.Contains(err.Error(), "are tls and sasl as it wants them") {
			t.Errorf("%s with a wrong password: %v", u.Mechanism, err)
		}
	}
}

// TestAccessReal: SASL, TLS and both, against a real broker, and the reasons of
// refusals.
func TestAccessReal(t *testing.T) {
	if tools == "" {
		t.Skip("needs DIRIGO_TEST_KAFKA_TOOLS, the folder of start and stop")
	}
	dir := filepath.Join(t.TempDir(), "kafka")
	out, err := exec.Command(tools+"/start", "--dir", dir, "--sasl", "alice:secret", "--tls").Output()
	t.Cleanup(func() { command(t, "stop", dir) })
	if err != nil {
		t.Fatal(err, string(out))
	}
	at := map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		k, v, _ := strings.Cut(line, "=")
		at[k] = v
	}
	check := func(addr string, options ...string) error {
		s := openSink(t, spec(addr, "t", rowColumns, options...))
		if err := s.(connectors.Checker).Check(testContext(t)); err != nil {
			return err
		}
		send(t, s, rowsOf(1))
		r := open(t, openSource(t, spec(addr, "t", rowColumns, options...)))
		r.Assign(0, connectors.Earliest)
		r.collect(t, map[int32]int64{0: 1}, 10)
		return nil
	}
	tls := []string{"tls", "true", "tls.ca", at["ca"], "tls.cert", filepath.Join(dir, "tls/client.pem"), "tls.key", filepath.Join(dir, "tls/client.key")}
	for _, m := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		login := []string{"sasl.mechanism", m, "sasl.username", "alice", "sasl.password", "secret"}
		if err := check(at["sasl"], login...); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		if err := check(at["sasl_tls"], append(slices.Clone(login), tls...)...); err != nil {
			t.Errorf("%s over TLS: %v", m, err)
		}
		login[5] = "wrong"
		if err := check(at["sasl"], login...); optionOf(err) != "sasl.mechanism" {
			t.Errorf("%s with a wrong password: %v", m, err)
		}
	}
	if err := check(at["tls"], tls...); err != nil {
		t.Error(err)
	}
	if err := check(at["tls"], "tls", "true", "tls.insecure_skip_verify", "true"); err != nil {
		t.Error(err)
	}
	if err := check(at["tls"], "tls", "true"); optionOf(err) != "tls" {
		t.Errorf("without the CA: %v", err)
	}
	if err := check(at["tls"]); err == nil || !strings.Contains(err.Error(), "are tls and sasl as it wants them") {
		t.Errorf("plain to TLS: %v", err)
	}
}

// TestAway: while no broker is there, readers and sinks say so and try on; once
// it is, they go on where they were.
func TestAway(t *testing.T) {
	embeddedOnly(t)
	port := freePort(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	dir := t.TempDir()
	restartable(t, addr, func() func() {
		b, err := embedded.Start(dir, port)
		if err != nil {
			t.Fatal(err)
		}
		return b.Close
	})
}

// TestAwayReal is TestAway with a real broker, which is killed.
func TestAwayReal(t *testing.T) {
	if tools == "" {
		t.Skip("needs DIRIGO_TEST_KAFKA_TOOLS, the folder of start and stop")
	}
	port := freePort(t)
	dir := filepath.Join(t.TempDir(), "kafka")
	options := []string{"--dir", dir, "--port", strconv.Itoa(port)}
	t.Cleanup(func() { command(t, "stop", dir) })
	restartable(t, fmt.Sprintf("127.0.0.1:%d", port), func() func() {
		command(t, "start", options...)
		options = options[:2]
		return func() { command(t, "stop", "--kill", dir) }
	})
}

// TestLeaderKilledReal: of three brokers one that leads is killed; what is written
// and read goes on with the others, each row once.
func TestLeaderKilledReal(t *testing.T) {
	if tools == "" {
		t.Skip("needs DIRIGO_TEST_KAFKA_TOOLS, the folder of start and stop")
	}
	dir := filepath.Join(t.TempDir(), "kafka")
	t.Cleanup(func() { command(t, "stop", dir) })
	addrs := command(t, "start", "--dir", dir, "--brokers", "3")
	const partitions = 6
	s := openSink(t, spec(addrs, "led", rowColumns, "partitions", fmt.Sprint(partitions), "replication", "3", "batch_bytes", "1kb"))
	if err := s.(connectors.Checker).Check(testContext(t)); err != nil {
		t.Fatal(err)
	}
	r := open(t, openSource(t, spec(addrs, "led", rowColumns)))
	for p := range int32(partitions) {
		r.Assign(p, connectors.Earliest)
	}
	acks := make(chan error, 1000)
	var killed time.Time
	for id := range int64(900) {
		if id == 300 {
			command(t, "stop", "--kill", "--node", "2", dir)
			killed = time.Now()
		}
		c, err := s.Encode(rowsOf(id))
		if err != nil {
			t.Fatal(err)
		}
		s.Send(c, func(err error) { acks <- err })
	}
	for i := range 900 {
		select {
		case err := <-acks:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%d of 900 acks: %s", i, s.Status())
		}
	}
	t.Logf("all acks %v after the kill", time.Since(killed).Round(100*time.Millisecond))
	seen := map[int64]int{}
	for total := 0; total < 900; {
		var rows connectors.Rows
		if err := r.next(t, &rows, 100); err != nil {
			t.Fatal(err)
		}
		total += rows.N
		for _, id := range rows.Cols[0].(*batch.Vec[int64]).Data {
			if seen[id]++; seen[id] > 1 {
				t.Fatalf("row %d came twice", id)
			}
		}
	}
	t.Logf("all rows %v after the kill", time.Since(killed).Round(100*time.Millisecond))
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func restartable(t *testing.T, addr string, start func() (stop func())) {
	s := openSink(t, spec(addr, "away", rowColumns, "partitions", "2"))
	r := open(t, openSource(t, spec(addr, "away", rowColumns)))
	if err := s.(connectors.Checker).Check(testContext(t)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Fatal(err)
	}
	acks := make(chan error, 10_000)
	sent := 0
	write := func() {
		c, err := s.Encode(rowsOf(int64(sent) % 1000))
		if err != nil {
			t.Fatal(err)
		}
		sent++
		s.Send(c, func(err error) { acks <- err })
	}
	r.Assign(0, connectors.Earliest)
	r.Assign(1, connectors.Earliest)
	write()
	until(t, "the sink to say that it cannot connect", func() bool { return strings.Contains(s.Status(), "refused") })
	<-r.woken // by its trouble
	if st := r.Status(); !strings.Contains(st.Error, "refused") {
		t.Fatal(st)
	}
	seen := map[int64]int{}
	total := 0
	read := func() {
		var rows connectors.Rows
		for total < sent {
			if err := r.next(t, &rows, 100); err != nil {
				t.Fatal(err)
			}
			for _, id := range rows.Cols[0].(*batch.Vec[int64]).Data {
				seen[id]++
				total++
			}
		}
	}
	for range 2 {
		stop := start()
		for range 200 {
			write()
		}
		for range sent - len(seen) {
			if err := <-acks; err != nil {
				t.Fatal(err)
			}
		}
		read()
		stop()
		write()
		until(t, "the reader to notice", func() bool { return r.Status().Error != "" })
	}
	stop := start()
	defer stop()
	if err := <-acks; err != nil {
		t.Fatal(err)
	}
	read()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("row %d came %d times", id, n)
		}
	}
	until(t, "both to be well again", func() bool { return r.Status().Error == "" && s.Status() == "" })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
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
