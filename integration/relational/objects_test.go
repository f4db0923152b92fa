package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
)

// broker is an embedded broker with a client of its own.
type broker struct {
	*embedded.Broker
	client *kgo.Client
	made   atomic.Int64 // topics
}

func startBroker() (*broker, error) {
	b, err := embedded.Start("", 0)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		b.Close()
		return nil, err
	}
	return &broker{Broker: b, client: client}, nil
}

func (k *broker) close() {
	k.client.Close()
	k.Close()
}

// topic makes one that was never there.
func (k *broker) topic(name string, partitions int) (string, error) {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = fmt.Sprintf("%s-%d", name, k.made.Add(1)), int32(partitions), 1
	req := kmsg.NewCreateTopicsRequest()
	req.Topics = append(req.Topics, t)
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	resp, err := req.RequestWith(ctx, k.client)
	if err != nil {
		return "", err
	}
	return t.Topic, kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// stream makes "partitions name (columns)": over a topic, and as a table that
// holds the partition too.
func (b *bench) stream(sql string) (bool, error) {
	count, rest, _ := strings.Cut(sql, " ")
	name, columns, _ := strings.Cut(rest, " ")
	var partitions int
	if _, err := fmt.Sscan(count, &partitions); err != nil {
		return false, fmt.Errorf("%s: %w", sql, err)
	}
	topic, err := b.broker.topic(name, partitions)
	if err != nil {
		return false, err
	}
	if m := delayed.FindStringSubmatch(columns); m != nil {
		b.watermarks[name] = watermark(name, m[1], m[2], partitions)
	}
	plain := strings.TrimSuffix(delayed.ReplaceAllString(columns, ""), ")") + ", dirigo_partition INT)"
	if want := b.pg.run("CREATE TABLE " + name + " " + plain); want.err != nil {
		return false, want.err
	}
	b.objects = append(b.objects, "DROP TABLE "+name)
	got := b.dirigo.run("CREATE STREAM " + name + " " + columns + " WITH (connector = 'kafka', topic = '" + topic + "', format = 'json')")
	if got.err != nil {
		b.pg.run("DROP TABLE " + name)
		return false, differ("stream %s: %v", sql, got.err)
	}
	b.objects[len(b.objects)-1] = "DROP STREAM " + name
	b.topics[name] = topic
	return true, nil
}

// append takes "partition stream [rows]".
func (b *bench) append(sql string) (bool, error) {
	parts := strings.SplitN(sql, " ", 3)
	var partition int32
	var rows []json.RawMessage
	if _, err := fmt.Sscan(parts[0], &partition); err != nil {
		return false, fmt.Errorf("%s: %w", sql, err)
	}
	if err := json.Unmarshal([]byte(parts[2]), &rows); err != nil {
		return false, fmt.Errorf("%s: %w", sql, err)
	}
	topic, ok := b.topics[parts[1]]
	if !ok {
		return false, nil
	}
	quoted := strings.ReplaceAll(parts[2], "'", "''")
	want := b.pg.run(fmt.Sprintf(`INSERT INTO %s SELECT r.* FROM json_array_elements('%s') AS j,
		json_populate_record(NULL::%s, (j::JSONB || '{"dirigo_partition": %d}')::JSON) AS r`, parts[1], quoted, parts[1], partition))
	if want.err != nil {
		return false, want.err
	}
	var batch []*kgo.Record
	for _, r := range rows {
		batch = append(batch, &kgo.Record{Topic: topic, Partition: partition, Value: r})
	}
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	return true, b.broker.client.ProduceSync(ctx, batch...).FirstErr()
}

// view creates "name AS query" in both.
func (b *bench) view(sql string) (bool, error) {
	name := strings.Fields(sql)[0]
	head, body, _ := strings.Cut(sql, " AS ")
	theirs := postgresql(body, b.watermarks)
	if !b.small(theirs) {
		return false, nil
	}
	if want := b.pg.run("CREATE VIEW " + head + " AS " + theirs); want.err != nil {
		return false, want.err
	}
	got := b.dirigo.run("CREATE MATERIALIZED VIEW " + sql)
	switch {
	case got.code == "0A000":
		b.refused[got.err.Error()]++
		b.pg.run("DROP VIEW " + name)
		return false, nil
	case got.err != nil:
		b.objects = append(b.objects, "DROP VIEW "+name)
		return false, differ("view %s: %v", sql, got.err)
	}
	b.views = append(b.views, name)
	b.objects = append(b.objects, "DROP VIEW "+name)
	return true, nil
}

// drop drops a view of both; ok is false where others read it.
func (b *bench) drop(name string) (bool, error) {
	want, got := b.pg.run("DROP VIEW "+name), b.dirigo.run("DROP MATERIALIZED VIEW "+name)
	if got.code != want.code {
		return false, differ("DROP VIEW %s: %v, PostgreSQL: %v", name, got.err, want.err)
	}
	if want.code != "" {
		return false, nil
	}
	b.views = slices.DeleteFunc(b.views, func(v string) bool { return v == name })
	b.objects = slices.DeleteFunc(b.objects, func(o string) bool { return o == "DROP VIEW "+name })
	return true, nil
}

// clear drops what the case made.
func (b *bench) clear() error {
	for _, drop := range slices.Backward(b.objects) {
		b.pg.run(strings.Replace(drop, "DROP STREAM", "DROP TABLE", 1))
		mine := strings.Replace(drop, "DROP VIEW", "DROP MATERIALIZED VIEW", 1)
		if got := b.dirigo.run(mine); got.err != nil {
			return differ("%s: %v", mine, got.err)
		}
	}
	b.objects, b.views = nil, nil
	return nil
}

// forget drops what the case made in PostgreSQL, whatever state it was left in.
func (b *bench) forget() {
	b.pg.run("ROLLBACK")
	for _, drop := range slices.Backward(b.objects) {
		b.pg.run(strings.Replace(drop, "DROP STREAM", "DROP TABLE", 1) + " CASCADE")
	}
	b.objects, b.views = nil, nil
}
