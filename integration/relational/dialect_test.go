package relational

import (
	"fmt"
	"regexp"
	"strings"
)

// PostgreSQL has no windows and no watermarks. What stands for them:
var (
	tumble  = regexp.MustCompile(`TUMBLE\((\w+), (\w+), (INTERVAL '[^']*')\)`)
	hop     = regexp.MustCompile(`HOP\((\w+), (\w+), (INTERVAL '[^']*'), (INTERVAL '[^']*')\)`)
	delayed = regexp.MustCompile(`, WATERMARK FOR (\w+) AS \w+ - (INTERVAL '[^']*')`)
)

// watermark is an expression of PostgreSQL for where a stream's event time
// stands: the least, over its partitions, of the latest row's minus the delay;
// NULL while a partition has no rows.
func watermark(stream, column, delay string, partitions int) string {
	return fmt.Sprintf("(SELECT min(m) FROM (SELECT max(%s) - %s AS m FROM %s GROUP BY dirigo_partition) AS w HAVING count(*) = %d)",
		column, delay, stream, partitions)
}

// postgresql spells a query for PostgreSQL; watermarks are those of the streams.
func postgresql(sql string, watermarks map[string]string) string {
	sql, closes := strings.CutSuffix(sql, " EMIT ON WINDOW CLOSE")
	if closes {
		stream := ""
		for _, call := range []*regexp.Regexp{tumble, hop} {
			if m := call.FindStringSubmatch(sql); m != nil {
				stream = m[1]
			}
		}
		sql = "SELECT * FROM (" + sql + ") AS closed WHERE c1 <= " + watermarks[stream]
	}
	const origin = "TIMESTAMP '1970-01-01'"
	sql = tumble.ReplaceAllString(sql, "(SELECT *, date_bin($3, $2, "+origin+") AS window_start, date_bin($3, $2, "+origin+") + $3 AS window_end FROM $1)")
	return hop.ReplaceAllString(sql, "(SELECT s.*, t AS window_start, t + $4 AS window_end FROM $1 AS s, "+
		"generate_series(date_bin($3, $2, "+origin+") - $4 + $3, date_bin($3, $2, "+origin+"), $3) AS t)")
}
