package chaos

import (
	"fmt"
	"testing"
)

// TestRejectedAlike: which rows a query gets is a matter of the stream alone,
// not of which columns its neighbours read, nor of whether it read with them
// or caught up by itself.
func TestRejectedAlike(t *testing.T) {
	b := newBroker(t)
	b.topic("odd", 1)
	n := newNode(t, "--kafka", b.addr)
	n.exec(`CREATE STREAM odd (id BIGINT, k BIGINT, v BIGINT) WITH (connector = 'kafka', topic = 'odd', format = 'json')`)
	feed := func(from int) {
		var values []string
		for i := from; i < from+1000; i++ {
			v := fmt.Sprint(i)
			if i%10 == 0 {
				v = `"no number"`
			}
			values = append(values, fmt.Sprintf(`{"id":%d,"k":%d,"v":%s}`, i, i%3, v))
		}
		b.produce("odd", 0, values...)
	}
	feed(0)
	view := func(name, what string) {
		n.exec(fmt.Sprintf(`CREATE MATERIALIZED VIEW %s AS SELECT k, %s AS x FROM odd GROUP BY k`, name, what))
	}
	view("alone", "count(*)")
	n.caughtUp()
	view("neighbour", "sum(v)")
	n.caughtUp()
	feed(1000)
	n.caughtUp()
	view("after", "count(*)")
	n.caughtUp()
	first := texts(n.query("SELECT k, x FROM alone"))
	same(t, "the query that came later against the first", texts(n.query("SELECT k, x FROM after")), first)
	rejected := n.query("SELECT count(*) FROM dirigo_rejected WHERE source = 'odd'")
	t.Logf("%v, %v rows rejected", first, rejected[0])
}
