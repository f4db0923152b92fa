package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func document(t *testing.T, c Chart) string {
	t.Helper()
	s := c.SVG()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return s
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, s)
		}
	}
}

// TestWhiskers: every range has its whisker and its mark, names are escaped, and
// what is not there is not drawn.
func TestWhiskers(t *testing.T) {
	c := Chart{
		Title: "p99 < 20 ms & more", X: "load", Y: "p99, ms", Log: true, Limit: 20, LimitName: "slo",
		Categories: []string{"0.5", "2.0"},
		Series: []Series{
			{Name: "llf", Ranges: []Range{{1, 2, 3}, {2, 4, 9}}},
			{Name: "fifo", Ranges: []Range{{}, {100, 300, 400}}},
		},
	}
	s := document(t, c)
	if n := strings.Count(s, "<title>"); n != 3 {
		t.Errorf("%d ranges drawn, not 3", n)
	}
	if !strings.Contains(s, "p99 &lt; 20 ms &amp; more") || !strings.Contains(s, "fifo, 2.0: 300 (100 to 400)") {
		t.Errorf("a title is missing:\n%s", s)
	}
}

// TestAxis: larger values stand higher, within the picture.
func TestAxis(t *testing.T) {
	for _, log := range []bool{false, true} {
		for _, high := range []float64{.003, 1, 7, 20, 950, 2e6} {
			c := Chart{Log: log, Categories: []string{"x"}, Series: []Series{{Ranges: []Range{{high / 50, high / 2, high}}}}}
			y := c.axis()
			at := []float64{y.at(high / 50), y.at(high / 2), y.at(high)}
			if at[0] < at[1] || at[1] < at[2] || at[0] > base || at[2] < top {
				t.Errorf("log %v, up to %v: at %v of %v", log, high, at, y)
			}
			if n := len(y.marks); n < 2 || n > 12 {
				t.Errorf("log %v, up to %v: marks %v", log, high, y.marks)
			}
			document(t, c)
		}
	}
}

// TestLines: a line has all its points.
func TestLines(t *testing.T) {
	s := document(t, Chart{Title: "t", Series: []Series{{Name: "a", Line: []Point{{0, 1}, {1, 5}, {2, 3}}}}})
	_, rest, _ := strings.Cut(s, "points=\"")
	points, _, _ := strings.Cut(rest, "\"")
	if n := len(strings.Fields(points)); n != 3 {
		t.Errorf("%d points of 3: %s", n, points)
	}
	document(t, Chart{Title: "nothing"})
}
