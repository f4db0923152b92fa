package system

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

const (
	tText  = result.OIDText
	tName  = result.OIDName
	tInt   = result.OIDInt4
	tBig   = result.OIDInt8
	tBool  = result.OIDBool
	tOid   = result.OIDOid
	tAny   = result.OIDUnknown
	tArray = result.OIDTextArray
)

func args(types ...uint32) []uint32 { return types }

// fn makes a function that takes all of types.
func fn(typ uint32, types []uint32, f func(c *compiler, a []any) (any, error)) function {
	return function{args: types, least: len(types), typ: typ, f: f}
}

// from makes a function whose last arguments, from least on, may be left out.
func from(least int, f function) function {
	f.least = least
	return f
}

func loose(f function) function {
	f.loose = true
	return f
}

// always returns a value whatever the arguments.
func always(typ uint32, v any, types ...uint32) function {
	return loose(fn(typ, types, func(*compiler, []any) (any, error) { return v, nil }))
}

// texts makes a function of one text.
func texts(f func(string) string) []function {
	return []function{fn(tText, args(tText), func(_ *compiler, a []any) (any, error) { return f(a[0].(string)), nil })}
}

// functions are the plain functions by name; the first that fits is taken.
var functions = merged(textFunctions, arrayFunctions, catalogFunctions, sessionFunctions)

