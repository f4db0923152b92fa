package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// TestJoinKeyChanges: a row whose join key changes leaves one instance of the
// join and comes at another. A view and an upsert topic by the row's own key
// must take −old and +new together, in whatever order the two arrive: else a
// tombstone stays where there is a row.
func TestJoinKeyChanges(t *testing.T) {
	schedules := 12
	if cases() > 100 {
		schedules = 1000
	}
	base := *seedFlag
	if base == 0 {
		base = uint64(time.Now().UnixNano() % 1e9)
	}
	broker, err := embedded.Start("", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	changes := 0
	for i := range schedules {
		changes += joinKey(t, broker.Addr(), base+uint64(i))
		if t.Failed() {
			break
		}
	}
	t.Logf("%d schedules from seed %d, %d changes of a key", schedules, base, changes)
}

// joinKey runs one schedule and returns how often a key changed.
func joinKey(t *testing.T, brokers string, seed uint64) int {
	cfg := lentAndCut(seed)
	cfg.Store, cfg.Listen, cfg.Workers, cfg.Kafka = mem.NewDisk().Open(), "127.0.0.1:0", 2, brokers
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), *patience)
		defer cancel()
		_ = s.Close(ctx)
	}()
	c, err := dial(t.Context(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	topic := fmt.Sprintf("joined-%d", seed)
	do := func(sql string) answer {
		a := c.run(sql)
		if a.err != nil {
			t.Fatalf("seed %d: %s: %v", seed, sql, a.err)
		}
		return a
	}
	do(`CREATE TABLE o (id INT PRIMARY KEY, cid INT NOT NULL)`)
	do(`CREATE TABLE c (id INT PRIMARY KEY, name TEXT NOT NULL)`)
	do(`CREATE MATERIALIZED VIEW j AS SELECT o.id, c.name FROM o JOIN c ON o.cid = c.id`)
	do(`CREATE STREAM k WITH (connector = 'kafka', topic = '` + topic + `', format = 'upsert_json', key = 'id', delivery = 'at_least_once') AS
		SELECT o.id, c.name FROM o JOIN c ON o.cid = c.id`)
	rng := rand.New(rand.NewPCG(seed, 4))
	const orders, customers = 6, 9
	want := map[int]int{}
	for i := range customers {
		do(fmt.Sprintf("INSERT INTO c VALUES (%d, 'c%d')", i, i))
	}
	for i := range orders {
		want[i] = rng.IntN(customers)
		do(fmt.Sprintf("INSERT INTO o VALUES (%d, %d)", i, want[i]))
	}
	changes := 0
	for range 4 {
		for range 1 + rng.IntN(6) {
			id := rng.IntN(orders)
			want[id] = rng.IntN(customers)
			do(fmt.Sprintf("UPDATE o SET cid = %d WHERE id = %d", want[id], id))
			changes++
		}
		do("FLUSH")
		var rows []string
		for id, cid := range want {
			rows = append(rows, fmt.Sprintf("%d|c%d", id, cid))
		}
		if diff := difference(do("SELECT * FROM j").rows, rows); diff != "" {
			t.Errorf("seed %d: view:\n%s", seed, diff)
		}
		if diff := difference(lastByKey(t, brokers, topic), rows); diff != "" {
			t.Errorf("seed %d: topic:\n%s", seed, diff)
		}
	}
	return changes
}

// lastByKey reads a topic from its beginning to its end and returns the last
// value of every key that is not a tombstone.
func lastByKey(t *testing.T, brokers, topic string) []string {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), *patience)
	defer cancel()
	last := map[string]string{}
	for left := ends(ctx, t, client, topic); len(left) > 0; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			last[string(r.Key)] = string(r.Value)
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	var rows []string
	for _, value := range last {
		if value == "" {
			continue
		}
		var v struct {
			ID   int
			Name string
		}
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		rows = append(rows, strconv.Itoa(v.ID)+"|"+v.Name)
	}
	slices.Sort(rows)
	return rows
}
