package bind_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// TestFrozenZone: a continuous query has its owner's time zone written into it,
// or is refused; in UTC it stays as it is.
func TestFrozenZone(t *testing.T) {
	tests := []struct{ sql, berlin string }{
		{"at::timestamp", "timezone('Europe/Berlin', at)"},
		{"at::date", "timezone('Europe/Berlin', at)::date"},
		{"date_time::timestamptz", "timezone('Europe/Berlin', date_time)"},
		{"date_trunc('day', at)", "date_trunc('day', at, 'Europe/Berlin')"},
		{"extract(hour FROM at)", "extract(hour FROM timezone('Europe/Berlin', at))"},
		{"extract(epoch FROM at)", "extract(epoch FROM at)"},
		{"at + INTERVAL '1 hour'", "at + '01:00:00'"},
		{"at > '2026-07-01'", "at > '2026-06-30 22:00:00+00'"},
		{"date_time::date", "date_time::date"},
		{"at + INTERVAL '1 day'", "refused"},
		{"at::text", "refused"},
	}
	for _, test := range tests {
		stmt, err := parse.ParseOne("CREATE MATERIALIZED VIEW v AS SELECT " + test.sql + " AS x FROM bids")
		if err != nil {
			t.Fatal(err)
		}
		for _, zone := range []string{"UTC", "Europe/Berlin"} {
			env := fuzzSession(t).env()
			if env.Zone, err = time.LoadLocation(zone); err != nil {
				t.Fatal(err)
			}
			c, err := bind.CreateView(stmt.(*ast.CreateView), env)
			switch {
			case zone == "UTC" && err != nil:
				t.Errorf("%s in UTC: %v", test.sql, err)
			case zone == "UTC" && strings.Contains(logical.Print(c.Plan), "timezone"):
				t.Errorf("%s in UTC:\n%s", test.sql, logical.Print(c.Plan))
			case zone == "UTC":
			case test.berlin == "refused" && err == nil:
				t.Errorf("%s is not refused:\n%s", test.sql, logical.Print(c.Plan))
			case test.berlin == "refused":
				if !strings.Contains(err.Error(), "time zone") {
					t.Errorf("%s: %v", test.sql, err)
				}
			case err != nil:
				t.Errorf("%s: %v", test.sql, err)
			case !strings.Contains(logical.Print(c.Plan), test.berlin):
				t.Errorf("%s:\n%swant %s", test.sql, logical.Print(c.Plan), test.berlin)
			}
		}
	}
}
