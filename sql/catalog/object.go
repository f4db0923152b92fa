package catalog

import (
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
)

// Public is the one schema there is.
const Public = "public"

// Kind says what an object is.
type Kind string

// The kinds of objects.
const (
	Stream  Kind = "stream"            // declared over a connector: Source
	Derived Kind = "derived stream"    // CREATE STREAM … AS: Query, and Source where it can be read back
	View    Kind = "materialized view" // Query, whose output is kept
	Table   Kind = "table"
)

// Object is one definition. Objects in the catalog are shared and never change:
// to alter one, copy it and call Update.
type Object struct {
	ID      uint64 `json:"id"`
	Version uint64 `json:"version"` // grows with each Update
	Kind    Kind   `json:"kind"`
	Name    string `json:"name"`
	SQL     string `json:"sql"` // the statement as the user wrote it
	// Columns are what a query over the object sees.
	Columns []Column `json:"columns"`
	// Options are the WITH options written out, defaults included.
	Options  map[string]string `json:"options,omitempty"`
	Settings Settings          `json:"settings"`
	Created  time.Time         `json:"created"`

	Source *job.SourceDef `json:"source,omitempty"`
	Query  *job.QueryDef  `json:"query,omitempty"`
	// Table is what the engine knows of a table. Its hidden view, which keeps the
	// content, has an id of its own: the next one.
	Table *job.TableDef `json:"table,omitempty"`
	// KeyName is the name of a table's primary key.
	KeyName string `json:"key_name,omitempty"`

	// Key is the stream key of what a query puts out, as indices of Columns;
	// nil: none, [] (not nil): there is at most one row.
	Key []int `json:"key"`
	// AppendOnly says that rows come and never go.
	AppendOnly bool `json:"append_only"`
	// Watermark is the event-time column, or -1.
	Watermark int `json:"watermark"`
	// Times are a view's columns with a watermark, and Windows the bounds of
	// windows among its columns: what windows over the view close by.
	Times   []EventTime    `json:"times,omitempty"`
	Windows []WindowBounds `json:"windows,omitempty"`
	// DependsOn are the ids of the objects that its text names.
	DependsOn []uint64 `json:"depends_on,omitempty"`
}

// EventTime is a column with a watermark: once that stands at W no row comes
// with a time below W − Lag (µs).
type EventTime struct {
	Column int   `json:"column"`
	Lag    int64 `json:"lag"`
}

// WindowBounds are the columns of a window's start and end, -1 where there is
// none. Size, Slide and Offset are in µs.
type WindowBounds struct {
	Start  int   `json:"start"`
	End    int   `json:"end"`
	Size   int64 `json:"size"`
	Slide  int64 `json:"slide"`
	Offset int64 `json:"offset,omitempty"`
}

// Column is one column as a user sees it.
type Column struct {
	Name     string     `json:"name"`
	Type     batch.Type `json:"type"`
	NotNull  bool       `json:"not_null,omitempty"`
	Metadata string     `json:"metadata,omitempty"` // read from beside the record's body
	// Generated is the expression of a generated column, as written.
	Generated string `json:"generated,omitempty"`
	// Default is the value of a table's column that an INSERT leaves out, as
	// written, and DefaultExpr what it means; nil: NULL.
	Default     string     `json:"default,omitempty"`
	DefaultExpr *expr.Node `json:"default_expr,omitempty"`
}

// Settings of the owner's session, frozen at CREATE: the query means the same
// whoever reads it later.
type Settings struct {
	TimeZone   string   `json:"time_zone"`
	SearchPath []string `json:"search_path"`
}

// Schema returns names and types of the columns.
func (o *Object) Schema() batch.Schema {
	s := make(batch.Schema, len(o.Columns))
	for i, c := range o.Columns {
		s[i] = batch.Field{Name: c.Name, Type: c.Type}
	}
	return s
}

// withID returns a copy under an id, which its parts carry too.
func (o *Object) withID(id uint64) *Object {
	c := *o
	c.ID = id
	if o.Source != nil {
		s := *o.Source
		s.ID, s.Name = id, o.Name
		c.Source = &s
	}
	if o.Query != nil {
		q := *o.Query
		q.ID, q.Name = id, o.Name
		c.Query = &q
	}
	if o.Table != nil {
		c.Table = tableWithID(*o.Table, id, o.Name)
	}
	return &c
}

// ids is how many ids an object takes: a table's hidden view has the second.
func (o *Object) ids() uint64 {
	if o.Table != nil {
		return 2
	}
	return 1
}

// tableWithID returns a table under an id. The plan of its view, made before
// the id was known, reads relation 0: the table itself.
func tableWithID(t job.TableDef, id uint64, name string) *job.TableDef {
	t.ID, t.Name = id, name
	t.View.ID, t.View.Name = id+1, name
	if g := t.View.Graph; g != nil {
		graph := *g
		graph.Vertices = slices.Clone(g.Vertices)
		for i, v := range graph.Vertices {
			if v.Read != nil && v.Read.Relation == 0 {
				read := *v.Read
				read.Relation = id
				graph.Vertices[i].Read = &read
			}
		}
		t.View.Graph = &graph
	}
	return &t
}
