package expr

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// propertyTexts are expressions over benchCols that reach every evaluator.
var propertyTexts = []string{
	"a < 500", "5 > a", "a <> 7", "a + 1", "1 - a", "a * a", "1000 / a", "a % 7", "a / 10", "7 % a", "a = f", "f < 5", "f * f", "f / f", "2 / f",
	"f = f", "s = 'channel-7'", "s < 'channel-5'", "s = lower(s)", "d < 300", "d + a", "0.908 * a", "a - 0.5", "2.5 - a", "d * d", "d / a", "d % 3", "d = a",
	"at - interval '4 seconds'", "at + interval '1 month'", "at - at", "date_trunc('hour', at)", "extract(hour from at)",
	"a > 3 and f > 2", "a > 3 or 10 / a > 1", "not a > 3", "a > 3 and f > 2 and 100 / a > 1", "a is null", "f is not null", "(a > 3) is true",
	"a is distinct from 5", "s is not distinct from 'channel-7'", "a in (1, 2, 3)", "a in (1, null)", "s in ('channel-7', 'x')", "d in (1, a)", "f in (1, 2)",
	"coalesce(a, 0)", "coalesce(s, 'none')", "coalesce(d, a)", "nullif(a, 7)", "greatest(a, 5, 9)", "least(f, d)", "greatest(s, 'channel-5')",
	"case when a > 5 then s else 'few' end", "case when a = 0 then 0 else 10 / a end", "case a when 1 then d end", "case when a > 2 then at end",
	"upper(s) || a", "s like '%7%'", "s ~ '7$'", "length(s)", "substring(s, 2, 3)", "concat(s, a, f)", "left(s, 3)", "split_part(s, '-', 2)::int",
	"a::text", "f::text", "d::int", "f::int", "a::numeric(5,2)", "d::text", "s::varchar(5)", "at::date", "at::text", "s::int", "round(d, 1)", "abs(a - 5)",
	"interval '1 hour' * a", "a::double precision + f", "a::real", "- a", "- d", "- f", "a & 3", "sqrt(a)", "to_timestamp(a)",
	"to_char(at, 'YYYY-MM-DD')", "to_char(at, 'HH24:MI')",
	"j -> 'k'", "j ->> 'k'", "j -> 'list' -> 0", "j #>> '{list,1}'", "(j ->> 'k')::int", "(j -> 'k')::numeric", "j @> '{\"k\": 3.0}'", "j ? 'odd'",
	"j || jsonb_build_object('a', a, 'd', d)", "j - 'k'", "jsonb_set(j, '{list,0}', to_jsonb(d))", "j = jsonb '{}'", "j < j -> 'list'", "j::text",
	"jsonb_build_array(a, f, s, d, at, xs, ds, bin, u, clock, j)", "(s || '\"')::jsonb", "j -> a::int", "j in (jsonb '1', j)", "coalesce(j -> 'odd', j)",
	"xs[1]", "ds[a::int]", "xs[2:3]", "array[a, 2, null]", "array[d, f::numeric]", "xs || a::int", "xs = array[1, 2]", "ds = array[1.5, 2.50]", "xs < xs[2:]",
	"a = any(xs)", "3 <> all(xs)", "d > any(ds)", "10 / a = any(array[1, 2])", "a = any('{1,2,null}')", "a <> all('{1,2}')", "s = any(array['channel-1', s])",
	"xs @> array[a::int]", "xs && '{1,5}'", "cardinality(ds)", "array_position(xs, a::int)", "array_remove(ds, d)", "array_to_string(ds, ',')",
	"xs::text[]", "xs::bigint[]", "(s || ',1')::text", "string_to_array(s, '-')", "string_to_array(s, '-')::int[]", "ds::int[]", "greatest(xs, array[5])",
	"case when a > 5 then xs else '{}' end", "nullif(ds, array[1.5])", "xs is distinct from array[a::int]", "length(bin)", "bin || '\\x00'", "encode(bin, 'hex')",
	"bin < '\\x05'", "sha256(bin)", "u = '00000000-0000-0000-0000-000000000003'", "u::text", "('00000000-0000-0000-0000-00000000000' || a)::uuid", "s::uuid",
	"clock + interval '23 hours'", "clock - time '05:00'", "at::time", "clock::text", "extract(minute from clock)", "date '2024-01-01' + clock", "clock in ('03:30', '04:30')",
}

