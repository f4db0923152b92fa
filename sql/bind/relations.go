package bind

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// InCatalog finds relations in a snapshot of the catalog.
func InCatalog(s *catalog.Snapshot) Relations { return snapshot{s} }

type snapshot struct{ *catalog.Snapshot }

// Relation implements Relations.
func (s snapshot) Relation(name ...string) (*logical.Relation, error) {
	o, err := s.Lookup(name...)
	if err != nil {
		return nil, err
	}
	return RelationOf(o)
}

// RelationOf returns what a scan of an object reads: a stream's records, or the
// rows that a view keeps.
func RelationOf(o *catalog.Object) (*logical.Relation, error) {
	r := &logical.Relation{
		ID: o.ID, Name: o.Name, Kind: logical.View, Columns: o.Schema(),
		Key: o.Key, Updating: !o.AppendOnly, Watermark: o.Watermark,
	}
	switch o.Kind {
	case catalog.Table:
		r.Kind, r.Updating, r.Watermark = logical.Table, true, -1
		return r, nil
	case catalog.View:
		r.Watermark = -1
		for _, t := range o.Times {
			r.Times = append(r.Times, logical.Time{Col: t.Column, Lag: t.Lag})
		}
		for _, w := range o.Windows {
			r.Spans = append(r.Spans, logical.Bounds{Start: w.Start, End: w.End, Size: w.Size, Slide: w.Slide, Offset: w.Offset})
		}
		return r, nil
	}
	if o.Source == nil {
		return nil, &catalog.Error{
			Code:    codeFeature,
			Message: fmt.Sprintf("%s %q cannot be read: its output goes to %s only", o.Kind, o.Name, o.Options["connector"]),
			Hint:    "Create a materialized view from the same query.",
			Err:     catalog.ErrNotFound,
		}
	}
	r.Kind, r.Key, r.Updating, r.Watermark = logical.Source, nil, false, o.Source.Watermark
	if o.Kind == catalog.Stream && !o.AppendOnly {
		r.Updating, r.Upsert, r.Watermark = true, o.Key, -1
	}
	return r, nil
}
