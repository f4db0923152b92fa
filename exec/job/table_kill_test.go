package job

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/storage/badger"
)

// The kill test's child keeps, in each of two tables, the rows of transaction n:
// (n·perTxn + i, n, "…") for i < perTxn, and deletes those of n − keepTxns.
const (
	tableKillDir = "DIRIGO_TABLE_KILL_DIR"
	perTxn       = 3
	keepTxns     = 40
	killClients  = 4
)

// TestMain runs the child of the kill test where that is what was asked for.
func TestMain(m *testing.M) {
	if dir := os.Getenv(tableKillDir); dir != "" {
		if err := commitUntilKilled(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func openKillTables(dir string) (*Engine, *badger.Store, error) {
	ctx := context.Background()
	s, err := badger.Open(dir, badger.Config{})
	if err != nil {
		return nil, nil, err
	}
	e, err := Open(ctx, Config{Store: s, Workers: 2, Epoch: 5 * time.Millisecond})
	for _, id := range []uint64{100, 200} {
		if err == nil {
			err = e.AddTable(ctx, testTable(id, 2, []int{0}))
		}
	}
	if err == nil {
		err = e.Start(ctx)
	}
	return e, s, err
}

// commitUntilKilled commits transactions over two tables, by several
// connections, and prints each when it is acknowledged. Every 16th is large
// enough to be several writes.
func commitUntilKilled(dir string) error {
	e, _, err := openKillTables(dir)
	if err != nil {
		return err
	}
	fmt.Println("open")
	errs := make(chan error)
	for c := range int64(killClients) {
		go func() {
			for n := c; ; n += killClients {
				if err := killTxn(e, n); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// killTxn commits transaction n, unless it is there already.
func killTxn(e *Engine, n int64) error {
	ctx := context.Background()
	x := e.Begin()
	defer x.Rollback()
	if marks, err := get(x, 100, -1-n%killClients); err != nil || marks[-1-n%killClients].v > n {
		return err
	}
	for _, table := range []uint64{100, 200} {
		mark := -1 - n%killClients // the newest transaction of this connection
		old, err := get(x, table, mark)
		if err != nil {
			return err
		}
		var minus []testRow
		if r, ok := old[mark]; ok {
			minus = append(minus, r)
		}
		if gone := n - keepTxns*killClients; gone >= 0 {
			minus = append(minus, killRows(gone)...)
		}
		if err := x.Change(table, change(minus, append(killRows(n), testRow{mark, n + 1, "mark"}))); err != nil {
			return err
		}
	}
	if _, err := x.Commit(ctx); err != nil {
		return err
	}
	_, err := fmt.Println("acked", n)
	return err
}

func killRows(n int64) []testRow {
	rows := make([]testRow, perTxn)
	if n%64 == 0 {
		rows = make([]testRow, 1200)
	}
	for i := range rows {
		text := "small"
		if n%64 == 0 {
			text = strings.Repeat("large ", 30)
		}
		rows[i] = testRow{n*10_000 + int64(i), n, text}
	}
	return rows
}

// TestTableKill: whenever the process is killed, every transaction that was
// acknowledged is there once afterwards, and none is there by half.
func TestTableKill(t *testing.T) {
	rounds := 4
	if os.Getenv("DIRIGO_CHECK") == "long" {
		rounds = 60
	}
	seed := uint64(time.Now().UnixNano())
	t.Log("seed ", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	acked := map[int64]int64{} // by connection: the newest
	total := 0
	for round := range rounds {
		total += killTables(t, dir, time.Duration(20+rng.IntN(400))*time.Millisecond, acked)
		if err := checkKilled(t, dir, acked); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	t.Logf("%d kills, %d transactions acknowledged", rounds, total)
	// The checks see what is lost, and what is there by half.
	// In each round one may have been made durable that was not acknowledged.
	ahead := map[int64]int64{0: acked[0] + int64(rounds+1)*killClients}
	if err := checkKilled(t, dir, ahead); err == nil {
		t.Error("a lost transaction was not seen")
	}
	if err := halve(dir); err != nil {
		t.Fatal(err)
	}
	if err := checkKilled(t, dir, acked); err == nil {
		t.Error("half a transaction was not seen")
	}
}

// killTables runs a child until it is killed, and notes what it acknowledged.
func killTables(t *testing.T, dir string, after time.Duration, acked map[int64]int64) (n int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), tableKillDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			if err != io.EOF {
				t.Log(err)
			}
			break // a line without an end was not told
		}
		if line == "open\n" {
			continue
		}
		number, ok := strings.CutPrefix(strings.TrimSpace(line), "acked ")
		x, perr := strconv.ParseInt(number, 10, 64)
		if !ok || perr != nil {
			t.Fatalf("the child says %q", line)
		}
		if acked[x%killClients] < x+1 {
			acked[x%killClients] = x + 1
		}
		n++
		once.Do(func() { time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) })
	}
	_ = cmd.Wait()
	return n
}

// checkKilled compares both views with what must be there.
func checkKilled(t *testing.T, dir string, acked map[int64]int64) error {
	t.Helper()
	e, s, err := openKillTables(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	defer e.Close(context.Background())
	have := [2]map[int64]int{}
	marks := [2]map[int64]int64{}
	if err := e.Flush(context.Background()); err != nil {
		return err
	}
	_, snaps, err := e.snapshots(context.Background(), []*query{e.query(101), e.query(201)})
	if err != nil {
		return err
	}
	for i := range have {
		have[i], marks[i] = map[int64]int{}, map[int64]int64{}
		for _, snap := range snaps[i] {
			err := scan(snap, func(b *batch.Batch) error {
				b = b.Compact()
				for row := range b.N {
					r := rowOf(b, row)
					switch {
					case b.DiffAt(row) != 1:
						return fmt.Errorf("%v is there %d times", r, b.DiffAt(row))
					case r.k < 0:
						marks[i][-1-r.k] = r.v
					default:
						have[i][r.v]++
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	for c := range int64(killClients) {
		newest := marks[0][c]
		if newest != marks[1][c] {
			return fmt.Errorf("connection %d: one table stands at transaction %d, the other at %d", c, newest, marks[1][c])
		}
		if newest < acked[c] {
			return fmt.Errorf("connection %d: transaction %d was acknowledged, %d is there", c, acked[c]-1, newest-1)
		}
		for n := newest - 1; n >= 0; n -= killClients {
			want := len(killRows(n))
			if n <= newest-1-keepTxns*killClients {
				want = 0
			}
			for i := range have {
				if have[i][n] != want {
					return fmt.Errorf("table %d: %d rows of transaction %d, want %d", i, have[i][n], n, want)
				}
				delete(have[i], n)
			}
		}
	}
	if len(have[0])+len(have[1]) > 0 {
		return fmt.Errorf("rows of transactions that never were: %v %v", have[0], have[1])
	}
	return nil
}

// halve commits one half of a transaction.
func halve(dir string) error {
	e, s, err := openKillTables(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	defer e.Close(context.Background())
	x := e.Begin()
	if err := x.Change(100, change(nil, killRows(1 << 30)[:1])); err != nil {
		return err
	}
	_, err = x.Commit(context.Background())
	return err
}
