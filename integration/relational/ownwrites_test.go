package relational

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// weir keeps back what comes to aggregates while it is shut.
type weir struct {
	mu   sync.Mutex
	shut chan struct{} // nil: it is open
}

// Lend implements actors.Lending: nothing is lent.
func (w *weir) Lend(*actors.Offer) (int, bool) {
	w.mu.Lock()
	shut := w.shut
	w.mu.Unlock()
	if shut != nil {
		<-shut
	}
	return 0, false
}

func (w *weir) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = make(chan struct{})
}

func (w *weir) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut != nil {
		close(w.shut)
	}
	w.shut = nil
}

// TestOwnWrites: what a session has inserted, it sees in every view over it,
// however long that takes to come there; others go on reading what was.
func TestOwnWrites(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano() % 1e9)
	}
	w := &weir{}
	s, err := server.Start(t.Context(), server.Config{
		Store: mem.NewDisk().Open(), Listen: "127.0.0.1:0", Workers: 4, Parallelism: 1, Epoch: time.Hour, Lending: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		w.open()
		ctx, cancel := context.WithTimeout(context.Background(), *patience)
		defer cancel()
		_ = s.Close(ctx)
	}()
	writer, err := dial(t.Context(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	other, err := dial(t.Context(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	other.extended = true
	do := func(c *client, sql string) []string {
		a := c.run(sql)
		if a.err != nil {
			t.Fatalf("seed %d: %s: %v", seed, sql, a.err)
		}
		return a.rows
	}
	do(writer, `CREATE TABLE t (id INT PRIMARY KEY, g INT NOT NULL)`)
	do(writer, `CREATE MATERIALIZED VIEW v AS SELECT g, count(*) AS n FROM t GROUP BY g`)
	do(writer, `CREATE MATERIALIZED VIEW above AS SELECT g % 2 AS odd, sum(n) AS n FROM v GROUP BY g % 2`)
	reads := []string{
		"SELECT n FROM v WHERE g = 3", // looked up by key
		"SELECT sum(n) FROM v WHERE g > 2 AND g < 4",
		"SELECT n FROM above WHERE odd = 1",
		"SELECT v.n FROM v JOIN above ON v.g = 3 AND above.odd = 1 AND above.n = v.n",
		"SELECT (SELECT n FROM above WHERE odd = 1) FROM t WHERE id = 0",
	}
	do(writer, "INSERT INTO t VALUES (0, 3)")
	do(writer, "FLUSH")
	rng := rand.New(rand.NewPCG(seed, 6))
	for n := 1; n <= 3*len(reads); n++ {
		sql := reads[rng.IntN(len(reads))]
		writer.extended = rng.IntN(2) == 0
		w.close()
		do(writer, fmt.Sprintf("INSERT INTO t VALUES (%d, 3)", n))
		seen := make(chan answer, 1)
		go func() { seen <- writer.run(sql) }()
		for range 20 { // by then the writer's SELECT is there
			if was := do(other, reads[1]); !slices.Equal(was, []string{fmt.Sprint(n)}) {
				t.Fatalf("seed %d: the %d. row has come through what is held back: %v", seed, n+1, was)
			}
		}
		w.open()
		if a := <-seen; a.err != nil || !slices.Equal(a.rows, []string{fmt.Sprint(n + 1)}) {
			t.Fatalf("seed %d: a session that has inserted %d rows: %s: %v %v", seed, n+1, sql, a.rows, a.err)
		}
	}
}
