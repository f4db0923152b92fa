package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
)

// What a benchmark of the engine needs beside it (a broker, somebody who writes
// and reads topics) runs in processes of their own, so that its processor time
// is not counted: this program again, with a command that help does not list.

// helperCommand is the hidden command.
const helperCommand = "helper"

// Helper runs the other side of a benchmark; its last line of output is the
// result as JSON.
func Helper(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("bench helper: no task")
	}
	f := flag.NewFlagSet("bench helper", flag.ContinueOnError)
	var l load
	dir := f.String("dir", "", "data of the broker")
	f.StringVar(&l.Brokers, "brokers", "", "")
	f.StringVar(&l.Topic, "topic", "", "")
	f.StringVar(&l.Out, "out", "", "")
	f.Int64Var(&l.Records, "records", 0, "")
	f.IntVar(&l.Rate, "rate", 0, "")
	f.DurationVar(&l.For, "for", 0, "")
	f.DurationVar(&l.Skip, "skip", 0, "")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	var result any
	var err error
	switch args[0] {
	case "broker":
		return serveBroker(*dir)
	case "create":
		err = l.create(ctx)
	case "fill":
		result, err = l.fill(ctx)
	case "live":
		result, err = l.live(ctx)
	default:
		return fmt.Errorf("bench helper: unknown task %q", args[0])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// serveBroker runs an embedded broker until its standard input ends, which
// happens at the latest when the process that started it has gone.
func serveBroker(dir string) error {
	b, err := embedded.Start(dir, 0)
	if err != nil {
		return err
	}
	defer b.Close()
	fmt.Println(b.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// broker is an embedded broker in a process of its own.
type broker struct {
	addr string
	cmd  *exec.Cmd
	stop io.Closer
}

// startBroker starts one with its data in dir.
func startBroker(dir string) (*broker, error) {
	cmd, err := helper(context.Background(), "broker", "--dir", dir)
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	b := &broker{cmd: cmd, stop: in}
	if _, err := fmt.Fscanln(bufio.NewReader(out), &b.addr); err != nil {
		b.close()
		return nil, fmt.Errorf("start a broker: it said no address: %w", err)
	}
	return b, nil
}

func (b *broker) close() {
	_ = b.stop.Close()
	timer := time.AfterFunc(10*time.Second, func() { _ = b.cmd.Process.Kill() })
	_ = b.cmd.Wait()
	timer.Stop()
}

// helper returns the command that runs a task in a process of its own.
func helper(ctx context.Context, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"bench", helperCommand}, args...)...)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// ask runs a task in a process of its own and reads its result.
func ask(ctx context.Context, result any, args ...string) error {
	cmd, err := helper(ctx, args...)
	if err != nil {
		return err
	}
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("bench helper %s: %w", args[0], err)
	}
	return json.Unmarshal(out, result)
}
