package session_test

import (
	"context"
	"io"
	"testing"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// chunks is a Sink whose client sends data in parts of some size.
type chunks struct {
	lines
	data []byte
	size int
}

func (c *chunks) Next(context.Context) ([]byte, error) {
	if len(c.data) == 0 {
		return nil, io.EOF
	}
	n := min(c.size, len(c.data))
	part := append([]byte{}, c.data[:n]...)
	c.data = c.data[n:]
	return part, nil
}

// TestCopyChunks: which rows a COPY gives does not depend on how its data was
// cut, be it within a quoted value, an escape or a character.
func TestCopyChunks(t *testing.T) {
	db, _ := realDB(t, mem.NewDisk())
	conn := connect(t, serve(t, db))
	do(t, conn, "CREATE TABLE t (id INT, s TEXT)")
	s, err := db.Open(result.Client{User: "alice", Database: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for sql, x := range map[string]struct{ data, want string }{
		"COPY t FROM STDIN":                           {"1\ta\\\\\n2\tb\\\nc\\td\r\n3\täö\\x41\n4\t\\N\n", "1|a\\\n2|b\nc\td\n3|äöA\n4|NULL\nSELECT 4\n"},
		"COPY t FROM STDIN (FORMAT csv)":              {"1,\"a\"\"\nb,\"\n2,\"\"\"\"\r\n3,ä\n4,", "1|a\"\nb,\n2|\"\n3|ä\n4|NULL\nSELECT 4\n"},
		"COPY t FROM STDIN (FORMAT csv, ESCAPE '\\')": {"1,\"a\\\"\nb\\\\\"\n2,c\n", "1|a\"\nb\\\n2|c\nSELECT 2\n"},
	} {
		for size := 1; size < 20; size++ {
			do(t, conn, "TRUNCATE t")
			list, err := s.Split(sql)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := list[0].Run(t.Context(), nil, &chunks{data: []byte(x.data), size: size}); err != nil {
				t.Fatalf("%s, parts of %d: %v", sql, size, err)
			}
			if got := told(t, conn, "SELECT * FROM t ORDER BY id"); got != x.want {
				t.Fatalf("%s, parts of %d:\n%s\nwant\n%s", sql, size, got, x.want)
			}
		}
	}
}
