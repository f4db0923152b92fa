// Package result says what running a statement gives: columns, batches of rows,
// notices, and errors as a PostgreSQL client knows them. It is all that the
// wire protocol and the session share; it knows neither messages nor statements.
package result

import (
	"context"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Column describes one column of a result.
type Column struct {
	Name string
	Type batch.Type
	// OID is the type that clients see; 0: that of Type. Types of the system
	// catalogs (oid, name, regclass, text[] …) travel as the nearest Type.
	OID uint32
	// Table and Attr name the relation's column that this is; 0: none.
	Table uint32
	Attr  int16
}

// TypeOID returns the type that clients see.
func (c Column) TypeOID() uint32 {
	if c.OID != 0 {
		return c.OID
	}
	return OID(c.Type)
}

// Param is the value of a parameter, as PostgreSQL would print it.
type Param struct {
	Null bool
	Text string
}

// Sink takes the results of one statement, in order, from one goroutine. An
// error says that the client is gone: the statement should end with it.
type Sink interface {
	// Rows takes a frozen batch of the columns that the statement announced.
	Rows(b *batch.Batch) error
	// Flush brings what was taken so far to the client: at the end of a tick.
	Flush() error
	Notice(n *Error)
	// Setting reports the new value of a setting that clients follow.
	Setting(name, value string)
}

// Input is a Sink that also has data of the client: COPY … FROM STDIN.
type Input interface {
	// Next returns the data as it comes, cut anywhere, valid until the next call;
	// io.EOF ends it.
	Next(ctx context.Context) ([]byte, error)
}

// Format says how the rows of a result travel.
type Format uint8

// The formats: as a query's rows, or as COPY data.
const (
	Query Format = iota
	CopyText
	CopyCSV
	CopyBinary
)

// Copy holds the options of COPY … TO STDOUT.
type Copy struct {
	Format    Format
	Delimiter byte
	Null      string
	Header    bool
	Quote     byte
}

// Description is what is known of a statement before it runs.
type Description struct {
	Params  []uint32 // type OIDs
	Columns []Column // nil: it gives no rows
	Copy    Copy     // Format Query: rows, not COPY
	// CopyIn asks the client for the data of COPY … FROM STDIN, in Columns columns
	// of this format; the Sink is then an Input too. Format Query: nothing is asked.
	CopyIn        Format
	CopyInColumns int
	// Endless says that it runs until somebody stops it.
	Endless bool
}

// Statement is one statement of a session.
type Statement interface {
	// Describe resolves names and types; it may be asked more than once.
	Describe() (Description, error)
	// Run runs it and returns its command tag, such as SELECT 3; "" for an
	// empty statement.
	Run(ctx context.Context, params []Param, out Sink) (tag string, err error)
}

// Client is who connected, and what it said then.
type Client struct {
	User, Database string
	Settings       map[string]string // application_name, options …
	ProcessID      uint32
	Remote         string
}
