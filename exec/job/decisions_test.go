package job

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// scanCounter is a log that counts scans.
type scanCounter struct {
	storage.Log
	scans int
}

func (s *scanCounter) Scan(prefix string, f func(storage.Record) error) error {
	s.scans++
	return s.Log.Scan(prefix, f)
}

// TestDecisionsKept: decisions are read from the log once, those written later
// are there too, now and after a restart, and end with their source.
func TestDecisionsKept(t *testing.T) {
	s := mem.New()
	log, err := s.Log("decisions")
	if err != nil {
		t.Fatal(err)
	}
	open := func(inc uint64) (*decisions, *scanCounter) {
		l := &scanCounter{Log: log}
		return &decisions{log: l, inc: inc}, l
	}
	says := func(d *decisions, source uint64) string {
		t.Helper()
		notes, err := d.read(source)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, n := range notes {
			out += fmt.Sprint(n.Kind, n.Partition, " ")
		}
		return out
	}
	d, _ := open(1)
	for i := range int32(3) {
		for _, source := range []uint64{1, 12} {
			if err := d.write(source, []*note{{Kind: "idle", Partition: i}, {Kind: "active", Partition: i}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := "idle0 active0 idle1 active1 idle2 active2 "
	d2, l := open(2)
	for range 5 {
		if got := says(d2, 1); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	before, _ := d2.read(1)
	if err := d2.write(1, []*note{{Kind: "idle", Partition: 7}}); err != nil {
		t.Fatal(err)
	}
	if got := says(d2, 1); got != want+"idle7 " || len(before) != 6 || l.scans != 1 {
		t.Errorf("%s after one more; %d in the list of before, %d scans", got, len(before), l.scans)
	}
	d3, _ := open(3)
	if got := says(d3, 1); got != want+"idle7 " {
		t.Errorf("after a restart: %s", got)
	}
	if err := d3.drop(1); err != nil {
		t.Fatal(err)
	}
	if got := says(d3, 1) + says(d3, 12); got != want {
		t.Errorf("after source 1 has gone: %s", got)
	}
	if err := d3.keep([]uint64{2}); err != nil {
		t.Fatal(err)
	}
	left := 0
	if err := log.Scan("", func(storage.Record) error { left++; return nil }); err != nil || left > 0 {
		t.Errorf("%d records left, error %v", left, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