// propertyTypes are the types of benchCols.
var propertyTypes = func() []batch.Type {
	out := make([]batch.Type, len(benchCols))
	for _, c := range benchCols {
		out[c.Col] = c.Type
	}
	return out
}()

// jsonText is of another shape for each v.
func jsonText(v int64) string {
	switch v % 4 {
	case 0:
		return fmt.Sprintf(`{"k": %d.0, "list": [%d.50, "x"], "odd": null}`, v, v)
	case 1:
		return fmt.Sprintf(`{"k": "%d", "list": [], "odd": {"k": %d}}`, v, v)
	case 2:
		return fmt.Sprintf(`[%d.00, %d]`, v, v)
	}
	return fmt.Sprint(v)
}

// randomBatch draws rows with small values, so that zeros and matches are
// common, and NULLs in some columns.
func randomBatch(r *rand.Rand, rows int) *batch.Batch {
	cols := make([]batch.Column, len(propertyTypes))
	for i, t := range propertyTypes {
		cols[i] = batch.New(t.Kind, 0)
	}
	nulls := r.IntN(3) // none, few, many
	for range rows {
		v := int64(r.IntN(12))
		texts := []string{
			fmt.Sprint(v), fmt.Sprint(float64(v) / 4), fmt.Sprintf("2024-01-%02d 10:30:00", v+1), fmt.Sprintf("channel-%d", v), fmt.Sprintf("%d.50", v),
			jsonText(v), fmt.Sprintf("{%d,%d,NULL}", v, v/2), fmt.Sprintf("{%d.5,%d.50}", v, v), fmt.Sprintf(`\x%02x00`, v),
			fmt.Sprintf("00000000-0000-0000-0000-%012d", v), fmt.Sprintf("%02d:30", v),
		}
		for i, c := range cols {
			if nulls > 0 && r.IntN(12/nulls) == 0 {
				batch.AppendNull(c)
			} else if err := batch.AppendParsed(c, propertyTypes[i], []byte(texts[i]), nil); err != nil {
				panic(err)
			}
		}
	}
	return &batch.Batch{N: rows, Cols: cols}
}

// outcomes evaluates p and returns a text for each selected row.
func outcomes(p *Program, b *batch.Batch) []string {
	var cx Context
	c := p.Eval(b, &cx)
	failed := map[int]string{}
	for _, f := range cx.Failed() {
		failed[f.Row] = f.Err.Code
	}
	var out []string
	each(b.Sel, b.N, func(i int) {
		switch {
		case failed[i] != "":
			out = append(out, "!"+failed[i])
			if !batch.IsNull(c, i) {
				out[len(out)-1] += " but not NULL"
			}
		case batch.IsNull(c, i):
			out = append(out, "NULL")
		default:
			out = append(out, string(batch.AppendText(nil, c, i, p.Type(), nil)))
		}
		delete(failed, i)
	})
	for row := range failed {
		out = append(out, fmt.Sprintf("row %d failed and was not selected", row))
	}
	return out
}

