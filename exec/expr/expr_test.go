package expr

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

func must(t testing.TB, n *Node, err error) *Node {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ints(v ...int64) *batch.Vec[int64] { return &batch.Vec[int64]{Data: v} }

// TestFailuresStayInTheirBranch: a row that no branch with an error needs does
// not fail.
func TestFailuresStayInTheirBranch(t *testing.T) {
	a := Col(0, "a", batch.T(batch.Int32))
	zero := Const(batch.T(batch.Int32), "0")
	isZero, err := Resolve("=", []*Node{a, zero})
	must(t, isZero, err)
	inv, err := Resolve("/", []*Node{Const(batch.T(batch.Int32), "10"), a})
	must(t, inv, err)
	n, err := Case([]*Node{isZero, Null(batch.T(batch.Unknown)), inv})
	must(t, n, err)
	p, err := Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	b := &batch.Batch{N: 3, Cols: []batch.Column{ints(5, 0, 2)}}
	var cx Context
	c := p.Eval(b, &cx).(*batch.Vec[int64])
	if len(cx.Failed()) != 0 || c.Data[0] != 2 || !c.Null[1] || c.Data[2] != 5 {
		t.Fatalf("%v %v, failures %v", c.Data, c.Null, cx.Failed())
	}
	bare, err := Compile(inv)
	if err != nil {
		t.Fatal(err)
	}
	c = bare.Eval(b, &cx).(*batch.Vec[int64])
	if len(cx.Failed()) != 1 || cx.Failed()[0].Row != 1 || cx.Failed()[0].Err.Code != "22012" || !c.Null[1] {
		t.Fatalf("%v, failures %v", c.Null, cx.Failed())
	}
}

// TestHugeTextsFail: a text that cannot be is a failed row, and its neighbours
// are whole.
func TestHugeTextsFail(t *testing.T) {
	p := compiled(t, "repeat(s, a::int)")
	s := &batch.TextVec{}
	s.AppendString("xy")
	s.AppendString("xy")
	s.AppendString("xy")
	b := &batch.Batch{N: 3, Cols: []batch.Column{ints(1, 2_000_000_000, 2), nil, nil, s}}
	var cx Context
	c := p.Eval(b, &cx).(*batch.TextVec)
	if f := cx.Failed(); len(f) != 1 || f[0].Row != 1 || f[0].Err.Code != "54000" {
		t.Fatalf("failures %v", f)
	}
	if string(c.At(0)) != "xy" || string(c.At(2)) != "xyxy" || !c.Null[1] || len(c.At(1)) != 0 {
		t.Fatalf("%q %v", c.Data, c.Null)
	}
}

// TestCaseOfLetters: order is bytewise, but upper and lower know all letters
// (unlike a PostgreSQL of locale C).
func TestCaseOfLetters(t *testing.T) {
	for text, want := range map[string]string{
		"lower('HÉLLO Ω')": "héllo ω", "upper('héllo ω')": "HÉLLO Ω", "'ÉA' ilike 'é_'": "t", "'É' < 'a'": "f",
	} {
		if _, got := evalText(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestCommonType: open literals take the others' type, text by themselves.
func TestCommonType(t *testing.T) {
	for _, c := range []struct {
		in   []batch.Type
		want string
	}{
		{[]batch.Type{batch.T(i4), batch.T(i8)}, "bigint"},
		{[]batch.Type{batch.T(i8), batch.T(batch.Unknown), batch.T(num)}, "numeric"},
		{[]batch.Type{batch.T(f8), batch.T(num)}, "double precision"},
		{[]batch.Type{batch.T(batch.Unknown), batch.T(batch.Unknown)}, "text"},
		{[]batch.Type{{Kind: num, Precision: 5, Scale: 2}, {Kind: num, Precision: 5, Scale: 2}}, "numeric(5,2)"},
		{[]batch.Type{{Kind: num, Precision: 5, Scale: 2}, {Kind: num, Precision: 6, Scale: 2}}, "numeric"},
		{[]batch.Type{batch.T(dat), batch.T(ts), batch.T(tz)}, "timestamp with time zone"},
		{[]batch.Type{batch.T(i4), batch.T(txt)}, "UNION types integer and text cannot be matched"},
	} {
		got, err := CommonType("UNION", c.in)
		text := got.String()
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%v: %s, want %s", c.in, text, c.want)
		}
	}
}

// TestZones: what depends on the session's zone is computed in the context's,
// by Eval and by Fold alike.
func TestZones(t *testing.T) {
	berlin, err := batch.LoadZone("europe/berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"timestamptz '2024-07-01 12:00'":                           "2024-07-01 10:00:00+00",
		"timestamptz '2024-07-01 12:00+00'::timestamp":             "2024-07-01 14:00:00",
		"timestamptz '2024-07-01 12:00+00'::text":                  "2024-07-01 14:00:00+02",
		"extract(hour from timestamptz '2024-07-01 12:00+00')":     "14",
		"extract(timezone from timestamptz '2024-07-01 12:00+00')": "7200",
		"date_trunc('day', timestamptz '2024-07-01 12:00+00')":     "2024-06-30 22:00:00+00",
		"timestamptz '2024-03-30 12:00+00' + interval '1 day'":     "2024-03-31 11:00:00+00",
		"timestamptz '2024-03-30 12:00+00' + interval '24 hours'":  "2024-03-31 12:00:00+00",
		"to_char(timestamptz '2024-07-01 12:00+00', 'HH24 TZ OF')": "14 CEST +02",
	} {
		n, err := parseText(text)
		if err != nil {
			t.Fatal(err)
		}
		cx := Context{Loc: berlin}
		if got := Fold(n, &cx); got.Op != OpConst || got.Text != want {
			t.Errorf("%s folds to %s, want %s", text, got, want)
		}
		p, err := Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		c := p.Eval(&batch.Batch{N: 1}, &cx)
		if got := string(batch.AppendText(nil, c, 0, n.Type, nil)); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}
