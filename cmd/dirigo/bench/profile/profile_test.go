package profile

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

var sink uint64

//go:noinline
func burn(until time.Time) {
	x := uint64(1)
	for time.Now().Before(until) {
		for range 10_000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	sink = x
}

// TestRead: the time is whose code it ran in, and what was never called has none.
func TestRead(t *testing.T) {
	var out bytes.Buffer
	var c *CPU
	for c == nil || c.Total() == 0 { // a machine that gives no time takes no sample
		out.Reset()
		if err := pprof.StartCPUProfile(&out); err != nil {
			t.Fatal(err)
		}
		burn(time.Now().Add(500 * time.Millisecond))
		pprof.StopCPUProfile()
		var err error
		if c, err = Read(out.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if s := c.Share(func(f string) bool { return strings.HasSuffix(f, "profile.burn") }); s < .5 {
		t.Errorf("burn has %.2f of %d samples: %v", s, c.Total(), c.samples)
	}
	if s := c.Share(func(f string) bool { return strings.HasSuffix(f, "profile.Read") }); s > .1 {
		t.Errorf("Read has %.2f of the samples", s)
	}
	if _, err := Read([]byte("no profile")); err == nil {
		t.Error("text was read as a profile")
	}
}
