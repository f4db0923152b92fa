package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/demo"
)

func runDemo(ctx context.Context, args []string) error {
	f := flags("demo", "demo [flags]", `Runs the server with an embedded Kafka-compatible broker and replays real events,
US flights and earthquakes, into it. In a terminal it shows live results and each
query's latency against its target. Ctrl-C stops it; the next start goes on.`)
	var x serverFlags
	x.register(f, "./dirigo-demo")
	speed := f.Float64("speed", 1800, "replay so many `times` as fast as it happened: at 1800 an hour passes in 2 s")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := x.check(); err != nil {
		return err
	}
	if *speed <= 0 {
		return usageError{fmt.Errorf("--speed must be above 0")}
	}
	fmt.Printf("Dirigo demo, data in %s\n\n", x.data)
	d, err := demo.Start(ctx, demo.Config{
		Server: x.config(), Speed: *speed,
		Say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	started()
	fmt.Printf("\n%s\n\n", d.Hint())
	fed := make(chan error, 1)
	go func() { fed <- d.Feed(ctx) }()
	screen := demo.Screen{Out: os.Stdout, Live: term.IsTerminal(int(os.Stdout.Fd())), Hint: d.Hint()}
	err = screen.Show(ctx, d.Server.Engine, d.Session)
	if ferr := <-fed; err == nil {
		err = ferr
	}
	fmt.Println("dirigo: sealing …")
	closing, cancel := context.WithTimeout(context.Background(), sealWithin)
	defer cancel()
	if cerr := d.Close(closing); err == nil {
		err = cerr
	}
	if err == nil {
		fmt.Println("dirigo: sealed; the next start goes on from here")
	}
	return err
}
