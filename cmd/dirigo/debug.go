package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

// debugVar is the environment variable by which tests of the real process make
// bounds small: "feed_keep=65536,fold_every=1".
const debugVar = "DIRIGO_DEBUG"

// debugBounds reads debugVar. A name that is not known is an error: a test that
// misspells one must not pass for it.
func debugBounds() (b server.Bounds, err error) {
	text := os.Getenv(debugVar)
	if text == "" {
		return b, nil
	}
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return b, fmt.Errorf("%s: %s: want a whole number", debugVar, part)
		}
		switch name {
		case "feed_keep":
			b.FeedKeep = n
		case "epoch_ms":
			b.Epoch = time.Duration(n) * time.Millisecond
		case "fold_every":
			b.FoldEvery = int(n)
		case "fold_bytes":
			b.FoldBytes = n
		case "fold_blocks":
			b.FoldBlocks = int(n)
		case "idle_ms":
			b.IdleAfter = time.Duration(n) * time.Millisecond
		default:
			return b, fmt.Errorf("%s: there is no %q", debugVar, name)
		}
	}
	return b, nil
}
