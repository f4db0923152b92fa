package bank

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/integration/node"
)

const (
	accounts = 40
	owners   = 7
	opening  = 1000 // each account's balance at first
	clients  = 16
	// patience is how long anything may take; never a matter of speed.
	patience = 3 * time.Minute
)

// money is what every total must say.
var money = strconv.Itoa(accounts * opening)

var schema = []string{
	`CREATE TABLE owners (id INT PRIMARY KEY, name TEXT NOT NULL, bank TEXT NOT NULL)`,
	`CREATE TABLE accounts (id INT PRIMARY KEY, owner INT NOT NULL, balance BIGINT NOT NULL, moves BIGINT NOT NULL)`,
	`CREATE TABLE transfers (id TEXT PRIMARY KEY, source INT NOT NULL, target INT NOT NULL, amount BIGINT NOT NULL)`,
}

var views = []string{
	`CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n, sum(a.balance) AS money, sum(a.moves) AS moves
		FROM accounts a JOIN owners o ON a.owner = o.id`,
	`CREATE MATERIALIZED VIEW by_owner AS SELECT o.name, sum(a.balance) AS money, sum(a.moves) AS moves
		FROM accounts a JOIN owners o ON a.owner = o.id GROUP BY o.name`,
	`CREATE MATERIALIZED VIEW grand AS SELECT sum(money) AS money, sum(moves) AS moves FROM by_owner`,
	`CREATE STREAM totals WITH (connector = 'kafka', topic = 'totals', format = 'upsert_json', key = 'bank', delivery = 'at_least_once') AS
		SELECT o.bank, sum(a.balance) AS money, sum(a.moves) AS moves FROM accounts a JOIN owners o ON a.owner = o.id GROUP BY o.bank`,
}

// bank is a node with what is done to it and seen of it.
type bank struct {
	t       *testing.T
	data    string
	brokers string
	flags   []string

	mu   sync.RWMutex // held for writing while the node is being restarted
	proc *node.Process

	ids     atomic.Int64
	ackedMu sync.Mutex
	acked   map[string]bool
	reads   atomic.Int64

	deadlocks, timeouts atomic.Int64 // of transactions, which were rolled back

	ticks atomic.Int64 // of subscribers
	over  chan struct{}
}

func open(t *testing.T, parallelism int) *bank {
	t.Helper()
	broker, err := embedded.Start("", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	b := &bank{t: t, data: t.TempDir(), brokers: broker.Addr(), acked: map[string]bool{}, over: make(chan struct{})}
	b.flags = []string{"--kafka", b.brokers, "--parallelism", strconv.Itoa(parallelism)}
	if b.proc, err = node.Start(b.data, b.flags...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.proc.Kill() })
	conn, err := b.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	run := func(sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, sql := range schema {
		run(sql)
	}
	for i := range owners {
		run(fmt.Sprintf("INSERT INTO owners VALUES (%d, 'owner%d', 'main')", i, i))
	}
	run("BEGIN")
	for i := range accounts {
		run(fmt.Sprintf("INSERT INTO accounts VALUES (%d, %d, %d, 0)", i, i%owners, opening))
	}
	run("COMMIT")
	for _, sql := range views {
		run(sql)
	}
	return b
}

// connect opens a connection to the node that runs now.
func (b *bank) connect() (*pgx.Conn, error) {
	b.mu.RLock()
	addr := b.proc.Addr
	b.mu.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return pgx.Connect(ctx, "postgres://test@"+addr+"/dirigo?sslmode=disable")
}

// again runs f on connections until the test is over: a lost connection is
// opened again, as the node may have been killed.
func (b *bank) again(f func(ctx context.Context, c *pgx.Conn) error) {
	for {
		select {
		case <-b.over:
			return
		default:
		}
		c, err := b.connect()
		if err != nil {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			select {
			case <-b.over:
				cancel()
			case <-ctx.Done():
			}
		}()
		for err = nil; err == nil && ctx.Err() == nil; {
			err = f(ctx, c)
		}
		var wrong *wrongError
		if errors.As(err, &wrong) {
			b.t.Error(err)
			cancel()
			return
		}
		cancel()
		_ = c.Close(context.Background())
	}
}

// wrongError is something that must not be seen.
type wrongError struct{ text string }

func (e *wrongError) Error() string { return e.text }

func wrong(format string, args ...any) error { return &wrongError{fmt.Sprintf(format, args...)} }

// mover transfers money between random accounts, and moves accounts between
// owners. It ends between two transactions: a COMMIT whose client went away may
// still be carried out, while the end is being compared.
func (b *bank) mover(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 11))
	b.again(func(_ context.Context, c *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if rng.IntN(8) == 0 {
			_, err := c.Exec(ctx, fmt.Sprintf("UPDATE accounts SET owner = %d WHERE id = %d", rng.IntN(owners), rng.IntN(accounts)))
			return b.survive(ctx, c, err)
		}
		id := fmt.Sprintf("t%d", b.ids.Add(1))
		from, to, amount := rng.IntN(accounts), rng.IntN(accounts), 1+rng.IntN(50)
		if from == to {
			return nil
		}
		for _, sql := range []string{
			"BEGIN",
			fmt.Sprintf("UPDATE accounts SET balance = balance - %d, moves = moves + 1 WHERE id = %d", amount, from),
			fmt.Sprintf("UPDATE accounts SET balance = balance + %d, moves = moves + 1 WHERE id = %d", amount, to),
			fmt.Sprintf("INSERT INTO transfers VALUES ('%s', %d, %d, %d)", id, from, to, amount),
		} {
			if _, err := c.Exec(ctx, sql); err != nil {
				return b.survive(ctx, c, err)
			}
		}
		if rng.IntN(10) == 0 {
			_, err := c.Exec(ctx, "ROLLBACK")
			return b.survive(ctx, c, err)
		}
		if _, err := c.Exec(ctx, "COMMIT"); err != nil {
			return b.survive(ctx, c, err)
		}
		b.ackedMu.Lock()
		b.acked[id] = true
		b.ackedMu.Unlock()
		return nil
	})
}