func compiled(t testing.TB, text string) *Program {
	t.Helper()
	n, err := parseText(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	p, err := Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRowsAloneOrTogether: a row's value does not depend on the rows beside it,
// on the selection, or on what the program computed before; and columns of
// results obey the invariants of a batch.
func TestRowsAloneOrTogether(t *testing.T) {
	for _, text := range propertyTexts {
		p := compiled(t, text)
		for seed := range uint64(12) {
			r := rand.New(rand.NewPCG(seed, 7))
			b := randomBatch(r, 1+r.IntN(40))
			var want []string
			for i := range b.N {
				want = append(want, outcomes(compiled(t, text), b.Gather([]int32{int32(i)}))...)
			}
			if got := outcomes(p, b); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %s:\n%q, alone\n%q", seed, text, got, want)
			}
			var sel []int32
			var wantSel []string
			for i := range b.N {
				if r.IntN(3) == 0 {
					sel = append(sel, int32(i))
					wantSel = append(wantSel, want[i])
				}
			}
			if sel == nil {
				continue
			}
			picked := *b
			picked.Sel = sel
			if got := outcomes(p, &picked); !slices.Equal(got, wantSel) {
				t.Fatalf("seed %d: %s selected:\n%q, alone\n%q", seed, text, got, wantSel)
			}
			(&batch.Batch{N: b.N, Sel: sel, Cols: []batch.Column{p.Eval(&picked, &Context{})}}).Check()
			if p.Type().Kind == batch.Bool {
				checkSelect(t, text, p, &picked)
			}
		}
	}
}

// checkSelect: Select keeps the rows that are true, and fails no others.
func checkSelect(t *testing.T, text string, p *Program, b *batch.Batch) {
	t.Helper()
	want := SelectTrue(p.Eval(b, &Context{}), b.Sel, b.N, nil)
	if got := p.Select(b, &Context{}, nil); !slices.Equal(got, want) {
		t.Fatalf("%s: selects %v, want %v", text, got, want)
	}
}

// TestResultsAreOwned: a result does not change when the program runs again.
func TestResultsAreOwned(t *testing.T) {
	for _, text := range propertyTexts {
		p := compiled(t, text)
		r := rand.New(rand.NewPCG(1, 2))
		first, second := randomBatch(r, 30), randomBatch(r, 30)
		c := p.Eval(first, &Context{})
		if v, ok := c.(*batch.TextVec); ok && v.Tailed != p.Type().Kind.Tailed() {
			t.Fatalf("%s: a column of %s says that its values end in tails: %t", text, p.Type(), v.Tailed)
		}
		before := fmt.Sprintf("%+v", c)
		p.Eval(second, &Context{})
		if after := fmt.Sprintf("%+v", c); after != before {
			t.Fatalf("%s: the first result changed from\n%s to\n%s", text, before, after)
		}
	}
}

// TestInputsStay: evaluation does not write to its input.
func TestInputsStay(t *testing.T) {
	for _, text := range propertyTexts {
		p := compiled(t, text)
		b := randomBatch(rand.New(rand.NewPCG(3, 4)), 30)
		print := func() (s string) {
			for _, c := range b.Cols {
				s += fmt.Sprintf("%+v ", c)
			}
			return s
		}
		before := print()
		p.Eval(b, &Context{})
		if after := print(); after != before {
			t.Fatalf("%s wrote to its input", text)
		}
	}
}

// TestStoredAndFolded: a node means the same after JSON and after Fold.
func TestStoredAndFolded(t *testing.T) {
	for _, text := range propertyTexts {
		n, err := parseText(text)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		var back Node
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(n, &back) {
			t.Fatalf("%s: comes back as %s", text, &back)
		}
		b := randomBatch(rand.New(rand.NewPCG(5, 6)), 30)
		p, err := Compile(Fold(&back, &Context{}))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := outcomes(p, b), outcomes(compiled(t, text), b); !slices.Equal(got, want) {
			t.Fatalf("%s folded: %q, want %q", text, got, want)
		}
	}
}

// TestPrint: what EXPLAIN shows.
func TestPrint(t *testing.T) {
	for text, want := range map[string]string{
		"a + 1 < 5 and s like 'x%'":                "((a + 1) < 5) AND (s LIKE 'x%')",
		"(a + 1) * 2":                              "(a + 1) * 2",
		"case when a > 1 then 'x' else s end":      "CASE WHEN a > 1 THEN 'x' ELSE s END",
		"a in (1, 2)":                              "a IN (1, 2)",
		"extract(hour from at)":                    "extract(hour FROM at)",
		"not (a is null)":                          "NOT (a IS NULL)",
		"coalesce(s, 'it''s')":                     "coalesce(s, 'it''s')",
		"at - interval '4 seconds'":                "at - '00:00:04'::interval",
		"date_trunc('hour', at) = '2024-01-01'":    "date_trunc('hour', at) = '2024-01-01 00:00:00'::timestamp without time zone",
		"d is distinct from 5 or nullif(a, 1) = 2": "(d IS DISTINCT FROM 5) OR (nullif(a, 1) = 2)",
		"a::text = 'x' and true":                   "a::text = 'x'",
		"at at time zone 'UTC' is null":            "(at AT TIME ZONE 'UTC') IS NULL",
		"2 * 3 + a":                                "6 + a",
	} {
		n, err := parseText(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Fold(n, &Context{}).String(); got != want {
			t.Errorf("%s prints\n\t%s, want\n\t%s", text, got, want)
		}
	}
}

// TestHints: unknown functions get the nearest name or the argument types.
func TestHints(t *testing.T) {
	for text, want := range map[string]string{
		"lenght(s)": "Did you mean length?",
		"length(a)": "There is length(text), length(bytea).",
		"s + a":     "No operator matches the given name and argument types. You might need to add explicit type casts.",
	} {
		_, err := parseText(text)
		if e, ok := err.(*Error); !ok || e.Code != "42883" || e.Hint != want {
			t.Errorf("%s: %+v, want hint %s", text, err, want)
		}
	}
}
