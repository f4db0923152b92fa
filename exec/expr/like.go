package expr

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// matcher tells whether a text matches a pattern.
type matcher func(s []byte) bool

// likeTable defines LIKE, ILIKE, SIMILAR TO (each with an optional ESCAPE) and
// the operators of regular expressions.
func likeTable() table {
	t := table{}
	for name, compile := range map[string]func(pattern, escape string) (matcher, *Error){
		"like":       compileLike,
		"ilike":      compileILike,
		"similar to": compileSimilar,
	} {
		t[name] = []overload{
			{args: in(txt, txt), ret: boolean_, spec: func(n *Node) rowFunc {
				get := cached(n.Args[1], func(p string) (matcher, *Error) { return compile(p, `\`) })
				return func(f *frame) { setMatch(f, get, false) }
			}},
			{args: in(txt, txt, txt), ret: boolean_, spec: func(n *Node) rowFunc {
				escape := n.Args[2].Text
				get := cached(n.Args[1], func(p string) (matcher, *Error) { return compile(p, escape) })
				return func(f *frame) { setMatch(f, get, false) }
			}},
		}
	}
	for name, flags := range map[string]struct{ fold, not bool }{
		"~": {}, "~*": {fold: true}, "!~": {not: true}, "!~*": {fold: true, not: true},
	} {
		t[name] = []overload{{args: in(txt, txt), ret: boolean_, spec: func(n *Node) rowFunc {
			get := cached(n.Args[1], func(p string) (matcher, *Error) {
				re, err := compileRegexp(p, flags.fold)
				if err != nil {
					return nil, err
				}
				return re.Match, nil
			})
			return func(f *frame) { setMatch(f, get, flags.not) }
		}}}
	}
	for _, k := range []batch.Kind{i2, i4, i8} {
		t["~"] = append(t["~"], overload{args: in(k), ret: k, row: func(f *frame) { f.setInt(^f.int(0)) }})
	}
	return t
}

func setMatch(f *frame, pattern func([]byte) (matcher, *Error), not bool) {
	m, err := pattern(f.text(1))
	if err != nil {
		f.fail(err)
		return
	}
	f.setBool(m(f.text(0)) != not)
}

// cached returns compile with a memory of the last pattern; patterns are nearly
// always constants.
func cached[T any](n *Node, compile func(string) (T, *Error)) func([]byte) (T, *Error) {
	var last string
	var value T
	var err *Error
	known := false
	if n.Op == OpConst && !n.Null {
		last, known = n.Text, true
		value, err = compile(last)
	}
	return func(s []byte) (T, *Error) {
		if !known || string(s) != last { // the conversion makes no copy
			last, known = string(s), true
			value, err = compile(last)
		}
		return value, err
	}
}

// likeToken is a literal byte string, one character or any number of them.
type likeToken struct {
	text string
	any  byte // 0, '_' or '%'
}

var errLikeEnd = errorf("22025", "LIKE pattern must not end with escape character")

func likeTokens(pattern, escape string) ([]likeToken, *Error) {
	if utf8.RuneCountInString(escape) > 1 {
		return nil, &Error{Code: "22025", Message: "invalid escape string", Hint: "Escape string must be empty or one character."}
	}
	var out []likeToken
	literal := func(s string) {
		if len(out) > 0 && out[len(out)-1].any == 0 {
			out[len(out)-1].text += s
			return
		}
		out = append(out, likeToken{text: s})
	}
	for i := 0; i < len(pattern); {
		_, size := utf8.DecodeRuneInString(pattern[i:])
		c := pattern[i : i+size]
		i += size
		switch {
		case c == escape && escape != "":
			if i == len(pattern) {
				return nil, errLikeEnd
			}
			_, size = utf8.DecodeRuneInString(pattern[i:])
			literal(pattern[i : i+size])
			i += size
		case c == "%":
			if len(out) == 0 || out[len(out)-1].any != '%' {
				out = append(out, likeToken{any: '%'})
			}
		case c == "_":
			out = append(out, likeToken{any: '_'})
		default:
			literal(c)
		}
	}
	return out, nil
}

func compileLike(pattern, escape string) (matcher, *Error) {
	tokens, err := likeTokens(pattern, escape)
	if err != nil {
		return nil, err
	}
	if m := simpleLike(tokens); m != nil {
		return m, nil
	}
	return func(s []byte) bool { return matchLike(s, tokens) }, nil
}

// simpleLike has short cuts for x, x%, %x, %x% and x%y.
func simpleLike(t []likeToken) matcher {
	shape := ""
	var parts [][]byte
	for _, x := range t {
		switch x.any {
		case 0:
			shape += "x"
			parts = append(parts, []byte(x.text))
		default:
			shape += string(x.any)
		}
	}
	switch shape {
	case "":
		return func(s []byte) bool { return len(s) == 0 }
	case "%":
		return func([]byte) bool { return true }
	case "x":
		return func(s []byte) bool { return bytes.Equal(s, parts[0]) }
	case "x%":
		return func(s []byte) bool { return bytes.HasPrefix(s, parts[0]) }
	case "%x":
		return func(s []byte) bool { return bytes.HasSuffix(s, parts[0]) }
	case "%x%":
		return func(s []byte) bool { return bytes.Contains(s, parts[0]) }
	case "x%x":
		return func(s []byte) bool {
			return len(s) >= len(parts[0])+len(parts[1]) && bytes.HasPrefix(s, parts[0]) && bytes.HasSuffix(s, parts[1])
		}
	}
	return nil
}

// matchLike goes back to the last % only: an earlier one cannot do better.
func matchLike(s []byte, t []likeToken) bool {
	i, k := 0, 0
	backI, backK := -1, -1
	for i < len(s) || k < len(t) {
		if k < len(t) {
			switch t[k].any {
			case '%':
				backI, backK = i, k
				k++
				continue
			case '_':
				if i < len(s) {
					_, size := utf8.DecodeRune(s[i:])
					i, k = i+size, k+1
					continue
				}
			default:
				if bytes.HasPrefix(s[i:], []byte(t[k].text)) {
					i, k = i+len(t[k].text), k+1
					continue
				}
			}
		}
		if backI < 0 || backI >= len(s) {
			return false
		}
		_, size := utf8.DecodeRune(s[backI:])
		backI += size
		i, k = backI, backK+1
	}
	return true
}

func compileILike(pattern, escape string) (matcher, *Error) {
	m, err := compileLike(strings.ToLower(pattern), escape)
	if err != nil {
		return nil, err
	}
	return func(s []byte) bool { return m(bytes.ToLower(s)) }, nil
}

// compileSimilar turns a pattern of SIMILAR TO into a regular expression.
func compileSimilar(pattern, escape string) (matcher, *Error) {
	var b strings.Builder
	b.WriteString(`(?s)^(?:`)
	set := false
	for i := 0; i < len(pattern); {
		_, size := utf8.DecodeRuneInString(pattern[i:])
		c := pattern[i : i+size]
		i += size
		switch {
		case c == escape && escape != "":
			if i == len(pattern) {
				return nil, errLikeEnd
			}
			_, size = utf8.DecodeRuneInString(pattern[i:])
			b.WriteString(regexp.QuoteMeta(pattern[i : i+size]))
			i += size
		case set:
			set = c != "]"
			b.WriteString(c)
		case c == "[":
			set = true
			b.WriteString(c)
		case c == "%":
			b.WriteString(".*")
		case c == "_":
			b.WriteString(".")
		case strings.Contains(`.^$\`, c):
			b.WriteString(`\` + c)
		default:
			b.WriteString(c)
		}
	}
	b.WriteString(`)$`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, badRegexp(err)
	}
	return re.Match, nil
}

func badRegexp(err error) *Error {
	return errorf("2201B", "invalid regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

// lazyQuantifier finds a quantifier that prefers the shortest match; without
// one PostgreSQL prefers the longest.
var lazyQuantifier = regexp.MustCompile(`[*+?}]\?`)

// compileRegexp reads a POSIX regular expression as PostgreSQL spells it, as
// far as RE2 goes: no back references and no look-around.
func compileRegexp(pattern string, fold bool) (*regexp.Regexp, *Error) {
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	r := strings.NewReplacer(`\\`, `\\`, `\y`, `\b`, `\m`, `\b`, `\M`, `\b`, `\Y`, `\B`, `\Z`, `\z`)
	re, err := regexp.Compile(flags + r.Replace(pattern))
	if err != nil {
		return nil, badRegexp(err)
	}
	if !lazyQuantifier.MatchString(pattern) {
		re.Longest()
	}
	return re, nil
}
