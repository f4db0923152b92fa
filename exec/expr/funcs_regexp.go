package expr

import (
	"regexp"
	"strings"
)

// regexpTable defines functions of regular expressions.
func regexpTable() table {
	return table{
		"regexp_replace": {
			{args: in(txt, txt, txt), ret: txt, spec: regexpReplace},
			{args: in(txt, txt, txt, txt), ret: txt, spec: regexpReplace},
		},
		"regexp_like": {
			{args: in(txt, txt), ret: boolean_, spec: regexpLike},
			{args: in(txt, txt, txt), ret: boolean_, spec: regexpLike},
		},
		"regexp_count": {{args: in(txt, txt), ret: i4, spec: func(n *Node) rowFunc {
			get := regexpOf(n.Args[1], false)
			return withRegexp(get, func(f *frame, re *regexp.Regexp) { f.setInt(int64(len(re.FindAllIndex(f.text(0), -1)))) })
		}}},
		"regexp_substr": {{args: in(txt, txt), ret: txt, spec: func(n *Node) rowFunc {
			get := regexpOf(n.Args[1], false)
			return withRegexp(get, func(f *frame, re *regexp.Regexp) { setFound(f, re.Find(f.text(0))) })
		}}},
	}
}

func regexpOf(pattern *Node, fold bool) func([]byte) (*regexp.Regexp, *Error) {
	return cached(pattern, func(p string) (*regexp.Regexp, *Error) { return compileRegexp(p, fold) })
}

func withRegexp(get func([]byte) (*regexp.Regexp, *Error), fn func(f *frame, re *regexp.Regexp)) rowFunc {
	return func(f *frame) {
		re, err := get(f.text(1))
		if err != nil {
			f.fail(err)
			return
		}
		fn(f, re)
	}
}

func setFound(f *frame, s []byte) {
	if s == nil {
		f.setNull()
		return
	}
	f.setBytes(s)
}

// substringRegexp is substring(s from pattern): the first group, or the match.
func substringRegexp(n *Node) rowFunc {
	return withRegexp(regexpOf(n.Args[1], false), func(f *frame, re *regexp.Regexp) {
		m := re.FindSubmatch(f.text(0))
		switch {
		case m == nil:
			f.setNull()
		case len(m) > 1:
			setFound(f, m[1])
		default:
			setFound(f, m[0])
		}
	})
}

func regexpLike(n *Node) rowFunc {
	flags, err := regexpFlags(n, 2)
	if err != nil {
		return func(f *frame) { f.fail(err) }
	}
	return withRegexp(regexpOf(n.Args[1], strings.Contains(flags, "i")), func(f *frame, re *regexp.Regexp) {
		f.setBool(re.Match(f.text(0)))
	})
}

// regexpFlags returns the constant flags at argument i, if there is one.
func regexpFlags(n *Node, i int) (string, *Error) {
	if len(n.Args) <= i {
		return "", nil
	}
	if n.Args[i].Op != OpConst {
		return "", errorf("0A000", "%s needs constant flags", n.Name)
	}
	flags := n.Args[i].Text
	if bad := strings.Trim(flags, "gicn"); bad != "" {
		return "", errorf("22023", "invalid regular expression option: \"%s\"", bad[:1])
	}
	return flags, nil
}

var backReference = regexp.MustCompile(`\\(\\|&|[1-9])`)

// regexpReplace replaces the first match, or all with flag g. \1 stands for a
// group, \& for the match.
func regexpReplace(n *Node) rowFunc {
	flags, err := regexpFlags(n, 3)
	if err != nil {
		return func(f *frame) { f.fail(err) }
	}
	all := strings.Contains(flags, "g")
	template := func(s string) string {
		s = strings.ReplaceAll(s, "$", "$$")
		return backReference.ReplaceAllStringFunc(s, func(m string) string {
			switch m[1] {
			case '\\':
				return `\`
			case '&':
				return "${0}"
			}
			return "${" + m[1:] + "}"
		})
	}
	return withRegexp(regexpOf(n.Args[1], strings.Contains(flags, "i")), func(f *frame, re *regexp.Regexp) {
		src, with := f.text(0), []byte(template(string(f.text(2))))
		at := 0
		for _, m := range re.FindAllSubmatchIndex(src, -1) {
			f.setBytes(src[at:m[0]])
			f.buf = re.Expand(f.buf, with, src, m)
			at = m[1]
			if !all {
				break
			}
		}
		f.setBytes(src[at:])
	})
}
