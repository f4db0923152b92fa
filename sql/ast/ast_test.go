package ast

import "testing"

func TestPosition(t *testing.T) {
	text := "a\nbé\n\nc"
	for _, c := range []struct {
		off       Pos
		line, col int
	}{{0, 1, 1}, {1, 1, 2}, {2, 2, 1}, {3, 2, 2}, {5, 2, 3}, {6, 3, 1}, {7, 4, 1}, {8, 4, 2}, {99, 4, 2}, {NoPos, 1, 1}} {
		if line, col := Position(text, c.off); line != c.line || col != c.col {
			t.Errorf("offset %d: line %d, column %d, want %d, %d", c.off, line, col, c.line, c.col)
		}
	}
}

// TestQuoteIdent: a name is quoted where it would read back as another, or as a
// keyword.
func TestQuoteIdent(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "a_1$": "a_1$", "A": `"A"`, "1a": `"1a"`, "": `""`, `a"b`: `"a""b"`, "é": `"é"`, "a b": `"a b"`,
		"select": `"select"`, "time": `"time"`, "left": `"left"`, "date": "date", "key": "key", "name": "name",
	} {
		if got := QuoteIdent(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := QuoteString(`it's \n`); got != `'it''s \n'` {
		t.Error(got)
	}
}

// TestKeywords: the classes are PostgreSQL's.
func TestKeywords(t *testing.T) {
	for word, want := range map[string]KeywordClass{
		"stream": NotKeyword, "emit": NotKeyword, "window": Reserved, "view": Unreserved, "values": ColumnKeyword,
		"interval": ColumnKeyword, "join": FunctionKeyword, "select": Reserved,
	} {
		if got := Keyword(word); got != want {
			t.Errorf("%s: %d, want %d", word, got, want)
		}
	}
	if len(keywords) != 460 || !NeedsAs("over") || NeedsAs("view") {
		t.Errorf("%d keywords", len(keywords))
	}
}

func TestQName(t *testing.T) {
	q := QName{{Text: "pg_catalog"}, {Text: "count"}}
	if !q.Is("count") || !q[1:].Is("count") || q.Is("sum") || (QName{{Text: "x"}, {Text: "count"}}).Is("count") {
		t.Error("Is")
	}
	if q.Last().Text != "count" || len(q.Qualifier()) != 1 || q.String() != "pg_catalog.count" {
		t.Error(q)
	}
	var none QName
	if !none.Last().Empty() || none.At() != NoPos || len(none.Qualifier()) != 0 {
		t.Error("empty name")
	}
}

// TestOptions: a lookup ignores case and finds nothing where there is nothing.
func TestOptions(t *testing.T) {
	o := Options{{Name: "slo", Value: "50 ms"}}
	if got := o.Lookup("SLO"); got == nil || got.Value != "50 ms" || o.Lookup("topic") != nil {
		t.Error(got)
	}
}

// TestTypeName: types print under SQL's names, with what was said of them.
func TestTypeName(t *testing.T) {
	for _, c := range []struct {
		in   TypeName
		want string
	}{
		{TypeName{Name: "int8"}, "bigint"},
		{TypeName{Name: "numeric", Mods: []int{10, 2}}, "numeric(10,2)"},
		{TypeName{Name: "timestamptz", Mods: []int{3}}, "timestamp(3) with time zone"},
		{TypeName{Name: "interval", Fields: "DAY TO SECOND", Mods: []int{3}}, "interval DAY TO SECOND(3)"},
		{TypeName{Name: "text", Dims: 2}, "text[][]"},
		{TypeName{Name: "bpchar"}, "bpchar"},
		{TypeName{Name: "bpchar", Mods: []int{1}}, "character(1)"},
		{TypeName{Name: "char"}, `"char"`},
		{TypeName{Schema: QName{{Text: "pg_catalog"}}, Name: "int4"}, "pg_catalog.int4"},
		{TypeName{Name: "Mine"}, `"Mine"`},
	} {
		if got := c.in.String(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
