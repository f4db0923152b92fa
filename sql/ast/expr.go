package ast

// Ident is a column reference: column, relation.column, schema.relation.column.
type Ident struct {
	Pos
	Name QName
}

// Star is * or relation.*, in a select list or as the argument of count.
type Star struct {
	Pos
	Qual QName // nil for a bare *
}

// LitKind says what a Literal's text is.
type LitKind uint8

// The kinds of literals.
const (
	NullLit   LitKind = iota
	BoolLit           // Text is true or false
	NumberLit         // Text as written, without sign: 1, 1.50, 1e400
	StringLit         // Text with quotes and escapes taken away
	BitLit            // Text is b or x and the digits: b0101, x1F
)

// Literal is a constant whose type its context decides.
type Literal struct {
	Pos
	Kind LitKind
	Text string
}

// TypedLiteral is DATE '2026-01-01' and its like.
type TypedLiteral struct {
	Pos
	Type TypeName
	Text string
}

// IntervalLiteral is INTERVAL '1' HOUR or INTERVAL '1 hour'.
type IntervalLiteral struct {
	Pos
	Text      string
	Fields    string // "HOUR", "YEAR TO MONTH"; empty if none
	Precision int    // of seconds; -1 if none was written
}

// Param is $1.
type Param struct {
	Pos
	N int // from 1
}

// Default is DEFAULT in the place of a value of INSERT or UPDATE.
type Default struct{ Pos }

// Unary is a prefix operator: "not", "-", "+", "~", "@" …
type Unary struct {
	Pos
	Op     string
	Schema QName // of OPERATOR(schema.op), else nil
	X      Expr
}

// Binary is an infix operator: "and", "or", "=", "<>" (also written !=), "+",
// "||", "->>" … Words are in lower case.
type Binary struct {
	Pos
	Op     string
	Schema QName // of OPERATOR(schema.op), else nil
	L, R   Expr
}

// IsKind is what IS asks for.
type IsKind uint8

// The things IS asks for.
const (
	IsNull IsKind = iota
	IsTrue
	IsFalse
	IsUnknown
)

// Is is X IS [NOT] NULL, TRUE, FALSE or UNKNOWN.
type Is struct {
	Pos
	X    Expr
	What IsKind
	Not  bool
}

// IsDistinct is L IS [NOT] DISTINCT FROM R.
type IsDistinct struct {
	Pos
	L, R Expr
	Not  bool
}

// Between is X [NOT] BETWEEN [SYMMETRIC] Lo AND Hi.
type Between struct {
	Pos
	X, Lo, Hi Expr
	Not       bool
	Symmetric bool
}

// In is X [NOT] IN (List…) or X [NOT] IN (Query).
type In struct {
	Pos
	X     Expr
	List  []Expr // nil if Query is set
	Query *Select
	Not   bool
}

// LikeKind is the pattern language of a Like.
type LikeKind uint8

// The pattern languages.
const (
	LikeOp LikeKind = iota
	ILikeOp
	SimilarOp
)

// Like is X [NOT] LIKE, ILIKE or SIMILAR TO Pattern [ESCAPE Escape].
type Like struct {
	Pos
	Kind       LikeKind
	X, Pattern Expr
	Escape     Expr // nil if not written
	Not        bool
}

// CastForm is how a cast was written.
type CastForm uint8

// The ways to write a cast.
const (
	CastCall  CastForm = iota // CAST(x AS t)
	CastColon                 // x::t
)

// Cast converts X to Type.
type Cast struct {
	Pos
	X    Expr
	Type TypeName
	Form CastForm
}

// Case is CASE [Operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Pos
	Operand Expr // nil for the searched form
	Whens   []When
	Else    Expr // nil if not written
}

// When is one arm of a Case.
type When struct {
	Pos
	Cond, Then Expr
}

// Extract is EXTRACT(field FROM x).
type Extract struct {
	Pos
	Field string // lower case: year, epoch, …
	X     Expr
}

// AtTimeZone is X AT TIME ZONE Zone.
type AtTimeZone struct {
	Pos
	X, Zone Expr
}

// Collate is X COLLATE name.
type Collate struct {
	Pos
	X         Expr
	Collation QName
}

// Subquery is a query as a value: (SELECT …) or EXISTS (SELECT …).
type Subquery struct {
	Pos
	Exists bool
	Query  *Select
}

// Quantified is X op ANY|ALL (Query or array).
type Quantified struct {
	Pos
	X      Expr
	Op     string
	Schema QName // of OPERATOR(schema.op), else nil
	All    bool  // ALL; else ANY (SOME)
	Query  *Select
	Array  Expr // nil if Query is set
}

// Array is ARRAY[a, b].
type Array struct {
	Pos
	Elems []Expr
}

// ArraySubquery is ARRAY(SELECT …).
type ArraySubquery struct {
	Pos
	Query *Select
}

// Index is X[Lo] or, with Slice, X[Lo:Hi] where either may be nil.
type Index struct {
	Pos
	X      Expr
	Lo, Hi Expr
	Slice  bool
}

// FieldSel is (X).field, or (X).* with an empty Field.
type FieldSel struct {
	Pos
	X     Expr
	Field Name
}

// Row is ROW(a, b) or (a, b).
type Row struct {
	Pos
	Elems    []Expr
	Explicit bool // ROW was written
}

// GroupingKind is the kind of a GroupingSet.
type GroupingKind uint8

// The kinds of grouping sets.
const (
	EmptySet GroupingKind = iota // ()
	Rollup
	Cube
	GroupingSets
)

// GroupingSet is (), ROLLUP(…), CUBE(…) or GROUPING SETS(…). It occurs in
// GROUP BY alone; (a, b) in it is a Row.
type GroupingSet struct {
	Pos
	Kind  GroupingKind
	Elems []Expr
}

func (*Ident) expr()           {}
func (*Star) expr()            {}
func (*Literal) expr()         {}
func (*TypedLiteral) expr()    {}
func (*IntervalLiteral) expr() {}
func (*Param) expr()           {}
func (*Default) expr()         {}
func (*Unary) expr()           {}
func (*Binary) expr()          {}
func (*Is) expr()              {}
func (*IsDistinct) expr()      {}
func (*Between) expr()         {}
func (*In) expr()              {}
func (*Like) expr()            {}
func (*Call) expr()            {}
func (*NamedArg) expr()        {}
func (*Cast) expr()            {}
func (*Case) expr()            {}
func (*Extract) expr()         {}
func (*AtTimeZone) expr()      {}
func (*Collate) expr()         {}
func (*Subquery) expr()        {}
func (*Quantified) expr()      {}
func (*Array) expr()           {}
func (*ArraySubquery) expr()   {}
func (*Index) expr()           {}
func (*FieldSel) expr()        {}
func (*Row) expr()             {}
func (*GroupingSet) expr()     {}
