package server_test

import (
	"context"
	"errors"
	"testing"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage"
)

// TestDirectoryInUse: a second server on one directory is refused, in words.
func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	first, err := server.Start(context.Background(), server.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close(context.Background())
	second, err := server.Start(context.Background(), server.Config{Data: dir})
	if locked := new(storage.LockedError); !errors.As(err, &locked) {
		t.Errorf("a second server: %v, %v", second, err)
	}
}
