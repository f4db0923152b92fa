package kafka

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

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
