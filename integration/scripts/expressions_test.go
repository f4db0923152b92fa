package scripts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// reply is what a server says to SELECT expression.
type reply struct {
	oid          uint32
	text, binary []byte // nil: NULL
	code         string // SQLSTATE; then there is no value
	message      string
}

func (r reply) String() string {
	if r.code != "" {
		return fmt.Sprintf("error %s (%s)", r.code, r.message)
	}
	return fmt.Sprintf("%s, type %d, binary %x", cell(r.text), r.oid, r.binary)
}

// same says whether two replies are alike: value, type, scale, bytes, or
// SQLSTATE. The words of an error may differ.
func (r reply) same(o reply) bool {
	return r.code == o.code && r.oid == o.oid &&
		(r.text == nil) == (o.text == nil) && bytes.Equal(r.text, o.text) && bytes.Equal(r.binary, o.binary)
}

// ask sends SELECT expression, for the text format and for the binary one.
func (w *wire) ask(ctx context.Context, expression string) (reply, error) {
	sql := "SELECT " + expression
	var r reply
	results, err := w.conn.PgConn().Exec(ctx, sql).ReadAll()
	var failed *pgconn.PgError
	switch {
	case errors.As(err, &failed):
		return reply{code: failed.Code, message: failed.Message}, nil
	case err != nil:
		return r, err
	case len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 1:
		return r, fmt.Errorf("%s does not give one value", sql)
	}
	r.oid, r.text = results[0].FieldDescriptions[0].DataTypeOID, results[0].Rows[0][0]
	second := w.conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, []int16{1}).Read()
	if second.Err != nil {
		return r, fmt.Errorf("in the binary format: %w", second.Err)
	}
	r.binary = second.Rows[0][0]
	return r, nil
}

// expressions returns those that exec/expr has compared, and more that only SQL
// text brings up.
func expressions(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, path := range []string{"../../exec/expr/testdata/pg.sql.txt", "testdata/expressions.txt"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				all = append(all, line)
			}
		}
	}
	return all
}

// differences are those that are known, with the reason. One that is gone must
// leave this list.
var differences = map[string]string{
	"-(-2147483648)":           "PostgreSQL folds the signs of a constant before it has a type",
	"make_interval(days => 3)": "named arguments are not there yet",
	"(1, 2) = (1, 2)":          "row values are not there yet",
	"(1, 'a') < (1, 'b')":      "row values are not there yet",
	"pg_typeof(1)":             "a regtype is sent as its name in the binary format too",
	"pg_typeof(1.5)":           "a regtype is sent as its name in the binary format too",
	"pg_typeof('a')":           "a regtype is sent as its name in the binary format too",
	"pg_typeof(NULL)":          "a regtype is sent as its name in the binary format too",
}

// TestExpressions sends the same expressions to dirigo and to PostgreSQL.
func TestExpressions(t *testing.T) {
	pg := postgres(t)
	n, err := startInProcess(t.Context(), mem.NewDisk(), "", server.Config{Parallelism: 1}, &tally{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	w, err := connect(t.Context(), n.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	all := expressions(t)
	nulls, failures, different := 0, 0, 0
	for _, e := range all {
		want, err := pg.ask(t.Context(), e)
		if err != nil {
			t.Fatalf("PostgreSQL: %s: %v", e, err)
		}
		got, err := w.ask(t.Context(), e)
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		switch _, known := differences[e]; {
		case got.same(want) && known:
			t.Errorf("%s does not differ any more", e)
		case got.same(want):
		case known:
			different++
		default:
			t.Errorf("%s\n  gives      %s\n  PostgreSQL %s", e, got, want)
		}
		switch {
		case want.code != "":
			failures++
		case want.text == nil:
			nulls++
		}
	}
	t.Logf("%d expressions, of which %d NULL and %d errors; %d differ, as known", len(all), nulls, failures, different)
	if len(all) < 200 || nulls == 0 || failures == 0 {
		t.Error("too little is compared")
	}
}

// TestReplies: the comparison sees each thing that it compares.
func TestReplies(t *testing.T) {
	one := reply{oid: 23, text: []byte("1"), binary: []byte{0, 0, 0, 1}}
	for name, other := range map[string]reply{
		"type":   {oid: 20, text: one.text, binary: one.binary},
		"text":   {oid: 23, text: []byte("1.0"), binary: one.binary},
		"binary": {oid: 23, text: one.text, binary: []byte{1}},
		"NULL":   {oid: 23},
		"error":  {code: "22012"},
	} {
		if one.same(other) || other.same(one) {
			t.Errorf("%s is not seen", name)
		}
	}
	if (reply{oid: 25, text: []byte{}}).same(reply{oid: 25}) {
		t.Error("an empty text is NULL")
	}
	if !one.same(one) || !(reply{code: "22012", message: "a"}).same(reply{code: "22012", message: "b"}) {
		t.Error("the same differs")
	}
}
