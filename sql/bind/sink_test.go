package bind_test

import (
	"maps"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// TestReadBack: a derived stream is read with those of its options that a
// source has; when the source misses one, all are left for it to complain about.
func TestReadBack(t *testing.T) {
	picky := func(needs string) connectors.Connector {
		return connectors.Connector{
			Sink: func(connectors.Spec) (connectors.Sink, error) { return nil, nil },
			Source: func(spec connectors.Spec) (connectors.Source, error) {
				if _, ok := spec.Options["compression"]; ok {
					return nil, &connectors.OptionError{Option: "compression", Message: "not of a source"}
				}
				if _, ok := spec.Options[needs]; !ok {
					return nil, &connectors.OptionError{Option: needs, Message: "is missing"}
				}
				return nil, nil
			},
		}
	}
	tests := []struct {
		needs string
		want  map[string]string
	}{
		{"topic", map[string]string{"topic": "t"}},
		{"path", map[string]string{"topic": "t", "compression": "zstd"}},
	}
	for _, test := range tests {
		env := fuzzSession(t).env()
		env.Connectors["picky"] = picky(test.needs)
		stmt, err := parse.ParseOne("CREATE STREAM s WITH (connector = 'picky', topic = 't', compression = 'zstd', slo = '5 ms') AS SELECT price FROM bids")
		if err != nil {
			t.Fatal(err)
		}
		c, err := bind.CreateStream(stmt.(*ast.CreateStream), env)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Object.Source.Spec.Options; !maps.Equal(got, test.want) {
			t.Errorf("a source that needs %s gets %v, want %v", test.needs, got, test.want)
		}
		if sink := c.Object.Query.Sink.Spec.Options; sink["compression"] != "zstd" {
			t.Errorf("the sink got %v", sink)
		}
	}
}
