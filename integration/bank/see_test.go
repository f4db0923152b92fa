package bank

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/dirigo-stream/dirigo/integration/node"
)

func TestMain(m *testing.M) {
	code := m.Run()
	node.Clean()
	os.Exit(code)
}

// subscriber follows the view by owner and adds it up after every tick.
func (b *bank) subscriber() {
	b.again(func(ctx context.Context, c *pgx.Conn) error {
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := c.PgConn().CopyTo(ctx, w, "COPY (SUBSCRIBE TO by_owner) TO STDOUT")
			w.CloseWithError(io.EOF)
			done <- err
		}()
		seen := b.fold(r)
		r.CloseWithError(io.EOF)
		err := <-done
		if seen != nil {
			return seen
		}
		var pe *pgconn.PgError
		if errors.As(err, &pe) && pe.Code[:2] != "57" {
			return wrong("SUBSCRIBE: %v", err)
		}
		if err == nil {
			err = io.EOF
		}
		return err
	})
}

// fold adds up the content of by_owner whenever a tick is complete, which is
// known when a later one begins.
func (b *bank) fold(r io.Reader) error {
	content := map[string]int{} // rows "name, money, moves" by count
	lines := bufio.NewScanner(r)
	last := ""
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 5 {
			return nil // cut off by a kill
		}
		if last != "" && f[0] != last {
			if err := addUp(content); err != nil {
				return wrong("SUBSCRIBE at tick %s: %v", last, err)
			}
			b.ticks.Add(1)
		}
		last = f[0]
		n, err := strconv.Atoi(f[1])
		if err != nil {
			return wrong("SUBSCRIBE gave %q", lines.Text())
		}
		row := strings.Join(f[2:], "\t")
		if content[row] += n; content[row] == 0 {
			delete(content, row)
		}
	}
	return nil
}

func addUp(content map[string]int) error {
	total, moves := 0, 0
	names := map[string]bool{}
	for row, n := range content {
		f := strings.Split(row, "\t")
		if n != 1 || names[f[0]] {
			return fmt.Errorf("%d × %q, or a second row of it", n, row)
		}
		names[f[0]] = true
		m, _ := strconv.Atoi(f[1])
		v, _ := strconv.Atoi(f[2])
		total, moves = total+m, moves+v
	}
	return sound(strconv.Itoa(total), strconv.Itoa(moves))
}

// settle compares the accounts with the transfers, those with what was
// acknowledged, and reads the topic from its beginning.
func (b *bank) settle() {
	b.t.Helper()
	c, err := b.connect()
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close(context.Background())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	table := func(sql string) [][]string {
		results, err := c.PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			b.t.Fatalf("%s: %v", sql, err)
		}
		var out [][]string
		for _, row := range results[0].Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = string(v)
			}
			out = append(out, cells)
		}
		return out
	}
	table("FLUSH")
	want := make([]int, accounts)
	for i := range want {
		want[i] = opening
	}
	there := map[string]bool{}
	for _, r := range table("SELECT id, source, target, amount FROM transfers") {
		from, _ := strconv.Atoi(r[1])
		to, _ := strconv.Atoi(r[2])
		n, _ := strconv.Atoi(r[3])
		want[from] -= n
		want[to] += n
		if there[r[0]] {
			b.t.Errorf("transfer %s is there twice", r[0])
		}
		there[r[0]] = true
	}
	for id := range b.acked {
		if !there[id] {
			b.t.Errorf("transfer %s was acknowledged and is not there", id)
		}
	}
	for _, r := range table("SELECT id, balance FROM accounts") {
		id, _ := strconv.Atoi(r[0])
		if r[1] != strconv.Itoa(want[id]) {
			b.t.Errorf("account %s holds %s, its transfers make %d", r[0], r[1], want[id])
		}
	}
	final := table("SELECT money, moves FROM total")[0]
	if final[0] != money || final[1] != strconv.Itoa(2*len(there)) {
		b.t.Errorf("money %s, moves %s after %d transfers", final[0], final[1], len(there))
	}
	records := b.topic(final[1])
	b.t.Logf("%d transfers, %d acknowledged, %d deadlocks, %d lock timeouts, %d reads, %d ticks subscribed, %d records in the topic",
		len(there), len(b.acked), b.deadlocks.Load(), b.timeouts.Load(), b.reads.Load(), b.ticks.Load(), records)
	if len(b.acked) == 0 || b.reads.Load() == 0 || records == 0 {
		b.t.Error("nothing was tried")
	}
}

// topic reads the topic of totals to the record that says last, and returns how
// many there were: none of them may be wrong, nor a tombstone.
func (b *bank) topic(last string) int {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers), kgo.ConsumeTopics("totals"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		b.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := 0
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			b.t.Fatalf("after %d records, none of which says %s moves: %v", n, last, err)
		}
		ended := false
		fetches.EachRecord(func(r *kgo.Record) {
			n++
			var v struct{ Money, Moves json.Number }
			if err := json.Unmarshal(r.Value, &v); err != nil {
				b.t.Errorf("record %d: %q: %v", r.Offset, r.Value, err)
				return
			}
			if err := sound(v.Money.String(), v.Moves.String()); err != nil {
				b.t.Errorf("record %d: %v", r.Offset, err)
			}
			ended = v.Moves.String() == last
		})
		if ended {
			return n
		}
	}
}

// TestWrongIsSeen: the checks see a half transaction.
func TestWrongIsSeen(t *testing.T) {
	if sound(money, "4") != nil {
		t.Error("a right total is refused")
	}
	for _, c := range [][2]string{{"39990", "3"}, {money, "3"}, {"39990", "4"}, {"", ""}} {
		if sound(c[0], c[1]) == nil {
			t.Errorf("%v passes", c)
		}
	}
	if addUp(map[string]int{"a\t20000\t2": 1, "b\t20000\t2": 1}) != nil {
		t.Error("a right content is refused")
	}
	for _, c := range []map[string]int{
		{"a\t20000\t2": 1, "b\t19990\t3": 1},
		{"a\t20000\t2": 2},
		{"a\t20000\t2": 1, "a\t20000\t4": 1},
		{"a\t40000\t2": -1},
	} {
		if addUp(c) == nil {
			t.Errorf("%v passes", c)
		}
	}
}
