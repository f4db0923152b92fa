package ast

// Insert is INSERT INTO.
type Insert struct {
	Pos
	With       *With
	Table      QName
	Alias      Name
	Columns    []Name
	Query      *Select     // nil: DEFAULT VALUES; rows of VALUES may hold Default
	OnConflict *OnConflict // nil if not written
	Returning  []Field
}

// OnConflict is ON CONFLICT [(columns) | ON CONSTRAINT name] DO NOTHING | DO
// UPDATE SET ….
type OnConflict struct {
	Pos
	Columns    []Name
	Constraint Name
	Set        []Assign // nil: DO NOTHING
	Where      Expr
}

// Assign is column = value.
type Assign struct {
	Pos
	Column Name
	Value  Expr
}

// Update is UPDATE … SET.
type Update struct {
	Pos
	With      *With
	Table     QName
	Alias     Name
	Set       []Assign
	From      []TableExpr
	Where     Expr
	Returning []Field
}

// Delete is DELETE FROM.
type Delete struct {
	Pos
	With      *With
	Table     QName
	Alias     Name
	Using     []TableExpr
	Where     Expr
	Returning []Field
}

// Truncate is TRUNCATE [TABLE] names.
type Truncate struct {
	Pos
	Names   []QName
	Cascade bool
}

func (*Select) statement()   {}
func (*Truncate) statement() {}
func (*Insert) statement()   {}
func (*Update) statement()   {}
func (*Delete) statement()   {}
