package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
)

// broker is an embedded broker, in this process or in one of its own.
type broker struct {
	t      testing.TB
	addr   string
	client *kafkago.Client
	cmd    *exec.Cmd // nil: in this process
	dir    string
}

// newBroker starts a broker in this process.
func newBroker(t testing.TB) *broker {
	t.Helper()
	b, err := embedded.Start("", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return &broker{t: t, addr: b.Addr(), client: clientOf(t, b.Addr())}
}

// newBrokerProcess starts a broker that can be stopped and started again.
func newBrokerProcess(t testing.TB) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir()}
	b.start()
	t.Cleanup(b.stop)
	b.client = clientOf(t, b.addr)
	return b
}

func clientOf(t testing.TB, addr string) *kafkago.Client {
	tr := &kafkago.Transport{MetadataTTL: time.Second}
	t.Cleanup(tr.CloseIdleConnections)
	return &kafkago.Client{Addr: kafkago.TCP(addr), Transport: tr, Timeout: 30 * time.Second}
}

func (b *broker) start() {
	b.t.Helper()
	port := "0"
	if b.addr != "" {
		port = b.addr[strings.LastIndex(b.addr, ":")+1:]
	}
	b.cmd = exec.Command(os.Args[0])
	b.cmd.Env = append(os.Environ(), "DIRIGO_CHAOS_BROKER="+b.dir, "DIRIGO_CHAOS_PORT="+port)
	b.cmd.Stderr = os.Stderr
	out, err := b.cmd.StdoutPipe()
	if err == nil {
		err = b.cmd.Start()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.t.Fatalf("the broker did not start: %v", err)
	}
	b.addr = strings.TrimSpace(line)
}

// stop ends the broker's process; its directory keeps what it had.
func (b *broker) stop() {
	if b.cmd == nil {
		return
	}
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	_ = b.cmd.Wait()
	b.cmd = nil
}

// retry calls f until it succeeds.
func (b *broker) retry(what string, f func(ctx context.Context) error) {
	b.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err = f(ctx)
		cancel()
		if err == nil {
			return
		}
	}
	b.t.Errorf("%s: %v", what, err)
}

func (b *broker) topic(name string, partitions int) {
	b.t.Helper()
	b.retry("create topic "+name, func(ctx context.Context) error {
		res, err := b.client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{
			Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}},
		})
		if err == nil {
			err = res.Errors[name]
		}
		if errors.Is(err, kafkago.TopicAlreadyExists) {
			return nil
		}
		return err
	})
}

// produce appends values to a partition.
func (b *broker) produce(topic string, partition int, values ...string) {
	b.t.Helper()
	if len(values) == 0 {
		return
	}
	b.retry("produce to "+topic, func(ctx context.Context) error {
		recs := make([]kafkago.Record, len(values))
		for i, v := range values {
			recs[i] = kafkago.Record{Value: kafkago.NewBytes([]byte(v)), Time: time.Now()}
		}
		res, err := b.client.Produce(ctx, &kafkago.ProduceRequest{
			Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(recs...),
		})
		if err == nil {
			err = res.Error
		}
		return err
	})
}

// record is one record of a topic.
type record struct {
	partition  int
	offset     int64
	key, value string
	tombstone  bool
}

// consume returns all records of a topic, by partition and offset.
func (b *broker) consume(topic string) []record {
	b.t.Helper()
	var out []record
	for p := range b.partitions(topic) {
		out = append(out, b.consumePartition(topic, p)...)
	}
	return out
}

func (b *broker) partitions(topic string) (n int) {
	b.t.Helper()
	b.retry("metadata of "+topic, func(ctx context.Context) error {
		res, err := b.client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
		if err != nil {
			return err
		}
		for _, t := range res.Topics {
			if t.Error != nil {
				return t.Error
			}
			n = len(t.Partitions)
		}
		if n == 0 {
			return fmt.Errorf("no partitions")
		}
		return nil
	})
	return n
}

func (b *broker) end(topic string, p int) (end int64) {
	b.t.Helper()
	b.retry("end of "+topic, func(ctx context.Context) error {
		res, err := b.client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
			Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.LastOffsetOf(p)}},
		})
		if err == nil {
			end = res.Topics[topic][0].LastOffset
		}
		return err
	})
	return end
}

func (b *broker) consumePartition(topic string, p int) (out []record) {
	b.t.Helper()
	at, end := int64(0), b.end(topic, p)
	for at < end {
		b.retry("read "+topic, func(ctx context.Context) error {
			res, err := b.client.Fetch(ctx, &kafkago.FetchRequest{
				Topic: topic, Partition: p, Offset: at, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: time.Second,
			})
			if err == nil {
				err = res.Error
			}
			if err != nil {
				return err
			}
			for {
				r, err := res.Records.ReadRecord()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				if r.Offset < at {
					continue
				}
				out = append(out, recordOf(p, r))
				at = r.Offset + 1
			}
		})
	}
	return out
}

func recordOf(p int, r *kafkago.Record) record {
	x := record{partition: p, offset: r.Offset}
	if r.Key != nil {
		key, _ := io.ReadAll(r.Key)
		x.key = string(key)
	}
	x.tombstone = r.Value == nil
	if r.Value != nil {
		value, _ := io.ReadAll(r.Value)
		x.value = string(value)
	}
	return x
}
