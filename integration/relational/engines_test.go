package relational

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/integration/node"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// client is a connection to either engine.
type client struct {
	mu       sync.Mutex // a PostgreSQL is shared
	conn     *pgconn.PgConn
	extended bool // it sends Parse, Bind and Execute, not Query
}

func dial(ctx context.Context, addr string) (*client, error) {
	conn, err := pgconn.Connect(ctx, "postgres://test@"+addr+"/dirigo?sslmode=disable")
	if err != nil {
		return nil, err
	}
	return &client{conn: conn}, nil
}

// answer is what a statement gave: rows as text, sorted by nobody, and the tag,
// or an SQLSTATE.
type answer struct {
	rows []string
	tag  string
	code string
	err  error
}

func (c *client) run(sql string) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	if c.extended {
		r := c.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
		return newAnswer([]*pgconn.Result{r}, r.Err)
	}
	return newAnswer(c.conn.Exec(ctx, sql).ReadAll())
}

// load is COPY FROM STDIN of data in the text format.
func (c *client) load(table, data string) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	tag, err := c.conn.CopyFrom(ctx, strings.NewReader(data), "COPY "+table+" FROM STDIN")
	return newAnswer([]*pgconn.Result{{CommandTag: tag}}, err)
}

func newAnswer(results []*pgconn.Result, err error) answer {
	a := answer{err: err}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		a.code = pe.Code
		return a
	}
	for _, r := range results {
		a.tag = r.CommandTag.String()
		for _, row := range r.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = string(v)
				if v == nil {
					cells[i] = "NULL"
				}
			}
			a.rows = append(a.rows, strings.Join(cells, "|"))
		}
	}
	return a
}

// lost says that the connection, not the statement, failed.
func (a answer) lost() bool { return a.err != nil && a.code == "" }

// variant is one way to run Dirigo that must not change its rows.
type variant struct {
	name   string
	config func(seed uint64) server.Config
	kill   bool // SIGKILL of a process at places that the seed chooses
}

func (v variant) restarts() bool { return v.kill || v.name == "restarted" }

var variants = []variant{
	// Without epochs nothing is cut but by what a session does.
	{name: "parallelism1", config: func(uint64) server.Config { return server.Config{Parallelism: 1, Epoch: time.Hour} }},
	{name: "parallelism3", config: func(uint64) server.Config { return server.Config{Parallelism: 3} }},
	{name: "lentAndCut", config: lentAndCut},
	{name: "restarted", config: lentAndCut},
	{name: "killed", kill: true},
}

// lentAndCut lends most messages, and ends ticks behind any unit of few rows.
func lentAndCut(seed uint64) server.Config {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 2))
	draw := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n)
	}
	return server.Config{
		Parallelism: 3,
		Lending:     actors.SeededLending(seed, 0.7),
		Epoch:       time.Duration(3+seed%20) * time.Millisecond,
		CutNow:      func() bool { return draw(3) == 0 },
		ReadRows:    func() int { return 1 + draw(4) },
	}
}

// dirigo is the engine under test and what it lives on.
type dirigo struct {
	*client
	start    func() (addr string, stop, kill func() error, err error)
	extended bool
	stop     func() error
	kill     func() error
	addr     string
}

// newDirigo starts a node of a variant on an empty disk.
func newDirigo(v variant, seed uint64, dir, brokers string) (*dirigo, error) {
	d := &dirigo{extended: seed%3 == 0}
	if v.kill {
		d.start = func() (string, func() error, func() error, error) {
			p, err := node.Start(dir, "--parallelism", fmt.Sprint(1+seed%3), "--kafka", brokers)
			if err != nil {
				return "", nil, nil, err
			}
			return p.Addr, p.Stop, p.Kill, nil
		}
		return d, d.up()
	}
	disk := mem.NewDisk()
	store := disk.Open()
	d.start = func() (string, func() error, func() error, error) {
		cfg := v.config(seed)
		cfg.Store, cfg.Listen, cfg.Workers, cfg.Kafka = store, "127.0.0.1:0", 2, brokers
		if cfg.Epoch == 0 {
			cfg.Epoch = 20 * time.Millisecond
		}
		s, err := server.Start(context.Background(), cfg)
		if err != nil {
			return "", nil, nil, err
		}
		stop := func() error {
			ctx, cancel := context.WithTimeout(context.Background(), *patience)
			defer cancel()
			return s.Close(ctx)
		}
		kill := func() error {
			store = disk.Open() // from now on the old node can write nothing
			_ = stop()
			return nil
		}
		return s.Addr(), stop, kill, nil
	}
	return d, d.up()
}

func (d *dirigo) up() error {
	addr, stop, kill, err := d.start()
	if err != nil {
		return err
	}
	d.addr, d.stop, d.kill = addr, stop, kill
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	if d.client, err = dial(ctx, addr); err != nil {
		return err
	}
	d.client.extended = d.extended
	return nil
}

// restart ends the node and starts it again: by SIGKILL where it is a process,
// else by taking its disk away.
func (d *dirigo) restart() error {
	if err := d.kill(); err != nil {
		return err
	}
	return d.up()
}
