package system

import (
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

func (c *compiler) like(e *ast.Like, s *scope) (*node, error) {
	op := "~~"
	switch {
	case e.Kind == ast.SimilarOp || e.Escape != nil:
		return nil, unsupported(e.Pos, "this form of LIKE")
	case e.Kind == ast.ILikeOp:
		op = "~~*"
	}
	if e.Not {
		op = "!" + op
	}
	return c.expr(&ast.Binary{Pos: e.Pos, Op: op, L: e.X, R: e.Pattern}, s)
}

// likePattern turns a LIKE pattern into a regular expression.
func likePattern(p string) string {
	var b strings.Builder
	b.WriteString("(?s)^")
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '%':
			b.WriteString(".*")
		case p[i] == '_':
			b.WriteByte('.')
		case p[i] == '\\' && i+1 < len(p):
			i++
			b.WriteString(regexpQuote(p[i]))
		default:
			b.WriteString(regexpQuote(p[i]))
		}
	}
	b.WriteByte('$')
	return b.String()
}

func regexpQuote(b byte) string {
	if strings.IndexByte(`\.+*?()|[]{}^$`, b) >= 0 {
		return `\` + string(b)
	}
	return string([]byte{b})
}
