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
