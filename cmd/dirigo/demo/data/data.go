// Package data holds the real events that the demo replays.
package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
)

//go:embed flights.ndjson.gz
var flights []byte

//go:embed airports.ndjson.gz
var airports []byte

//go:embed earthquakes.ndjson.gz
var earthquakes []byte

// Flights, Airports and Earthquakes return the lines of a file: one JSON
// object each.
func Flights() ([][]byte, error) { return lines("flights", flights) }

// Airports returns the airports that the flights name.
func Airports() ([][]byte, error) { return lines("airports", airports) }

// Earthquakes returns the earthquakes in the order in which they were published.
func Earthquakes() ([][]byte, error) { return lines("earthquakes", earthquakes) }

func lines(name string, packed []byte) ([][]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("demo data %s: %w", name, err)
	}
	var out [][]byte
	s := bufio.NewScanner(r)
	for s.Scan() {
		out = append(out, bytes.Clone(s.Bytes()))
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("demo data %s: %w", name, err)
	}
	return out, nil
}

// SQL declares the demo's streams and queries.
//
//go:embed demo.sql
var SQL string
