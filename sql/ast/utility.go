package ast

// ShowKind is what a Show asks for.
type ShowKind uint8

// What SHOW can show.
const (
	ShowSetting ShowKind = iota // SHOW name
	ShowAll                     // SHOW ALL
	ShowStreams
	ShowViews // SHOW [MATERIALIZED] VIEWS
	ShowTables
	ShowQueries
	ShowSources
	ShowSinks
	ShowJobs
	ShowCreate // SHOW CREATE [kind] name
)

// Show is SHOW ….
type Show struct {
	Pos
	What    ShowKind
	Setting string     // of ShowSetting, folded, dots kept; "timezone" for TIME ZONE
	Kind    ObjectKind // of ShowCreate
	Name    QName      // of ShowCreate
}

// Describe is DESCRIBE [kind] name.
type Describe struct {
	Pos
	Kind ObjectKind
	Name QName
}

// Explain is EXPLAIN of a statement or, with Name, of what runs under a name.
type Explain struct {
	Pos
	Analyze bool
	Verbose bool
	Format  string  // "text", "json"; "text" if not written
	Options Options // the others of EXPLAIN (…)
	Stmt    Statement
	Kind    ObjectKind // EXPLAIN STREAM name
	Name    QName      // nil if Stmt is set
}

// Copy is COPY relation or (query) TO STDOUT, or relation FROM STDIN.
type Copy struct {
	Pos
	Query   Statement // *Select or *Subscribe; nil if Table is set
	Table   QName
	Columns []Name
	From    bool    // FROM; else TO
	File    string  // empty: STDIN or STDOUT
	Program bool    // FROM/TO PROGRAM
	Options Options // format, delimiter, header, null …
}

// Subscribe is SUBSCRIBE TO name or (query): changes as they come.
type Subscribe struct {
	Pos
	Name    QName   // nil if Query is set
	Query   *Select // nil if Name is set
	Options Options // snapshot, progress
}

// SetScope is how long a setting lasts.
type SetScope uint8

// The scopes of SET.
const (
	SetSession SetScope = iota
	SetLocal
)

// Set is SET name = values. SET TIME ZONE is the setting timezone; SET
// [SESSION CHARACTERISTICS AS] TRANSACTION … is the setting transaction with
// the words as values.
type Set struct {
	Pos
	Scope  SetScope
	Name   string // folded, dots kept
	Values []Expr // Literal, Ident of one word, IntervalLiteral; nil: DEFAULT
}

// Reset is RESET name, or RESET ALL with an empty name.
type Reset struct {
	Pos
	Name string
}

// Begin is BEGIN or START TRANSACTION. Modes are words such as "read only".
type Begin struct {
	Pos
	Modes []string
}

// Commit is COMMIT or END.
type Commit struct{ Pos }

// Rollback is ROLLBACK or ABORT, or with To, ROLLBACK TO SAVEPOINT.
type Rollback struct {
	Pos
	To Name
}

// Savepoint is SAVEPOINT name, or with Release, RELEASE SAVEPOINT name.
type Savepoint struct {
	Pos
	Name    Name
	Release bool
}

// Flush is FLUSH: wait until all that was written is visible.
type Flush struct{ Pos }

// Prepare is PREPARE name [(types)] AS statement.
type Prepare struct {
	Pos
	Name  Name
	Types []TypeName
	Stmt  Statement
}

// Execute is EXECUTE name [(arguments)].
type Execute struct {
	Pos
	Name Name
	Args []Expr
}

// Deallocate is DEALLOCATE name, or ALL with an empty name.
type Deallocate struct {
	Pos
	Name Name
}

// Declare is DECLARE name CURSOR FOR query or SUBSCRIBE.
type Declare struct {
	Pos
	Name   Name
	Binary bool
	Scroll bool
	Hold   bool // WITH HOLD
	Query  Statement
}

// FetchDir is the direction of a Fetch.
type FetchDir uint8

// The directions of FETCH.
const (
	FetchForward FetchDir = iota
	FetchBackward
	FetchAbsolute
	FetchRelative
)

// FetchEverything is the Count of FETCH ALL.
const FetchEverything int64 = 1<<63 - 1

// Fetch is FETCH or MOVE from a cursor.
type Fetch struct {
	Pos
	Move   bool
	Dir    FetchDir
	Count  int64 // rows, 1 if not written; FetchEverything for ALL; FIRST is absolute 1, LAST absolute -1
	Cursor Name
}

// Close is CLOSE name, or ALL with an empty name.
type Close struct {
	Pos
	Name Name
}

// Discard is DISCARD ALL|PLANS|SEQUENCES|TEMP.
type Discard struct {
	Pos
	What string // lower case
}

func (*Show) statement()       {}
func (*Describe) statement()   {}
func (*Explain) statement()    {}
func (*Copy) statement()       {}
func (*Subscribe) statement()  {}
func (*Set) statement()        {}
func (*Reset) statement()      {}
func (*Begin) statement()      {}
func (*Commit) statement()     {}
func (*Rollback) statement()   {}
func (*Savepoint) statement()  {}
func (*Flush) statement()      {}
func (*Prepare) statement()    {}
func (*Execute) statement()    {}
func (*Deallocate) statement() {}
func (*Declare) statement()    {}
func (*Fetch) statement()      {}
func (*Close) statement()      {}
func (*Discard) statement()    {}
