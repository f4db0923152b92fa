package ast

// Emit says when a continuous query shows its results.
type Emit uint8

// The ways to emit.
const (
	EmitDefault       Emit = iota // not written: the statement around it decides
	EmitOnWindowClose             // EMIT ON WINDOW CLOSE
	EmitChanges                   // EMIT CHANGES
)

// Select is a whole query. As a statement it is a SELECT, VALUES or TABLE.
type Select struct {
	Pos
	With     *With // nil if not written
	Body     Body
	OrderBy  []OrderItem
	Limit    Expr // nil: none, or LIMIT ALL
	WithTies bool // FETCH FIRST n ROWS WITH TIES
	Offset   Expr // nil if not written
	Emit     Emit
}

// With is the list of common table expressions.
type With struct {
	Pos
	Recursive bool
	CTEs      []CTE
}

// CTE is one common table expression.
type CTE struct {
	Pos
	Name         Name
	Columns      []Name
	Query        *Select
	Materialized *bool // nil if not written
}

// SetOpKind is the kind of a SetOp.
type SetOpKind uint8

// The kinds of set operations.
const (
	Union SetOpKind = iota
	Intersect
	Except
)

// SetOp combines two queries.
type SetOp struct {
	Pos
	Op          SetOpKind
	All         bool
	Left, Right Body
}

// Values is VALUES (…), (…).
type Values struct {
	Pos
	Rows [][]Expr
}

// SelectCore is SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW ….
type SelectCore struct {
	Pos
	Distinct      bool
	DistinctOn    []Expr // nil unless DISTINCT ON
	Fields        []Field
	From          []TableExpr
	Where         Expr
	GroupBy       []Expr // holds GroupingSet nodes
	GroupDistinct bool   // GROUP BY DISTINCT
	Having        Expr
	Windows       []NamedWindow
}

// Field is one item of a select list; Expr may be a Star.
type Field struct {
	Pos
	Expr  Expr
	Alias Name // zero if not written; see Label
}

// NamedWindow is an entry of the WINDOW clause.
type NamedWindow struct {
	Pos
	Name Name
	Def  Window
}

// OrderItem is one item of ORDER BY.
type OrderItem struct {
	Pos
	Expr       Expr
	Desc       bool
	NullsFirst *bool  // nil: last if ascending, first if descending
	Using      string // USING op; empty if not written
}

// Alias is [AS] name(columns); the zero Alias was not written.
type Alias struct {
	Name    Name
	Columns []Name
	Types   []TypeName // of a function's column definition list; else nil
}

// TableName is a relation, by name.
type TableName struct {
	Pos
	Name  QName
	Only  bool // ONLY name
	AsOf  Expr // FOR SYSTEM_TIME AS OF expr; nil if not written
	Alias Alias
}

// Subselect is (query) in FROM.
type Subselect struct {
	Pos
	Lateral bool
	Query   *Select
	Alias   Alias
}

// TableFunc is a function in FROM: generate_series, unnest, …
type TableFunc struct {
	Pos
	Lateral    bool
	Call       *Call
	Ordinality bool // WITH ORDINALITY
	Alias      Alias
}

// WindowKind is the kind of a WindowTable.
type WindowKind uint8

// The kinds of window table functions.
const (
	Tumble WindowKind = iota
	Hop
	Session
	Cumulate
)

// WindowTable is a window table function, such as
// TUMBLE(bids, date_time, INTERVAL '10 seconds').
// Input is a TableName or a Subselect without alias. Args are what follows the
// time column: size[, offset]; for HOP slide, size[, offset]; for SESSION gap;
// for CUMULATE step, size[, offset].
type WindowTable struct {
	Pos
	Kind  WindowKind
	Input TableExpr
	Time  *Ident
	Args  []Expr
	Alias Alias
}

// JoinKind is the kind of a Join.
type JoinKind uint8

// The kinds of joins.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
)

// Join is two FROM items joined. Inner and outer joins have On, Using or
// Natural; a cross join has none.
type Join struct {
	Pos
	Kind        JoinKind
	Asof        bool // ASOF JOIN
	Natural     bool
	Left, Right TableExpr
	On          Expr
	Using       []Name
	UsingAlias  Name  // USING (…) AS name
	Alias       Alias // (a JOIN b …) AS name
}

func (*SelectCore) body() {}
func (*SetOp) body()      {}
func (*Values) body()     {}
func (*Select) body()     {}

func (*TableName) tableExpr()   {}
func (*Subselect) tableExpr()   {}
func (*TableFunc) tableExpr()   {}
func (*WindowTable) tableExpr() {}
func (*Join) tableExpr()        {}
