package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// clauseWords are what a mistyped word is compared with.
var clauseWords = []string{
	"select", "from", "where", "group", "having", "order", "limit", "offset", "union", "intersect",
	"except", "join", "inner", "left", "right", "full", "cross", "using", "distinct", "values",
	"create", "stream", "materialized", "view", "table", "watermark", "with", "emit", "changes",
	"window", "close", "insert", "into", "update", "delete", "drop", "alter", "show", "describe",
	"explain", "subscribe", "interval", "between", "partition", "streams", "views", "queries",
	"sources", "metadata", "generated", "cascade", "exists", "primary", "copy", "flush", "begin",
	"commit", "rollback", "analyze",
}

// hintAt guesses what was meant where a token cannot stand. The mistyped word
// is this one or, where it could pass for an alias, the one before.
func (r *reader) hintAt(tok int, expected []string) string {
	words := clauseWords
	if len(expected) > 0 {
		words = append(append([]string{}, expected...), words...)
	}
	for _, i := range []int{tok, tok - 1} {
		if i < 0 || i >= len(r.toks) || r.toks[i].kind != tWord || ast.Keyword(r.toks[i].text) != ast.NotKeyword {
			continue
		}
		if w := nearest(r.toks[i].text, words); w != "" {
			return didYouMean(w, r.raw(i))
		}
	}
	return ""
}

func didYouMean(word, written string) string {
	return "did you mean " + upper(word) + " instead of \"" + written + "\"?"
}

// nearest returns the word that s most likely was meant to be, or "".
func nearest(s string, words []string) string {
	best, limit := "", 1+len(s)/5
	if len(s) < 3 {
		return ""
	}
	for _, w := range words {
		if w == s {
			return ""
		}
		if d := editDistance(s, w); d <= limit && (best == "" || d < limit) {
			best, limit = w, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, changes and swaps of neighbours.
func editDistance(a, b string) int {
	if d := len(a) - len(b); d > 3 || d < -3 {
		return 9
	}
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := prev[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, prev[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
