package pgwire

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

func connect(t testing.TB, addr, options string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://alice@%s/demo?%s", addr, options))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// TestFormats: each kind comes to the same value in text and in binary.
func TestFormats(t *testing.T) {
	addr, _, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	read := func(format int16) (values [2][]any) {
		rows, err := conn.Query(t.Context(), "types", pgx.QueryResultFormats{format})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for i := 0; rows.Next(); i++ {
			if values[i], err = rows.Values(); err != nil {
				t.Fatalf("format %d: %v", format, err)
			}
			for k, v := range values[i] {
				if at, ok := v.(time.Time); ok {
					values[i][k] = at.UTC()
				}
			}
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		return values
	}
	text, binary := read(pgx.TextFormatCode), read(pgx.BinaryFormatCode)
	for i, kind := range allTypes {
		if text[1][i] != nil || binary[1][i] != nil {
			t.Errorf("%s: NULL came as %v and %v", kind, text[1][i], binary[1][i])
		}
		if a, b := fmt.Sprint(norm(text[0][i])), fmt.Sprint(norm(binary[0][i])); a != b {
			t.Errorf("%s: %v in text, %v in binary", kind, a, b)
		}
	}
	if got := binary[0][3]; got != int64(-5000000000) {
		t.Errorf("bigint came as %v", got)
	}
	if got := binary[0][7]; got != "grüße" {
		t.Errorf("text came as %v", got)
	}
}

// norm makes numerics comparable: pgx keeps digits and exponent as they came.
func norm(v any) any {
	switch v := v.(type) {
	case pgtype.Numeric:
		f, _ := v.Float64Value()
		return f.Float64
	case time.Time:
		return v.UTC()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = norm(v[i])
		}
		return out
	}
	return v
}

// TestParams: a parameter in binary arrives as the value that was sent.
func TestParams(t *testing.T) {
	addr, _, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	at := time.Date(1999, 12, 31, 23, 59, 59, 123456000, time.UTC)
	for _, c := range []struct {
		oid  uint32
		send any
		want string
	}{
		{result.OIDBool, true, "true"},
		{result.OIDInt2, int16(-3), "-3"},
		{result.OIDInt4, int32(1 << 30), "1073741824"},
		{result.OIDInt8, int64(-1 << 40), "-1099511627776"},
		{result.OIDFloat4, float32(0.1), "0.1"},
		{result.OIDFloat8, 1e300, "1e+300"},
		{result.OIDNumeric, pgtype.Numeric{Int: bigInt("-1234567890123"), Exp: -7, Valid: true}, "-123456.7890123"},
		{result.OIDNumeric, pgtype.Numeric{Int: bigInt("5"), Exp: 9, Valid: true}, "5000000000"},
		{result.OIDText, "häß\\", "häß\\"},
		{result.OIDDate, at, "1999-12-31"},
		{result.OIDTimestamp, at, "1999-12-31 23:59:59.123456"},
		{result.OIDTimestampTZ, at, "1999-12-31 23:59:59.123456+00"},
		{result.OIDInterval, pgtype.Interval{Microseconds: 1_500_000, Days: -2, Months: 14, Valid: true}, "1 year 2 mons -2 days +00:00:01.5"},
		{result.OIDInt4, nil, "<nil>"},
		{result.OIDTime, pgtype.Time{Microseconds: 3_600_000_001, Valid: true}, "01:00:00.000001"},
		{result.OIDBytea, []byte{0, 0xff, '\\'}, `\x00ff5c`},
		{result.OIDUUID, [16]byte{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{result.OIDJSONB, `{"b":1.50,"a":"é"}`, `{"a": "é", "b": 1.50}`},
		{result.OIDInt4Array, []int32{1, -2}, "{1,-2}"},
		{result.OIDInt8Array, []int64{}, "{}"},
		{result.OIDTextArray, []string{"a", `b "c\`, "", "null", "{x,y}"}, `{a,"b \"c\\","","null","{x,y}"}`},
		{1001, [][]byte{{1, 2}}, `{"\\x0102"}`},
		{1231, []pgtype.Numeric{{Int: bigInt("150"), Exp: -2, Valid: true}, {}}, "{1.50,NULL}"},
		{1185, []time.Time{at}, `{"1999-12-31 23:59:59.123456+00"}`},
		{3807, []string{`{"a":1}`, "null"}, `{"{\"a\": 1}","null"}`},
	} {
		encoded, format := encode(t, conn, c.oid, c.send)
		r := conn.PgConn().ExecParams(t.Context(), "echo", [][]byte{encoded}, []uint32{c.oid}, []int16{format}, []int16{0}).Read()
		if r.Err != nil {
			t.Errorf("%v as %d: %v", c.send, c.oid, r.Err)
			continue
		}
		got := "<nil>"
		if v := r.Rows[0][0]; v != nil {
			got = string(v)
		}
		if c.oid == result.OIDBool {
			got = map[string]string{"t": "true", "f": "false"}[got]
		}
		if got != c.want {
			t.Errorf("%v as %d came as %q, want %q", c.send, c.oid, got, c.want)
		}
	}
}

func encode(t *testing.T, conn *pgx.Conn, oid uint32, v any) ([]byte, int16) {
	t.Helper()
	if v == nil {
		return nil, 1
	}
	out, err := conn.TypeMap().Encode(oid, 1, v, nil)
	if err != nil {
		t.Fatalf("encode %v: %v", v, err)
	}
	return out, 1
}

// TestErrors: an error has all its fields, the connection goes on, and in a
// transaction its state shows.
func TestErrors(t *testing.T) {
	addr, _, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheStatement} {
		_, err := conn.Exec(t.Context(), "begin", mode)
		if err != nil || conn.PgConn().TxStatus() != 'T' {
			t.Fatalf("begin: %v, status %c", err, conn.PgConn().TxStatus())
		}
		_, err = conn.Exec(t.Context(), "fail here", mode)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != "42703" || e.Position != 6 || e.Hint != "look" || e.Detail != "at it" {
			t.Fatalf("%v: %+v", mode, err)
		}
		if conn.PgConn().TxStatus() != 'E' {
			t.Errorf("status %c after an error in a transaction", conn.PgConn().TxStatus())
		}
		if _, err := conn.Exec(t.Context(), "commit", mode); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSimpleStopsAtError: the statements before a failing one have run, those
// after it do not.
func TestSimpleStopsAtError(t *testing.T) {
	addr, _, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	results, err := conn.PgConn().Exec(t.Context(), "rows 3; fail; rows 2").ReadAll()
	if err == nil || len(results) != 1 || len(results[0].Rows) != 3 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if _, err := conn.PgConn().Exec(t.Context(), ";").ReadAll(); err != nil {
		t.Fatalf("an empty query: %v", err)
	}
}

// TestPipeline: after an error everything up to the next Sync is skipped, and
// nothing beyond.
func TestPipeline(t *testing.T) {
	addr, _, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	p := conn.PgConn().StartPipeline(t.Context())
	p.SendQueryParams("rows 1", nil, nil, nil, nil)
	p.SendQueryParams("fail", nil, nil, nil, nil)
	p.SendQueryParams("rows 2", nil, nil, nil, nil)
	p.Sync()
	p.SendQueryParams("rows 4", nil, nil, nil, nil)
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		r, err := p.GetResults()
		if err != nil {
			got = append(got, "error")
			continue
		}
		if r == nil {
			break
		}
		switch r := r.(type) {
		case *pgconn.ResultReader:
			got = append(got, fmt.Sprint(len(r.Read().Rows)))
		case *pgconn.PipelineSync:
			got = append(got, "sync")
		}
	}
	if s := strings.Join(got, " "); s != "1 error sync 4 sync" {
		t.Errorf("results: %s", s)
	}
	p.Close()
}

// TestCancelByContext: a context that ends stops what runs at the server, and
// the session is closed.
func TestCancelByContext(t *testing.T) {
	addr, opened, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	s := <-opened
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := conn.Exec(ctx, "wait"); err == nil {
		t.Fatal("the statement ended by itself")
	}
	<-s.closed
}

// TestCancelRequest: a cancel request stops an endless statement and leaves the
// connection usable; one with a wrong key does nothing.
func TestCancelRequest(t *testing.T) {
	addr, opened, _ := start(t, Config{})
	conn := connect(t, addr, "sslmode=disable")
	s := <-opened
	for _, sql := range []string{"wait", "watch"} {
		done := make(chan error, 1)
		go func() {
			_, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
			done <- err
		}()
		if sql == "watch" {
			s.feed <- 1 // it runs
		}
		var err error
		for err == nil {
			if cancelErr := conn.PgConn().CancelRequest(t.Context()); cancelErr != nil {
				t.Fatal(cancelErr)
			}
			select {
			case err = <-done:
			case <-time.After(10 * time.Millisecond): // it had not begun
			}
		}
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != result.CodeCanceled {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "rows 1"); err != nil {
		t.Fatal(err)
	}
}

// TestPanic: a bug in a statement ends its connection with an error, not the server.
func TestPanic(t *testing.T) {
	told := make(chan any, 1)
	addr, _, _ := start(t, Config{Panicked: func(v any, _ []byte) { told <- v }})
	conn := connect(t, addr, "sslmode=disable")
	_, err := conn.PgConn().Exec(t.Context(), "panic").ReadAll()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != result.CodeInternal || !reflect.DeepEqual(<-told, any("a bug")) {
		t.Fatalf("%v", err)
	}
	connect(t, addr, "sslmode=disable")
}
