package chaos

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// blockedFile is a named pipe that nobody reads before open is called: a file sink
// that takes what fits into the pipe, and then nothing.
type blockedFile struct {
	path string
	fd   int
	ids  func() map[string]bool
}

func newBlockedFile(t testing.TB) *blockedFile {
	t.Helper()
	b := &blockedFile{path: filepath.Join(t.TempDir(), "blocked.ndjson")}
	if err := syscall.Mkfifo(b.path, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(b.path, syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.fd = fd
	t.Cleanup(func() { syscall.Close(fd) })
	return b
}

// open reads all that is written from now on; ids then returns which rows came.
func (b *blockedFile) open() {
	var seen atomic.Pointer[map[string]bool]
	seen.Store(&map[string]bool{})
	b.ids = func() map[string]bool { return *seen.Load() }
	go func() {
		var rest []byte
		all := map[string]bool{}
		buf := make([]byte, 64<<10)
		for {
			n, err := syscall.Read(b.fd, buf)
			if n <= 0 {
				if err != nil && err != syscall.EAGAIN && err != syscall.EINTR {
					return
				}
				copied := make(map[string]bool, len(all))
				for id := range all {
					copied[id] = true
				}
				seen.Store(&copied)
				time.Sleep(20 * time.Millisecond)
				continue
			}
			rest = append(rest, buf[:n]...)
			for {
				line, more, found := bytes.Cut(rest, []byte("\n"))
				if !found {
					break
				}
				all[idOf(string(line))] = true
				rest = more
			}
		}
	}()
}

// idOf returns a line's id; "" where it is half a line. Where a kill left half a
// line in the pipe, the next one stands behind it: the last id is the line's.
func idOf(line string) string {
	at := strings.LastIndex(line, `"id":`)
	if at < 0 {
		return ""
	}
	id, _, found := strings.Cut(line[at+len(`"id":`):], ",")
	if !found {
		return ""
	}
	return id
}

// oneWriter are options of a query that writes to a pipe: several instances would
// mix their lines there.
const oneWriter = ", parallelism = '1'"

// blockedReaders is three queries that read one view, of which the file of one is
// blocked, and two that read a stream, the file of one of which is blocked too.
func blockedReaders(r *relations, view, stream string) {
	slowGroup(r, view, oneWriter)
	r.topic("counts", "k, n", `SELECT k, count(*) AS n FROM all_rows GROUP BY k`, func(w *world) (rows [][]int64) {
		for k, c := range perKey(w.streams["s"]) {
			rows = append(rows, []int64{k, c[0]})
		}
		return rows
	})
	r.n.exec(fmt.Sprintf(`CREATE STREAM raw WITH (connector = 'file', path = '%s', delivery = 'at_least_once'%s) AS
		SELECT id, k, v, repeat('x', 50) AS wide FROM aside`, stream, oneWriter))
	r.view("beside", "k, n, total", `SELECT k, count(*) AS n, sum(v) AS total FROM aside GROUP BY k`, perKeyOf("aside"))
}

// TestKillBeforeBlockedReader: while the sink of one of three readers of a view
// takes nothing, and that of one of two readers of a stream, the others read on
// and seal on; SIGKILL comes meanwhile. In the end both get every row. Those two
// have one instance at any parallelism.
func TestKillBeforeBlockedReader(t *testing.T) {
	violently(t, "feed_keep=262144,epoch_ms=50", []string{"s", "aside"}, func(r *relations, seed uint64) {
		view, stream := newBlockedFile(r.t), newBlockedFile(r.t)
		for _, f := range r.feeds {
			f.pause = 3 * time.Millisecond
			if shortKills() > 5 {
				f.pause *= 4 // the broker keeps all rows in memory until the end
			}
		}
		r.table(1, 600, seed)
		base(r)
		blockedReaders(r, view.path, stream.path)
		r.run()
		for kill := range shortKills() {
			r.leaves("slow")
			r.progress("all_rows", "graded_rows", "counts", "beside", "per_key")
			if kill+1 < shortKills() {
				r.strike()
			}
		}
		view.open()
		stream.open()
		r.after = func() {
			r.reaches("slow", view, "s")
			r.reaches("raw", stream, "aside")
		}
	})
}

// leaves waits until a query has been restarted, or waits for its sink.
func (r *relations) leaves(name string) {
	r.t.Helper()
	eventually(r.t, name+" leaves", func() (bool, string) {
		rows, err := r.n.rows(`SELECT state, reason FROM dirigo_queries WHERE name = '` + name + `'`)
		if err != nil || len(rows) == 0 {
			return false, fmt.Sprint(rows, err)
		}
		return rows[0][0] == "waiting" || r.n.metric("dirigo_query_restarts_total", `"`+name+`"`) > 0, fmt.Sprint(rows)
	})
}

// progress waits until queries have read more and sealed more. That they are not
// restarted is TestSlowReaderLeavesAlone's to show: with a ring as small as here
// one that is given no processor for a while may fall behind by itself.
func (r *relations) progress(names ...string) {
	r.t.Helper()
	for _, name := range names {
		label := `query="` + name + `"`
		in, epoch := r.n.metric("dirigo_query_rows_in_total", label), r.n.metric("dirigo_query_epoch", label)
		eventually(r.t, name+" goes on", func() (bool, string) {
			in2, epoch2 := r.n.metric("dirigo_query_rows_in_total", label), r.n.metric("dirigo_query_epoch", label)
			return in2 > in && epoch2 > epoch, fmt.Sprintf("rows %v after %v, epoch %v after %v", in2, in, epoch2, epoch)
		})
		r.t.Logf("%s was restarted %v times", name, r.n.metric("dirigo_query_restarts_total", label))
	}
}

// reaches waits until every row of a stream has come to a file.
func (r *relations) reaches(name string, b *blockedFile, stream string) {
	r.t.Helper()
	var want []string
	for _, e := range r.world().streams[stream] {
		want = append(want, fmt.Sprint(e.id))
	}
	eventually(r.t, "every row of "+name, func() (bool, string) {
		got, missing := b.ids(), 0
		for _, id := range want {
			if !got[id] {
				missing++
			}
		}
		return missing == 0, fmt.Sprintf("%d of %d are missing", missing, len(want))
	})
	r.t.Logf("%s got all %d rows of %s", name, len(want), stream)
}
