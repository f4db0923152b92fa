package batch

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// scalarTexts are values of each kind, among them equal ones that print
// differently, and neighbours in order.
var scalarTexts = map[Kind][]string{
	Bool:        {"t", "f"},
	Int16:       {"-32768", "-1", "0", "7", "32767"},
	Int32:       {"-2147483648", "-1", "0", "7", "2147483647"},
	Int64:       {"-9223372036854775808", "-1", "0", "7", "9223372036854775807"},
	Float32:     {"-Infinity", "-1.5", "-0", "0", "1.5", "Infinity", "NaN"},
	Float64:     {"-Infinity", "-1e300", "-1.5", "-0", "0", "5e-324", "1.5", "Infinity", "NaN"},
	Numeric:     {"-Infinity", "-1e70", "-1000", "-10.50", "-10.5", "-1.25", "-0.001", "-1e-50", "0", "0.00", "1e-50", "0.001", "0.0010", "1", "1.0", "1.000", "9.99", "10", "100", "123456789012345678", "123456789012345678901234567890.10", "1e70", "Infinity", "NaN"},
	Text:        {"", "a", "A", "ab", "a b", "null", `q"\`, "{,}", "é", "zz"},
	Date:        {"-infinity", "0044-03-15 BC", "1970-01-01", "2024-02-29", "infinity"},
	Timestamp:   {"-infinity", "1969-12-31 23:59:59.5", "2024-02-29 10:00:00", "infinity"},
	TimestampTZ: {"1969-12-31 23:59:59.5+00", "2024-02-29 10:00:00+05"},
	Interval:    {"-1 mon", "-30 days", "00:00:00", "24:00:00", "1 day", "1 mon", "30 days", "29 days 24:00:00", "1 year"},
	Time:        {"00:00:00", "12:34:56.789", "24:00:00"},
	Bytea:       {`\x`, `\x00`, `\x0000`, `\x0001`, `\x00ff`, `\x01`, `\xff`},
	UUID:        {"00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	JSONB:       {"null", "1", "1.0", `"a"`, "[]", "[1, 2.50]", `{"a": 1.00}`, "true"},
}

// randomColumn draws rows of a kind, every fifth NULL.
func randomColumn(t *testing.T, r *rand.Rand, k Kind, rows int) Column {
	t.Helper()
	c := New(k, rows)
	texts := scalarTexts[k]
	for range rows {
		if r.IntN(5) == 0 {
			AppendNull(c)
		} else if err := AppendParsed(c, T(k), []byte(texts[r.IntN(len(texts))]), nil); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestArraysOrderAsElements: arrays compare by their elements, NULL last, then
// by length; equal ones hash alike, and what is printed is read back to the byte.
func TestArraysOrderAsElements(t *testing.T) {
	for k := range scalarTexts {
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, uint64(k)))
			n := [2]int{r.IntN(4), r.IntN(4)}
			cols := [2]Column{randomColumn(t, r, k, n[0]), randomColumn(t, r, k, n[1])}
			arrays := New(Array, 2).(*TextVec)
			for side, c := range cols {
				b := NewArrayBuilder(k)
				for i := range n[side] {
					b.Add(c, i)
				}
				arrays.Append(b.Append(nil))
			}
			want := compareElems(cols, n)
			if got := Compare(arrays, 0, arrays, 1); sign(got) != want {
				t.Fatalf("%s seed %d: %s and %s compare as %d, want %d", k, seed, arrayText(arrays, 0, k), arrayText(arrays, 1, k), got, want)
			}
			h := HashRows([]Column{arrays}, nil, nil, 2, nil)
			if (h[0] == h[1]) != (want == 0) {
				t.Fatalf("%s seed %d: %s and %s: hashes %x", k, seed, arrayText(arrays, 0, k), arrayText(arrays, 1, k), h)
			}
			checkElements(t, k, seed, cols[0], arrays)
		}
	}
}

func compareElems(cols [2]Column, n [2]int) int {
	for i := range min(n[0], n[1]) {
		a, b := IsNull(cols[0], i), IsNull(cols[1], i)
		switch {
		case a && b:
		case a:
			return 1
		case b:
			return -1
		default:
			if c := Compare(cols[0], i, cols[1], i); c != 0 {
				return sign(c)
			}
		}
	}
	return cmp.Compare(n[0], n[1])
}

func sign(x int) int { return cmp.Compare(x, 0) }

func arrayText(c *TextVec, row int, k Kind) string {
	return string(AppendArray(nil, c.At(row), ArrayOf(T(k)), nil))
}

// checkElements: the elements come out as they went in, and by way of the text.
func checkElements(t *testing.T, k Kind, seed uint64, want Column, arrays *TextVec) {
	t.Helper()
	got := New(k, 4)
	if n := AppendElems(got, arrays.At(0), k); n != want.Len() || n != ArrayLen(arrays.At(0), k) {
		t.Fatalf("%s seed %d: %d elements of %d", k, seed, n, want.Len())
	}
	for i := range want.Len() {
		a, b := IsNull(want, i), IsNull(got, i)
		if a != b || !a && string(AppendText(nil, want, i, T(k), nil)) != string(AppendText(nil, got, i, T(k), nil)) {
			t.Fatalf("%s seed %d: element %d of %s is another", k, seed, i, arrayText(arrays, 0, k))
		}
	}
	again, err := AppendParsedArray(nil, []byte(arrayText(arrays, 0, k)), ArrayOf(T(k)), nil)
	if err != nil || !bytes.Equal(again, arrays.At(0)) {
		t.Fatalf("%s seed %d: %s read back: %v, %x, want %x", k, seed, arrayText(arrays, 0, k), err, again, arrays.At(0))
	}
}

// tree is a JSON value as a test builds it.
type tree struct {
	kind  JSONKind
	text  string // of a scalar
	num   Decimal
	keys  []string
	elems []tree
}

func randomTree(r *rand.Rand, depth int) tree {
	k := JSONKind(r.IntN(6))
	if depth == 0 {
		k = JSONKind(r.IntN(4))
	}
	out := tree{kind: k}
	switch k {
	case JSONNull:
		out.text = "null"
	case JSONString:
		s := scalarTexts[Text][r.IntN(10)]
		out.text = string(AppendQuoted(nil, []byte(s)))
	case JSONNumber:
		texts := scalarTexts[Numeric][1:22]
		out.num, _ = ParseDecimal([]byte(texts[r.IntN(len(texts))]))
		out.text = out.num.String()
	case JSONBool:
		out.text = []string{"false", "true"}[r.IntN(2)]
	case JSONArray:
		for range r.IntN(4) {
			out.elems = append(out.elems, randomTree(r, depth-1))
		}
	case JSONObject:
		for _, key := range []string{"b", "a", "aa", "é"} {
			if r.IntN(2) == 0 {
				out.keys = append(out.keys, key)
				out.elems = append(out.elems, randomTree(r, depth-1))
			}
		}
	}
	return out
}

// print writes members in the order that they have, or in PostgreSQL's.
func (x tree) print(canonical bool) string {
	switch x.kind {
	case JSONArray:
		var parts []string
		for _, e := range x.elems {
			parts = append(parts, e.print(canonical))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case JSONObject:
		var parts []string
		for _, i := range x.order(canonical) {
			parts = append(parts, fmt.Sprintf("%q: %s", x.keys[i], x.elems[i].print(canonical)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return x.text
}

func (x tree) order(canonical bool) []int {
	out := make([]int, len(x.keys))
	for i := range out {
		out[i] = i
	}
	if canonical {
		slices.SortFunc(out, func(i, j int) int { return compareKeys([]byte(x.keys[i]), []byte(x.keys[j])) })
	}
	return out
}

// compareTrees is PostgreSQL's compareJsonbContainers, in words: by type, then
// number of members, then members; at the top a scalar is an array of one.
func compareTrees(a, b tree, top bool) int {
	if top && a.kind != JSONObject && b.kind != JSONObject && (a.kind == JSONArray) != (b.kind == JSONArray) {
		if a.kind == JSONArray {
			return -compareTrees(b, a, true)
		}
		if len(b.elems) == 0 {
			return 1
		}
		return -1
	}
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	switch a.kind {
	case JSONNumber:
		return a.num.Cmp(b.num)
	case JSONArray, JSONObject:
		if c := cmp.Compare(len(a.elems), len(b.elems)); c != 0 {
			return c
		}
		ao, bo := a.order(true), b.order(true)
		for n := range a.elems {
			i, j := n, n
			if a.kind == JSONObject {
				i, j = ao[n], bo[n]
				if c := cmp.Compare(a.keys[i], b.keys[j]); c != 0 {
					return c
				}
			}
			if c := compareTrees(a.elems[i], b.elems[j], false); c != 0 {
				return c
			}
		}
		return 0
	}
	if a.kind == JSONString {
		return cmp.Compare(unquoted(a.text), unquoted(b.text))
	}
	return cmp.Compare(a.text, b.text)
}

func unquoted(s string) string {
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
}

// TestJSONOrder: JSONB values order as PostgreSQL orders them; equal ones hash
// alike; the text is PostgreSQL's, and reads back to the same bytes.
func TestJSONOrder(t *testing.T) {
	equal := 0
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		trees := [2]tree{randomTree(r, 2), randomTree(r, 2)}
		c := New(JSONB, 2).(*TextVec)
		for _, x := range trees {
			if err := AppendParsed(c, T(JSONB), []byte(x.print(false)), nil); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, x.print(false), err)
			}
		}
		want := sign(compareTrees(trees[0], trees[1], true))
		if got := Compare(c, 0, c, 1); sign(got) != want {
			t.Fatalf("seed %d: %s and %s compare as %d, want %d", seed, trees[0].print(true), trees[1].print(true), got, want)
		}
		h := HashRows([]Column{c}, nil, nil, 2, nil)
		if (h[0] == h[1]) != (want == 0) {
			t.Fatalf("seed %d: %s and %s: hashes %x", seed, trees[0].print(true), trees[1].print(true), h)
		}
		if want == 0 {
			equal++
		}
		text := AppendText(nil, c, 0, T(JSONB), nil)
		if string(text) != trees[0].print(true) {
			t.Fatalf("seed %d: printed %s, want %s", seed, text, trees[0].print(true))
		}
		checkTree(t, seed, trees[0], JSONOf(c.At(0)))
	}
	if equal < 100 {
		t.Errorf("only %d equal pairs", equal)
	}
}

// checkTree: what is taken out of a value, with its display, is that part of it.
func checkTree(t *testing.T, seed uint64, want tree, got JSON) {
	t.Helper()
	own := JSONOf(got.Append(nil))
	if text := string(own.AppendText(nil)); text != want.print(true) {
		t.Fatalf("seed %d: a part is %s, want %s", seed, text, want.print(true))
	}
	for i, e := range want.elems {
		v, ok := got.Elem(i)
		if want.kind == JSONObject {
			v, ok = got.Field([]byte(want.keys[i]))
		}
		if !ok {
			t.Fatalf("seed %d: %s has no part %d", seed, want.print(true), i)
		}
		checkTree(t, seed, e, v)
	}
}

// TestTailCounts is the negative control of the two above: without the flag that
// a column of such values has, equal ones are taken for different.
func TestTailCounts(t *testing.T) {
	c := New(JSONB, 2).(*TextVec)
	for _, s := range []string{"1.0", "1.00"} {
		if err := AppendParsed(c, T(JSONB), []byte(s), nil); err != nil {
			t.Fatal(err)
		}
	}
	plain := *c
	plain.Tailed = false
	if Compare(c, 0, c, 1) != 0 || Compare(&plain, 0, &plain, 1) == 0 {
		t.Fatal("1.0 and 1.00 must be equal by their keys, and by them alone")
	}
}

// TestLongTail: a tail of more than 254 bytes has its length in four.
func TestLongTail(t *testing.T) {
	text := "[" + strings.Repeat("1.0, ", 999) + "1.0]"
	c := New(JSONB, 1)
	if err := AppendParsed(c, T(JSONB), []byte(text), nil); err != nil {
		t.Fatal(err)
	}
	if got := string(AppendText(nil, c, 0, T(JSONB), nil)); got != text {
		t.Fatalf("printed %.60s…", got)
	}
	v, _ := JSONOf(c.(*TextVec).At(0)).Elem(-1)
	if got := string(v.AppendText(nil)); got != "1.0" {
		t.Fatalf("the last is %s", got)
	}
}

// TestJSONDepth: nesting is bounded, so that no value overflows a stack.
func TestJSONDepth(t *testing.T) {
	for _, open := range []string{"[", `{"a":`} {
		var b JSONBuilder
		_, err := b.AppendJSON(nil, []byte(strings.Repeat(open, 5_000_000)))
		if e, ok := err.(*ValueError); !ok || e.Code != "54001" {
			t.Fatalf("%s…: %v", open, err)
		}
	}
}
