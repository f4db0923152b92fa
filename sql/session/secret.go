package session

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// masked is what is shown in the place of a secret.
const masked = "'********'"

// withoutSecrets returns a definition as others may see it: the values of
// options that are secrets are masked. The catalog keeps them.
func withoutSecrets(sql string) string {
	node, err := parse.ParseOne(sql)
	if err != nil {
		return sql // a definition of an older release, which is text alone to us
	}
	options := slices.Clone(withClause(node))
	slices.SortFunc(options, func(a, b ast.Option) int { return int(b.ValPos - a.ValPos) })
	for _, o := range options { // the last first, so that places stay right
		if at := int(o.ValPos); isSecret(o) && at >= 0 && at < len(sql) {
			sql = sql[:at] + masked + sql[at+literal(sql[at:]):]
		}
	}
	return sql
}

// isSecret tells whether an option's value is not to be shown: a password, or a
// key written out, rather than the path of its file.
func isSecret(o ast.Option) bool {
	return strings.Contains(o.Name, "password") || strings.Contains(o.Name, "secret") || strings.Contains(o.Value, "PRIVATE KEY")
}

// literal returns how long the literal or word is with which sql begins.
func literal(sql string) int {
	start := strings.IndexAny(sql, "'$")
	switch {
	case start == 0 && sql[0] == '$':
		if tag := strings.IndexByte(sql[1:], '$'); tag >= 0 {
			quote := sql[:tag+2]
			if end := strings.Index(sql[len(quote):], quote); end >= 0 {
				return len(quote) + end + len(quote)
			}
		}
	case start >= 0 && start <= 2 && sql[start] == '\'': // also e'..' and u&'..'
		escapes := sql[0] == 'e' || sql[0] == 'E'
		for i := start + 1; i < len(sql); i++ {
			switch {
			case escapes && sql[i] == '\\':
				i++
			case sql[i] == '\'' && i+1 < len(sql) && sql[i+1] == '\'':
				i++
			case sql[i] == '\'':
				return i + 1
			}
		}
	}
	if end := strings.IndexAny(sql, ",) \t\r\n"); end > 0 {
		return end
	}
	return len(sql)
}
