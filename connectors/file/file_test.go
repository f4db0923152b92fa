package file

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/connectors/conntest"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

var columns = []connectors.Column{
	{Name: "id", Type: batch.T(batch.Int64)},
	{Name: "name", Type: batch.T(batch.Text)},
	{Name: "at", Type: batch.T(batch.Int64), Metadata: "offset"},
}

// lines returns n lines: rows, of which some are longer than a chunk, every
// tenth one no row, and blank ones between.
func lines(n int) (text []byte, rows, rejected int) {
	var b bytes.Buffer
	for i := range n {
		switch {
		case i%10 == 3:
			b.WriteString(`{"id": "many"}` + "\n")
			rejected++
		case i%10 == 7:
			b.WriteString("  \r\n")
		default:
			fmt.Fprintf(&b, `{"id": %d, "name": "%s"}`+"\n", i, strings.Repeat("x", i*7%50))
			rows++
		}
		if i == n/2 {
			fmt.Fprintf(&b, `{"id": -1, "name": "%s"}`+"\n", strings.Repeat("long", chunkSize/3))
			rows++
		}
	}
	return b.Bytes(), rows, rejected
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func source(t *testing.T, path, follow string) connectors.Spec {
	t.Helper()
	return connectors.Spec{Name: "s", Columns: columns, Options: map[string]string{"connector": "file", "path": path, "follow": follow}}
}

func TestSource(t *testing.T) {
	text, rows, rejected := lines(300)
	for _, follow := range []string{"true", "false"} {
		t.Run("follow "+follow, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.ndjson")
			whole := text
			if follow == "false" {
				whole = bytes.TrimSuffix(text, []byte("\n")) // the last line is one all the same
			}
			write(t, path, whole)
			s := conntest.Source{
				Open:    func() (connectors.Source, error) { return NewSource(source(t, path, follow)) },
				Columns: len(columns), Rows: rows, Rejected: rejected, Ends: follow == "false",
			}
			if follow == "true" {
				s.Append = func() error { return appendTo(path, `{"id": 1}`+"\n") }
			}
			// The check that appends comes last: the others count rows.
			for _, c := range conntest.SourceChecks {
				if c.Name != "appending wakes the reader" {
					if err := c.Run(s); err != nil {
						t.Errorf("%s: %v", c.Name, err)
					}
				}
			}
			for _, c := range conntest.SourceChecks {
				if c.Name == "appending wakes the reader" {
					if err := c.Run(s); err != nil {
						t.Errorf("%s: %v", c.Name, err)
					}
				}
			}
		})
	}
}

// reader opens a reader and returns a function that reads until it has n
// records.
func reader(t *testing.T, spec connectors.Spec, from connectors.Start) (*Reader, func(n int) []connectors.Rows) {
	t.Helper()
	s, err := NewSource(spec)
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan struct{}, 1)
	r, err := s.Open(func() { woken <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	r.Assign(0, from)
	return r.(*Reader), func(n int) []connectors.Rows {
		var out []connectors.Rows
		for n > 0 {
			var rows connectors.Rows
			ok, err := r.Read(&rows, 100)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				<-woken
				continue
			}
			out = append(out, rows)
			n -= rows.N + len(rows.Rejected)
		}
		return out
	}
}

// TestPartialLine: a line is read when its end has come, and the offset does not
// move before.
func TestPartialLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.ndjson")
	write(t, path, []byte(`{"id": 1}`+"\n"+`{"id": `))
	r, read := reader(t, source(t, path, "true"), connectors.Earliest)
	first := read(1)[0]
	if first.N != 1 || first.Next != 10 {
		t.Fatalf("%d rows, next %d", first.N, first.Next)
	}
	var rows connectors.Rows
	if ok, _ := r.Read(&rows, 10); ok {
		t.Fatal("half a line was read")
	}
	if err := appendTo(path, `2}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if second := read(1)[0]; second.N != 1 || second.Offsets[0] != 10 || second.Cols[0].(*batch.Vec[int64]).Data[0] != 2 {
		t.Fatalf("the line is %+v", second)
	}
}

// TestLongLine: a line beyond the bound is rejected whole, and the next is read.
func TestLongLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.ndjson")
	long := maxLine + 3*chunkSize
	write(t, path, append(bytes.Repeat([]byte("x"), long), "\n"+`{"id": 5}`+"\n"...))
	_, read := reader(t, source(t, path, "true"), connectors.Earliest)
	all := read(2)
	if rej := all[0].Rejected; len(rej) != 1 || rej[0].Reason != codec.Oversized || rej[0].Offset != 0 || len(rej[0].Raw) != 4<<10 {
		t.Fatalf("rejected %d", len(rej))
	}
	if last := all[len(all)-1]; last.N != 1 || last.Offsets[0] != int64(long)+1 {
		t.Fatalf("after it: %d rows", last.N)
	}
}

// TestAwayAndBack: a file that is not there yet is waited for, and says so.
func TestAwayAndBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later.ndjson")
	spec := source(t, path, "true")
	s, err := NewSource(spec)
	if err != nil {
		t.Fatal(err)
	}
	var oe *connectors.OptionError
	if err := s.Check(t.Context()); !errors.As(err, &oe) || oe.Option != "path" {
		t.Fatalf("check of a missing file: %v", err)
	}
	r, read := reader(t, spec, connectors.Earliest)
	for r.Status().Error == "" {
		continue
	}
	write(t, path, []byte(`{"id": 1}`+"\n"))
	if rows := read(1)[0]; rows.N != 1 || r.Status().Error != "" {
		t.Fatalf("%d rows, status %q", rows.N, r.Status().Error)
	}
}

func TestSink(t *testing.T) {
	ids, names := batch.New(batch.Int64, 100), batch.New(batch.Text, 100)
	for i := range 100 {
		ids.(*batch.Vec[int64]).Append(int64(i))
		names.(*batch.TextVec).AppendString(strings.Repeat("n", i))
	}
	rows := &batch.Batch{Cols: []batch.Column{ids, names}, N: 100}
	conntest.RunSink(t, func(t *testing.T) conntest.Sink {
		path := filepath.Join(t.TempDir(), "out.ndjson")
		return conntest.Sink{
			Open: func() (connectors.Sink, error) {
				return NewSink(connectors.Spec{Columns: columns[:2], Options: map[string]string{"path": path}})
			},
			Rows:    rows,
			Written: func() ([]byte, error) { return os.ReadFile(path) },
		}
	})
}

// TestSinkEndsCutLines: what a crash cut does not swallow the next row.
func TestSinkEndsCutLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.ndjson")
	write(t, path, []byte(`{"id": 1}`+"\n"+`{"id"`))
	s, err := NewSink(connectors.Spec{Columns: columns[:1], Options: map[string]string{"path": path}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Encode(&batch.Batch{Cols: []batch.Column{&batch.Vec[int64]{Data: []int64{2}}}, N: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.Send(c, func(error) {})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if want := `{"id": 1}` + "\n" + `{"id"` + "\n" + `{"id":2}` + "\n"; err != nil || string(got) != want {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := s.Encode(&batch.Batch{Cols: []batch.Column{&batch.Vec[int64]{Data: []int64{2}}}, N: 1, Diff: []int64{-1}}); err == nil {
		t.Fatal("a row was taken back")
	}
}
