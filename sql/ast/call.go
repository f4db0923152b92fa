package ast

// Call is a function call of any kind: plain, aggregate, window, and those with
// a syntax of their own (CURRENT_DATE, POSITION(a IN b), TRIM(…)), which stand
// under the name and argument order of PostgreSQL's function.
type Call struct {
	Pos
	Name        QName
	Args        []Expr
	Star        bool // count(*)
	Distinct    bool
	Variadic    bool        // the last argument is VARIADIC
	OrderBy     []OrderItem // inside the parentheses
	WithinGroup []OrderItem
	Filter      Expr
	Over        *Window
	SQLForm     bool // written in SQL's own syntax; matters to the printer alone
}

// NamedArg is name => value in a call's arguments.
type NamedArg struct {
	Pos
	Name  Name
	Value Expr
}

// Window is OVER (…), an entry of the WINDOW clause, or OVER name.
type Window struct {
	Pos
	Ref         Name // OVER name, or the window this one extends
	Bare        bool // OVER name, without parentheses
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame // nil if not written
}

// FrameMode is the unit of a frame.
type FrameMode uint8

// The units of a frame.
const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

// Frame is ROWS|RANGE|GROUPS BETWEEN Start AND End [EXCLUDE …].
type Frame struct {
	Pos
	Mode       FrameMode
	Start, End Bound  // End is CURRENT ROW if it was not written
	Exclude    string // "current row", "group", "ties"; empty: nothing
}

// BoundKind is the kind of a frame's end.
type BoundKind uint8

// The ends of a frame, from first to last.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Bound is one end of a frame; Offset is set for Preceding and Following.
type Bound struct {
	Pos
	Kind   BoundKind
	Offset Expr
}
