package scripts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres starts a PostgreSQL of its own, on a socket in a directory of its
// own, and returns a client. It ends with the test.
func postgres(t *testing.T) *wire {
	t.Helper()
	bin, err := postgresPrograms()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%v: results are not compared with PostgreSQL's (Debian: apt-get install postgresql)", err)
	}
	dir, err := os.MkdirTemp("", "dirigo-pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data := filepath.Join(dir, "data")
	as, err := unprivileged(dir)
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGTERM}
		return cmd
	}
	if out, err := run("initdb", "-D", data, "-U", "test", "--locale=C", "-E", "UTF8", "--no-sync", "-A", "trust").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	server := run("postgres", "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+dir,
		"-c", "fsync=off", "-c", "timezone=UTC", "-c", "jit=off")
	var log strings.Builder
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // a fast shutdown
		_ = server.Wait()
	})
	w, err := awaitPostgres(t.Context(), dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	t.Cleanup(w.close)
	return w
}

// postgresPrograms finds the newest initdb.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return majorVersion(b) - majorVersion(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("initdb is not installed")
	}
	return filepath.Dir(path), nil
}

func majorVersion(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// unprivileged returns who PostgreSQL runs as, which refuses root, and gives
// them dir; nil: ourselves.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
	}
	return nil, errors.New("there is no user postgres or nobody to run PostgreSQL as")
}

func awaitPostgres(ctx context.Context, dir string) (*wire, error) {
	cfg, err := pgx.ParseConfig("host=" + dir + " user=test dbname=postgres sslmode=disable")
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err == nil {
			return &wire{conn: conn}, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}