// survive rolls back after an error that a client may repeat a transaction
// after; others it returns.
func (b *bank) survive(ctx context.Context, c *pgx.Conn, err error) error {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		return err
	}
	switch pe.Code {
	case "40P01", "40001":
		b.deadlocks.Add(1)
		_, err = c.Exec(ctx, "ROLLBACK")
		return err
	case "55P03":
		b.timeouts.Add(1)
		_, err = c.Exec(ctx, "ROLLBACK")
		return err
	case "57P01", "57P02", "57P03":
		return err
	}
	return wrong("a transaction failed: %v", err)
}

// reader reads totals: of one view, of another over a view, of both at one
// moment, and of the table itself.
func (b *bank) reader() {
	queries := []string{
		"SELECT money, moves FROM total",
		"SELECT money, moves FROM grand",
		"SELECT sum(balance), sum(moves) FROM accounts",
		"SELECT sum(money), sum(moves) FROM by_owner",
		"SELECT t.money, CASE WHEN t.moves = g.moves THEN t.moves END FROM total t CROSS JOIN grand g",
	}
	n := 0
	b.again(func(ctx context.Context, c *pgx.Conn) error {
		sql := queries[n%len(queries)]
		n++
		results, err := c.PgConn().Exec(ctx, sql).ReadAll()
		var pe *pgconn.PgError
		if errors.As(err, &pe) && pe.Code[:2] != "57" {
			return wrong("%s: %v", sql, err)
		}
		if err != nil {
			return err
		}
		rows := results[0].Rows
		if len(rows) != 1 {
			return wrong("%s gave %d rows", sql, len(rows))
		}
		if err := sound(string(rows[0][0]), string(rows[0][1])); err != nil {
			return wrong("%s: %v", sql, err)
		}
		b.reads.Add(1)
		return nil
	})
}

// sound says whether a total is one that a moment between two transactions had.
func sound(total, moves string) error {
	n, err := strconv.Atoi(moves)
	if total != money || err != nil || n%2 != 0 {
		return fmt.Errorf("money %q of %s, moves %q: a moment that never was", total, money, moves)
	}
	return nil
}

// restart kills the node and starts it over the same data.
func (b *bank) restart() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.proc.Kill(); err != nil {
		b.t.Fatal(err)
	}
	p, err := node.Start(b.data, b.flags...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.proc = p
}

func amount(name string, usual, long int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	if os.Getenv("DIRIGO_CHECK") == "long" {
		return long
	}
	return usual
}

// TestTotals: sixteen connections move money; no SELECT, SUBSCRIBE or topic
// ever shows a wrong total.
func TestTotals(t *testing.T) {
	b := open(t, 3)
	end := b.play(2, 2)
	want := int64(amount("DIRIGO_BANK_READS", 400, 10_000))
	for begin := time.Now(); b.reads.Load() < want || b.ticks.Load() < want/10; time.Sleep(10 * time.Millisecond) {
		if t.Failed() {
			break
		}
		if time.Since(begin) > 5*patience {
			t.Errorf("%d reads and %d ticks only", b.reads.Load(), b.ticks.Load())
			break
		}
	}
	end()
	b.settle()
}

// TestKilled: the same while the node is killed; every acknowledged transaction
// is there once, none half.
func TestKilled(t *testing.T) {
	b := open(t, 1+os.Getpid()%3)
	end := b.play(1, 1)
	kills := amount("DIRIGO_CHAOS_KILLS", 4, 50)
	rng := rand.New(rand.NewPCG(uint64(os.Getpid()), 5))
	for range kills {
		life := 20 + rng.IntN(700)
		if rng.IntN(3) == 0 {
			life += 1000 // long enough for a Seal
		}
		time.Sleep(time.Duration(life) * time.Millisecond)
		if t.Failed() {
			break
		}
		b.restart()
	}
	end()
	t.Logf("%d kills", kills)
	b.settle()
}

// play lets movers, readers and subscribers go until the returned function is
// called.
func (b *bank) play(readers, subscribers int) (end func()) {
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { b.mover(uint64(time.Now().UnixNano()) + uint64(i)) })
	}
	for range readers {
		all.Go(b.reader)
	}
	for range subscribers {
		all.Go(b.subscriber)
	}
	return func() {
		close(b.over)
		all.Wait()
	}
}
