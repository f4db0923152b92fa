package state

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestKeysOfEveryKind: a key of each kind is found again after its block was
// written and read, under every spelling that is equal; an exact one, under its
// own alone.
func TestKeysOfEveryKind(t *testing.T) {
	for _, c := range []struct {
		typ          batch.Type
		text, equal  string // equal: "" where there is no other spelling
		other        string
		exactIsEqual bool // the other spelling is the same value to the bit
	}{
		{batch.T(batch.Bool), "t", "true", "f", true},
		{batch.T(batch.Int16), "7", "07", "8", true},
		{batch.T(batch.Float64), "0", "-0", "1", false},
		{batch.T(batch.Numeric), "1.0", "1.00", "1.01", false},
		{batch.T(batch.Text), "a", "", "b", false},
		{batch.T(batch.Date), "2024-01-31", "20240131", "2024-01-30", true},
		{batch.T(batch.Interval), "1 mon", "30 days", "31 days", false},
		{batch.T(batch.Time), "10:00", "10:00:00", "10:01", true},
		{batch.T(batch.Bytea), `\x0100`, `\001\000`, `\x01`, true},
		{batch.T(batch.UUID), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC999c0b4ef8bb6d6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true},
		{batch.T(batch.JSONB), `{"a": 1.0, "b": []}`, `{"b": [], "a": 1.00}`, `{"a": 1}`, false},
		{batch.ArrayOf(batch.T(batch.Numeric)), "{1.0,NULL}", "{1,NULL}", "{1}", false},
		{batch.ArrayOf(batch.T(batch.Text)), "{a,b}", `{"a",b}`, "{a,b,c}", true},
	} {
		for _, exact := range []bool{false, true} {
			layout := Layout{Keys: []Key{{Kind: c.typ.Kind, Exact: exact}}, Accs: []Acc{Word}}
			st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, layout)
			assignKey(t, st, c.typ, c.text)
			st = reopenAs(t, encode(t, st), layout)
			if got := assignKey(t, st, c.typ, c.text); got != 1 {
				t.Errorf("%s exact %t: %s became %d rows", c.typ, exact, c.text, got)
			}
			rows := 1
			if c.equal != "" {
				if exact && !c.exactIsEqual {
					rows = 2
				}
				if got := assignKey(t, st, c.typ, c.equal); got != rows {
					t.Errorf("%s exact %t: %s and %s are %d rows, want %d", c.typ, exact, c.text, c.equal, got, rows)
				}
			}
			if got := assignKey(t, st, c.typ, c.other); got != rows+1 {
				t.Errorf("%s exact %t: %s is no row of its own", c.typ, exact, c.other)
			}
		}
	}
}

// assignKey finds or makes the row of a key and returns how many there are.
func assignKey(t *testing.T, st *Store, typ batch.Type, text string) int {
	t.Helper()
	tab := st.Table(10, 0)
	col := batch.New(typ.Kind, 1)
	if err := batch.AppendParsed(col, typ, []byte(text), nil); err != nil {
		t.Fatal(err)
	}
	cols, refs := []batch.Column{col}, make([]Ref, 1)
	hash := batch.HashRows(cols, nil, []int32{0}, 1, nil)
	if missing, err := tab.Assign(cols, []int{0}, []int32{0}, hash, refs); err != nil || missing > 0 {
		t.Fatal(missing, err)
	}
	words := make([][]int64, 1)
	tab.Rows(refs, words)
	words[0][tab.Acc(0)] = 1
	tab.Settle()
	return tab.Len()
}
