// Command dirigo is the engine in one binary: serve runs it, demo shows it on
// real data, bench measures it. It wires packages together and holds no logic
// of the engine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Version is set by the linker for releases.
var Version = "0.1.0-dev"

// command is one of dirigo's commands.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string) error
}

func commands() []command {
	return []command{
		{"serve", "run the server: psql on --listen, metrics on --http", serve},
		{"demo", "run it all on an embedded broker with real flights and earthquakes", runDemo},
		{"bench", "measure the engine (bench nexmark)", runBench},
		{"version", "print the version", version},
	}
}

func main() {
	ctx, stop := signals(context.Background())
	err := dispatch(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		fmt.Fprintln(os.Stderr, "dirigo:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "dirigo:", err)
		os.Exit(1)
	}
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		usage(os.Stderr)
		return usageError{errors.New("no command given")}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 {
			return dispatch(ctx, []string{args[1], "--help"})
		}
		usage(os.Stdout)
		return nil
	case "-version", "--version":
		return version(ctx, nil)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:])
		}
	}
	return usageError{fmt.Errorf("unknown command %q; dirigo --help lists them", args[0])}
}

func usage(w io.Writer) {
	fmt.Fprint(w, `Dirigo runs continuous SQL queries over Kafka, each with its own latency target.

Usage:

  dirigo COMMAND [flags]

Commands:

`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
dirigo COMMAND --help explains a command.

Start with:

  dirigo demo                                  # everything embedded, real data
  psql -h localhost -p 7432 -U dirigo dirigo   # in another terminal
`)
}

func version(context.Context, []string) error {
	fmt.Println("dirigo", Version)
	return nil
}

// flags returns a flag set that prints its help with an introduction.
func flags(name, synopsis, intro string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(os.Stdout)
	f.Usage = func() {
		fmt.Fprintf(os.Stdout, "Usage: dirigo %s\n\n%s\n\nFlags:\n\n", synopsis, intro)
		f.VisitAll(func(x *flag.Flag) {
			arg, text := flag.UnquoteUsage(x)
			def := ""
			if x.DefValue != "" && x.DefValue != "false" && x.DefValue != "0" {
				def = " (default " + x.DefValue + ")"
			}
			fmt.Fprintf(os.Stdout, "  --%-22s %s%s\n", x.Name+" "+arg, text, def)
		})
	}
	return f
}

// parse reads the flags of a command that takes no other arguments.
func parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	if f.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q; dirigo %s --help explains the command", f.Arg(0), f.Name())}
	}
	return nil
}
