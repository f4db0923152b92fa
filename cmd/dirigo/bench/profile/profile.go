// Package profile reads as much of a processor profile as it takes to say which
// part of the time belongs to whom. It knows nothing of what was profiled.
package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// CPU is the samples of a profile, each with the function that it belongs to: the
// innermost one outside of Go's runtime, "" where there is none, as in the
// collector's own goroutines.
type CPU struct {
	samples map[string]int64 // by function
	total   int64
}

// Share returns the part of the samples whose function is meant.
func (c *CPU) Share(of func(function string) bool) float64 {
	n := int64(0)
	for f, k := range c.samples {
		if of(f) {
			n += k
		}
	}
	if c.total == 0 {
		return 0
	}
	return float64(n) / float64(c.total)
}

// Total returns the number of samples.
func (c *CPU) Total() int64 { return c.total }

// The fields that are read, by number, of the messages of pprof's profile.proto.
const (
	profileSample, profileLocation, profileFunction, profileString = 2, 4, 5, 6

	sampleLocations, sampleValues = 1, 2
	locationID, locationLine      = 1, 4
	lineFunction                  = 1
	functionID, functionName      = 1, 2
)

// Read reads what runtime/pprof wrote.
func Read(data []byte) (*CPU, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	var samples [][]byte
	var texts []string
	lines := map[uint64][]uint64{} // functions by location, innermost first
	names := map[uint64]uint64{}   // of functions, as places in texts
	err = fields(raw, func(field int, n uint64, b []byte) error {
		switch field {
		case profileSample:
			samples = append(samples, b)
		case profileLocation:
			return location(b, lines)
		case profileFunction:
			return function(b, names)
		case profileString:
			texts = append(texts, string(b))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	c := &CPU{samples: map[string]int64{}}
	for _, s := range samples {
		if err := c.add(s, lines, names, texts); err != nil {
			return nil, fmt.Errorf("read a profile: %w", err)
		}
	}
	return c, nil
}

func location(b []byte, lines map[uint64][]uint64) error {
	var id uint64
	var of []uint64
	err := fields(b, func(field int, n uint64, line []byte) error {
		switch field {
		case locationID:
			id = n
		case locationLine:
			return fields(line, func(field int, n uint64, _ []byte) error {
				if field == lineFunction {
					of = append(of, n)
				}
				return nil
			})
		}
		return nil
	})
	lines[id] = of
	return err
}

func function(b []byte, names map[uint64]uint64) error {
	var id, name uint64
	err := fields(b, func(field int, n uint64, _ []byte) error {
		switch field {
		case functionID:
			id = n
		case functionName:
			name = n
		}
		return nil
	})
	names[id] = name
	return err
}

// add counts one sample for the innermost function that is not the runtime's.
func (c *CPU) add(sample []byte, lines map[uint64][]uint64, names map[uint64]uint64, texts []string) error {
	var at, values []uint64
	err := fields(sample, func(field int, n uint64, b []byte) (err error) {
		switch field {
		case sampleLocations:
			at, err = numbers(at, n, b)
		case sampleValues:
			values, err = numbers(values, n, b)
		}
		return err
	})
	if err != nil || len(values) == 0 {
		return err
	}
	owner := ""
	for _, l := range at {
		for _, f := range lines[l] {
			if name := names[f]; owner == "" && name < uint64(len(texts)) && !internal(texts[name]) {
				owner = texts[name]
			}
		}
	}
	n := int64(values[0])
	c.samples[owner] += n
	c.total += n
	return nil
}

// internal says whether a function is Go's runtime's, or does no more than call
// it for somebody.
func internal(name string) bool {
	for _, p := range []string{"runtime.", "runtime/", "internal/runtime", "sync.", "sync/", "internal/sync", "time.", "slices.", "container/"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return !strings.Contains(name, ".") // assembly: memmove, aeshashbody
}

var errWire = errors.New("not in the format of pprof")

// fields calls f for each field of a message: n is the value of a number, b the
// bytes of anything else.
func fields(b []byte, f func(field int, n uint64, b []byte) error) error {
	for len(b) > 0 {
		key, k := binary.Uvarint(b)
		if k <= 0 {
			return errWire
		}
		b = b[k:]
		n, k := binary.Uvarint(b)
		if k <= 0 {
			return errWire
		}
		b = b[k:]
		var inner []byte
		switch key & 7 {
		case 0:
		case 2:
			if n > uint64(len(b)) {
				return errWire
			}
			inner, b = b[:n], b[n:]
		default:
			return errWire
		}
		if err := f(int(key>>3), n, inner); err != nil {
			return err
		}
	}
	return nil
}

// numbers appends a repeated field, packed or not.
func numbers(to []uint64, n uint64, packed []byte) ([]uint64, error) {
	if packed == nil {
		return append(to, n), nil
	}
	for len(packed) > 0 {
		x, k := binary.Uvarint(packed)
		if k <= 0 {
			return to, errWire
		}
		to, packed = append(to, x), packed[k:]
	}
	return to, nil
}
