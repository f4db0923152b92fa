package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
)

// binary is the dirigo under test, built once per run.
var binary string

func TestMain(m *testing.M) {
	if dir := os.Getenv("DIRIGO_CHAOS_BROKER"); dir != "" {
		os.Exit(serveBroker(dir))
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dirigo-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "dirigo")
	if given := os.Getenv("DIRIGO_CHAOS_BINARY"); given != "" {
		binary = given
		return m.Run()
	}
	build := exec.Command("go", "build", "-o", binary, "github.com/dirigo-stream/dirigo/cmd/dirigo")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build dirigo: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// serveBroker is this test binary as a broker in a process of its own, which a
// test may stop and start without its own memory being in the way.
func serveBroker(dir string) int {
	port, _ := strconv.Atoi(os.Getenv("DIRIGO_CHAOS_PORT"))
	b, err := embedded.Start(dir, port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(b.Addr())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	b.Close()
	return 0
}

// kills is how often a test kills.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("DIRIGO_CHAOS_KILLS")); err == nil && n > 0 {
		return n
	}
	return 6
}

// shortKills is how often a test of many queries kills, which takes longer.
func shortKills() int {
	if os.Getenv("DIRIGO_CHAOS_KILLS") == "" {
		return 2
	}
	return kills()
}

// long says whether the long forms run.
func long() bool { return os.Getenv("DIRIGO_CHAOS_LONG") != "" }

// seedOf returns the run's seed and prints it.
func seedOf(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano()) % 1_000_000
	if s, err := strconv.ParseUint(os.Getenv("DIRIGO_CHAOS_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("seed %d (DIRIGO_CHAOS_SEED=%d runs it again)", seed, seed)
	return seed
}

// patience bounds every wait: long, because the machine may be busy, and never
// a claim about speed.
var patience = waitFor()

// eventually polls until done says so, and fails with what it said last.
func eventually(t testing.TB, what string, done func() (ok bool, state string)) {
	t.Helper()
	state := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var ok bool
		if ok, state = done(); ok {
			return
		}
	}
	t.Fatalf("%s did not come about: %s", what, state)
}

func waitFor() time.Duration {
	if long() {
		return 15 * time.Minute
	}
	return 3 * time.Minute
}
