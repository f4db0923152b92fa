// Package file reads and writes NDJSON files: one JSON object a line. A source
// is one partition, 0, whose offsets are byte offsets of lines; a sink appends.
package file

import (
	"fmt"
	"strings"

	"github.com/dirigo-stream/dirigo/connectors"
)

// Connector returns source and sink.
func Connector() connectors.Connector {
	return connectors.Connector{
		Source: func(spec connectors.Spec) (connectors.Source, error) {
			s, err := NewSource(spec)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		Sink: func(spec connectors.Spec) (connectors.Sink, error) {
			s, err := NewSink(spec)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
	}
}

// config is the WITH options.
type config struct {
	path   string
	follow bool // go on when lines are appended
}

func parseOptions(spec connectors.Spec, source bool) (config, error) {
	c := config{follow: true}
	for name, value := range spec.Options {
		switch {
		case name == "connector":
		case name == "path":
			c.path = value
		case name == "format":
			if !strings.EqualFold(value, "json") {
				return c, &connectors.OptionError{Option: name, Message: fmt.Sprintf("have %q", value), Hint: "files hold json, one object a line"}
			}
		case name == "follow" && source:
			switch strings.ToLower(value) {
			case "true":
			case "false":
				c.follow = false
			default:
				return c, &connectors.OptionError{Option: name, Message: fmt.Sprintf("have %q", value), Hint: "want true or false"}
			}
		default:
			hint := "a file source has path, follow and format"
			if !source {
				hint = "a file sink has path and format"
			}
			return c, &connectors.OptionError{Option: name, Message: "not known to the file connector", Hint: hint}
		}
	}
	if c.path == "" {
		return c, &connectors.OptionError{Option: "path", Message: "is missing", Hint: "path = '/where/lines.ndjson'"}
	}
	return c, nil
}
