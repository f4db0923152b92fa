package main

import (
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

func TestDebugBounds(t *testing.T) {
	t.Setenv(debugVar, "feed_keep=65536,epoch_ms=50,fold_every=1,fold_bytes=2,fold_blocks=3")
	want := server.Bounds{FeedKeep: 65536, Epoch: 50 * time.Millisecond, FoldEvery: 1, FoldBytes: 2, FoldBlocks: 3}
	if got, err := debugBounds(); err != nil || got != want {
		t.Errorf("have %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"feedkeep=1", "feed_keep", "feed_keep=x", "fold_every=-1", "feed_keep=1,"} {
		t.Setenv(debugVar, bad)
		if _, err := debugBounds(); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
