package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

// sealWithin bounds how long a graceful stop waits for the last seal.
const sealWithin = 30 * time.Second

// serverFlags are the flags that serve and demo share.
type serverFlags struct {
	data, listen, http string
	workers            int
	policy, lending    string
	memory             size
	profile            bool
	verbose            bool
}

func serve(ctx context.Context, args []string) error {
	f := flags("serve", "serve [flags]", `Runs the server until SIGTERM or Ctrl-C, which seals all state first; a second
Ctrl-C stops at once. Everything durable lives in --data.`)
	var x serverFlags
	x.register(f, "./dirigo-data")
	brokers := f.String("kafka", "", "`brokers` (host:port,…) of streams that name none")
	parallelism := f.Int("parallelism", 0, "`number` of instances of a vertex in new queries that do not say; 0: one per worker")
	var access accessFlags
	access.register(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if err := x.check(); err != nil {
		return err
	}
	if *parallelism < 0 || *parallelism > 128 {
		return usageError{fmt.Errorf("--parallelism %d: want 0 to 128", *parallelism)}
	}
	began := time.Now()
	cfg := x.config()
	cfg.Kafka, cfg.Parallelism = *brokers, *parallelism
	var err error
	if cfg.TLS, cfg.Password, err = access.load(); err != nil {
		return err
	}
	if cfg.Bounds, err = debugBounds(); err != nil {
		return err
	}
	s, err := server.Start(ctx, cfg)
	if err != nil {
		return err
	}
	started()
	fmt.Printf("dirigo is ready in %d ms: psql on %s, metrics on %s, data in %s\n",
		time.Since(began).Milliseconds(), s.Addr(), where(s.Metrics()), x.data)
	<-ctx.Done()
	return closeServer(s)
}

func where(addr string) string {
	if addr == "" {
		return "no port"
	}
	return "http://" + addr + "/metrics"
}

// closeServer seals and stops.
func closeServer(s *server.Server) error {
	fmt.Println("dirigo: sealing …")
	ctx, cancel := context.WithTimeout(context.Background(), sealWithin)
	defer cancel()
	err := s.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// Nothing is lost: the next start goes on from the last seal.
		fmt.Printf("dirigo: not all was sealed within %v; the next start repeats what came after the last seal\n", sealWithin)
		return nil
	}
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	fmt.Println("dirigo: sealed, good-bye")
	return nil
}

func (x *serverFlags) register(f *flag.FlagSet, data string) {
	f.StringVar(&x.data, "data", data, "`directory` of catalog and state")
	f.StringVar(&x.listen, "listen", "127.0.0.1:7432", "`address` for psql and other PostgreSQL clients")
	f.StringVar(&x.http, "http", "127.0.0.1:7433", "`address` of /metrics, /healthz and /readyz; empty: none")
	f.IntVar(&x.workers, "workers", 0, "`number` of workers that run queries; 0: one per core")
	f.StringVar(&x.policy, "policy", "llf", "`who` runs first: "+strings.Join(actors.PolicyNames, ", "))
	f.StringVar(&x.lending, "lending", "reject", "`how` a hot operator lends messages to other workers: "+strings.Join(actors.LendingNames, ", "))
	f.Var(&x.memory, "memory", "`size` that state may take before it is paged out, such as 512MB; 0: no limit")
	f.BoolVar(&x.profile, "pprof", false, "serve profiles under /debug/pprof/ on --http")
	f.BoolVar(&x.verbose, "verbose", false, "log what the server does")
}

// check refuses flags that have no meaning.
func (x *serverFlags) check() error {
	if x.workers < 0 {
		return usageError{fmt.Errorf("--workers %d: want 0 or more", x.workers)}
	}
	if _, err := actors.PolicyNamed(x.policy); err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	if _, err := actors.LendingNamed(x.lending); err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	return nil
}

// config returns the server's settings, and sets up the process.
func (x *serverFlags) config() server.Config {
	workers := x.workers
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	level := slog.LevelWarn
	if x.verbose {
		level = slog.LevelDebug
	}
	tuneCollector(int64(x.memory))
	return server.Config{
		Data: x.data, Listen: x.listen, HTTP: x.http, Workers: workers, Memory: int64(x.memory),
		Policy: x.policy, Lends: x.lending,
		Profile: x.profile, Version: Version,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
}
