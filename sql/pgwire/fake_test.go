package pgwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// fakeSession understands a few words:
//
//	rows N        N rows of one bigint, in batches of 10
//	types         one row with a value of each kind, and one of NULLs
//	echo          its parameters, each as the type it was sent as
//	stream        COPY of a row whenever the test sends one on feed
//	watch         the same as rows
//	wait          nothing until it is cancelled
//	fail          an error with a place; panic: a bug
//	begin, commit
type fakeSession struct {
	feed   chan int64
	status byte
	closed chan struct{}
}

func newFakeSession() *fakeSession {
	return &fakeSession{feed: make(chan int64), status: 'I', closed: make(chan struct{})}
}

func (s *fakeSession) Split(sql string) ([]result.Statement, error) {
	var out []result.Statement
	for part := range strings.SplitSeq(sql, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, &fakeStatement{s: s, text: part})
		}
	}
	return out, nil
}

func (s *fakeSession) Prepare(sql string, params []uint32) (result.Statement, error) {
	return &fakeStatement{s: s, text: sql, params: params}, nil
}

func (s *fakeSession) Status() byte { return s.status }

func (s *fakeSession) Fail() {
	if s.status == 'T' {
		s.status = 'E'
	}
}

func (s *fakeSession) Zone() *time.Location { return time.UTC }

func (s *fakeSession) Settings(f func(name, value string)) {
	f("server_version", "15.0")
	f("client_encoding", "UTF8")
	f("standard_conforming_strings", "on")
}

func (s *fakeSession) Close() { close(s.closed) }

type fakeStatement struct {
	s      *fakeSession
	text   string
	params []uint32
}

var allKinds = []batch.Kind{
	batch.Bool, batch.Int16, batch.Int32, batch.Int64, batch.Float32, batch.Float64, batch.Numeric,
	batch.Text, batch.Date, batch.Timestamp, batch.TimestampTZ, batch.Interval,
	batch.Time, batch.Bytea, batch.JSONB, batch.UUID,
}

// allTypes are those kinds, and an array of each.
var allTypes = func() (out []batch.Type) {
	for _, k := range allKinds {
		out = append(out, batch.T(k))
	}
	for _, k := range allKinds {
		out = append(out, batch.ArrayOf(batch.T(k)))
	}
	return out
}()

// textOf is a value of type i of allTypes.
func textOf(i int) string {
	if i < len(allTexts) {
		return allTexts[i]
	}
	text := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(allTexts[i-len(allTexts)])
	return `{"` + text + `",NULL,"` + text + `"}`
}

var allTexts = []string{
	"true", "-7", "70000", "-5000000000", "1.5", "2.25", "12345.6700", "grüße", "2026-03-01",
	"2026-03-01 12:34:56.789", "2026-03-01 12:34:56+00", "1 mon 2 days 03:04:05",
	"12:34:56.789", `\x00ff5c22`, `{"a": [1.50, "x\"y"], "b": null}`, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
}

func (st *fakeStatement) Describe() (result.Description, error) {
	var d result.Description
	switch word, _, _ := strings.Cut(st.text, " "); word {
	case "rows", "stream", "watch":
		d.Columns = []result.Column{{Name: "n", Type: batch.T(batch.Int64)}}
		d.Endless = word != "rows"
		if word == "stream" {
			d.Copy.Format = result.CopyText
		}
	case "types":
		for _, t := range allTypes {
			d.Columns = append(d.Columns, result.Column{Name: t.String(), Type: t})
		}
	case "echo":
		for i, oid := range st.params {
			t, _ := result.TypeOf(oid)
			d.Columns = append(d.Columns, result.Column{Name: "p" + strconv.Itoa(i), Type: t})
		}
		d.Params = st.params
	case "fail":
		return d, (&result.Error{Code: "42703", Message: "column does not exist", Hint: "look", Detail: "at it"}).At(5).Locate(st.text)
	}
	return d, nil
}

func (st *fakeStatement) Run(ctx context.Context, params []result.Param, out result.Sink) (string, error) {
	word, arg, _ := strings.Cut(st.text, " ")
	switch word {
	case "rows":
		return st.rows(arg, out)
	case "types":
		return "SELECT 2", out.Rows(typesBatch())
	case "echo":
		return "SELECT 1", out.Rows(parsed(st.params, params))
	case "stream", "watch":
		for {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case n := <-st.s.feed:
				if err := errors.Join(out.Rows(ints(n)), out.Flush()); err != nil {
					return "", err
				}
			}
		}
	case "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "panic":
		panic("a bug")
	case "begin":
		st.s.status = 'T'
		out.Notice(result.Noticef("begun"))
	case "commit":
		st.s.status = 'I'
	}
	return strings.ToUpper(word), nil
}

func (st *fakeStatement) rows(arg string, out result.Sink) (string, error) {
	n, _ := strconv.Atoi(arg)
	for from := 0; from < n; from += 10 {
		var list []int64
		for i := from; i < min(from+10, n); i++ {
			list = append(list, int64(i))
		}
		if err := out.Rows(ints(list...)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("SELECT %d", n), nil
}

func ints(list ...int64) *batch.Batch {
	return &batch.Batch{N: len(list), Cols: []batch.Column{&batch.Vec[int64]{Data: list}}}
}

func typesBatch() *batch.Batch {
	b := &batch.Batch{N: 2}
	for i, t := range allTypes {
		col := batch.New(t.Kind, 2)
		if err := batch.AppendParsed(col, t, []byte(textOf(i)), time.UTC); err != nil {
			panic(err)
		}
		batch.AppendNull(col)
		b.Cols = append(b.Cols, col)
	}
	return b
}

func parsed(types []uint32, params []result.Param) *batch.Batch {
	b := &batch.Batch{N: 1}
	for i, p := range params {
		t, _ := result.TypeOf(types[i])
		col := batch.New(t.Kind, 1)
		if p.Null {
			batch.AppendNull(col)
		} else if err := batch.AppendParsed(col, t, []byte(p.Text), time.UTC); err != nil {
			panic(err)
		}
		b.Cols = append(b.Cols, col)
	}
	return b
}

// start serves fake sessions; it returns the address and, on a channel, each
// session as it is opened.
func start(t testing.TB, cfg Config) (addr string, opened chan *fakeSession, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opened = make(chan *fakeSession, 5000)
	cfg.Open = func(result.Client) (Session, error) {
		s := newFakeSession()
		opened <- s
		return s, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, cfg) }()
	ended := false
	stop = func() {
		if !ended {
			ended = true
			cancel()
			if err := <-done; err != nil {
				t.Errorf("serve: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return l.Addr().String(), opened, stop
}