func merged(tables ...map[string][]function) map[string][]function {
	all := map[string][]function{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

var textFunctions = map[string][]function{
	"lower": texts(strings.ToLower),
	"upper": texts(strings.ToUpper),
	"length": {fn(tInt, args(tText), func(_ *compiler, a []any) (any, error) {
		return int64(utf8.RuneCountInString(a[0].(string))), nil
	})},
	"btrim":       trimming(strings.Trim),
	"ltrim":       trimming(strings.TrimLeft),
	"rtrim":       trimming(strings.TrimRight),
	"quote_ident": texts(quoteIdent),
	"quote_literal": texts(func(s string) string {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}),
	"substring": {substring}, "substr": {substring},
	"left": {fn(tText, args(tText, tInt), func(_ *compiler, a []any) (any, error) {
		r := []rune(a[0].(string))
		n := int(a[1].(int64))
		if n < 0 {
			n = max(0, len(r)+n)
		}
		return string(r[:min(n, len(r))]), nil
	})},
	"replace": {fn(tText, args(tText, tText, tText), func(_ *compiler, a []any) (any, error) {
		if a[1] == "" {
			return a[0], nil
		}
		return strings.ReplaceAll(a[0].(string), a[1].(string), a[2].(string)), nil
	})},
	"split_part": {fn(tText, args(tText, tText, tInt), func(_ *compiler, a []any) (any, error) {
		parts := strings.Split(a[0].(string), a[1].(string))
		if i := a[2].(int64); i >= 1 && i <= int64(len(parts)) {
			return parts[i-1], nil
		}
		return "", nil
	})},
	"strpos": {position}, "position": {position},
	"concat": {{args: args(tText), variadic: true, loose: true, typ: tText, f: func(_ *compiler, a []any) (any, error) {
		return joinTexts(a, ""), nil
	}}},
	"concat_ws": {{args: args(tText), least: 1, variadic: true, loose: true, typ: tText, f: func(_ *compiler, a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		return joinTexts(a[1:], a[0].(string)), nil
	}}},
	"starts_with": {fn(tBool, args(tText, tText), func(_ *compiler, a []any) (any, error) {
		return strings.HasPrefix(a[0].(string), a[1].(string)), nil
	})},
}

func trimming(f func(s, cutset string) string) []function {
	return []function{from(1, fn(tText, args(tText, tText), func(_ *compiler, a []any) (any, error) {
		cutset := " "
		if len(a) == 2 {
			cutset = a[1].(string)
		}
		return f(a[0].(string), cutset), nil
	}))}
}

var position = fn(tInt, args(tText, tText), func(_ *compiler, a []any) (any, error) {
	i := strings.Index(a[0].(string), a[1].(string))
	if i < 0 {
		return int64(0), nil
	}
	return int64(utf8.RuneCountInString(a[0].(string)[:i]) + 1), nil
})

var substring = from(2, fn(tText, args(tText, tInt, tInt), func(_ *compiler, a []any) (any, error) {
	r := []rune(a[0].(string))
	start, end := a[1].(int64)-1, int64(len(r))
	if len(a) == 3 {
		if a[2].(int64) < 0 {
			return nil, result.Errorf("22011", "negative substring length not allowed")
		}
		end = min(end, start+a[2].(int64))
	}
	start = min(max(start, 0), int64(len(r)))
	return string(r[start:max(start, end)]), nil
}))

func joinTexts(values []any, sep string) string {
	var parts []string
	for _, v := range values {
		if v != nil {
			parts = append(parts, v.(string))
		}
	}
	return strings.Join(parts, sep)
}

// quoteIdent quotes a name where it must be.
func quoteIdent(s string) string {
	plain := s != ""
	for i, r := range s {
		ok := r >= 'a' && r <= 'z' || r == '_' || i > 0 && r >= '0' && r <= '9'
		plain = plain && ok
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

var arrayFunctions = map[string][]function{
	"array_to_string": {from(2, loose(fn(tText, args(tArray, tText, tText), func(c *compiler, a []any) (any, error) {
		if a[0] == nil || a[1] == nil {
			return nil, nil
		}
		var parts []string
		for _, v := range a[0].([]any) {
			switch {
			case v != nil:
				parts = append(parts, c.text(v, tText))
			case len(a) == 3 && a[2] != nil:
				parts = append(parts, a[2].(string))
			}
		}
		return strings.Join(parts, a[1].(string)), nil
	})))},
	"string_to_array": {fn(tArray, args(tText, tText), func(_ *compiler, a []any) (any, error) {
		var items []any
		for part := range strings.SplitSeq(a[0].(string), a[1].(string)) {
			items = append(items, part)
		}
		return items, nil
	})},
	"array_length": {fn(tInt, args(tArray, tInt), lengthOf)},
	"array_upper":  {fn(tInt, args(tArray, tInt), lengthOf)},
	"array_lower": {fn(tInt, args(tArray, tInt), func(c *compiler, a []any) (any, error) {
		if n, _ := lengthOf(c, a); n == nil {
			return nil, nil
		}
		return int64(1), nil
	})},
	"cardinality": {fn(tInt, args(tArray), func(_ *compiler, a []any) (any, error) { return int64(len(a[0].([]any))), nil })},
	"array_position": {loose(fn(tInt, args(tArray, tAny), func(_ *compiler, a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		if i := slices.Index(a[0].([]any), a[1]); i >= 0 {
			return int64(i + 1), nil
		}
		return nil, nil
	}))},
	"generate_series": {from(2, fn(result.OIDInt8Array, args(tBig, tBig, tBig), func(_ *compiler, a []any) (any, error) {
		step := int64(1)
		if len(a) == 3 {
			step = a[2].(int64)
		}
		if step == 0 {
			return nil, result.Errorf("22023", "step size cannot equal zero")
		}
		items := []any{}
		for i := a[0].(int64); (step > 0 && i <= a[1].(int64)) || (step < 0 && i >= a[1].(int64)); i += step {
			if items = append(items, i); len(items) > maxSeries {
				return nil, result.Errorf("54000", "more than %d rows", maxSeries)
			}
		}
		return items, nil
	}))},
	"age": {fn(result.OIDInterval, args(result.OIDTimestampTZ), func(c *compiler, a []any) (any, error) {
		return batch.Span{Micros: c.env.Now.UnixMicro() - a[0].(int64)}, nil
	})},
}

const maxSeries = 1_000_000

func lengthOf(_ *compiler, a []any) (any, error) {
	n := int64(len(a[0].([]any)))
	if a[1] != int64(1) || n == 0 {
		return nil, nil
	}
	return n, nil
}
