// Package kafka reads and writes topics of Apache Kafka and of brokers that
// speak its protocol. kafka-go dials, authenticates, finds leaders and frames
// requests; the bytes of record batches are read and written here, which costs
// a third of its own ways and is the only one to skip aborted transactions.
//
// The package knows nothing of queries: a Source is one topic, a Reader of it
// fetches on credit, a Sink writes what it is given, in order. It registers its
// own response type for Fetch with kafka-go, so kafka-go's Client.Fetch cannot
// be used in the same process.
package kafka

import (
	"strings"

	"github.com/dirigo-stream/dirigo/connectors"
)

// Defaults is what a process says for streams that do not say it themselves.
type Defaults struct {
	Brokers  []string // host:port
	ClientID string   // "" is dirigo
}

// New returns the connector. Streams with the same brokers and credentials
// share connections.
func New(d Defaults) connectors.Connector {
	if d.ClientID == "" {
		d.ClientID = "dirigo"
	}
	clusters := &clusters{open: make(map[string]*cluster)}
	return connectors.Connector{
		Source:     func(s connectors.Spec) (connectors.Source, error) { return newSource(s, d, clusters) },
		Sink:       func(s connectors.Spec) (connectors.Sink, error) { return newSink(s, d, clusters) },
		SourceMode: sourceMode,
		SinkMode:   sinkMode,
	}
}

// sourceMode: with a key, Debezium's records are read as the newest rows of
// their keys, so that what its connector writes twice counts once.
func sourceMode(s connectors.Spec) connectors.Mode {
	switch format(s) {
	case "upsert_json":
		return connectors.ModeUpsert
	case "debezium_json":
		if len(s.Key) > 0 {
			return connectors.ModeUpsert
		}
		return connectors.ModeChanges
	}
	return connectors.ModeAppend
}

func sinkMode(s connectors.Spec) connectors.Mode {
	switch format(s) {
	case "upsert_json":
		return connectors.ModeUpsert
	case "debezium_json":
		return connectors.ModeChanges
	}
	return connectors.ModeAppend
}

func format(s connectors.Spec) string { return strings.ToLower(s.Options["format"]) }
