package bind_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/physical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/parse"
	"github.com/dirigo-stream/dirigo/storage"
)

var update = flag.Bool("update", false, "rewrite the expectations")

// TestGolden plays scripts of statements, each with what binding and planning
// it gives: its error with code, place and hint, or its plan.
//
// A file is blocks separated by lines of "====": SQL, a line "----", text.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t)
	var out []string
	for block := range strings.SplitSeq(string(text), "====\n") {
		sql, want, _ := strings.Cut(block, "----\n")
		got := s.play(sql)
		if got != want && !*update {
			t.Errorf("%s\ngives\n%s\nwant\n%s", sql, got, want)
		}
		out = append(out, sql+"----\n"+got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(out, "====\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// session binds statements one after the other over one catalog.
type session struct {
	t       testing.TB
	catalog *catalog.Catalog
}

func newSession(t testing.TB) *session {
	c, err := catalog.Open(&log{})
	if err != nil {
		t.Fatal(err)
	}
	return &session{t, c}
}

func (s *session) env() bind.Env {
	source := func(connectors.Spec) (connectors.Source, error) { return nil, nil }
	sink := func(connectors.Spec) (connectors.Sink, error) { return nil, nil }
	mode := func(spec connectors.Spec) connectors.Mode {
		if spec.Options["format"] == "upsert_json" {
			return connectors.ModeUpsert
		}
		return connectors.ModeAppend
	}
	return bind.Env{
		Relations: bind.InCatalog(s.catalog.Snapshot()),
		Connectors: map[string]connectors.Connector{
			"kafka": {Source: source, Sink: sink, SourceMode: mode}, "file": {Source: source, Sink: sink},
			"nexmark": {Source: source}, "blackhole": {Sink: sink},
		},
		Schemas: func(connector string, options map[string]string) ([]connectors.Column, error) {
			if connector == "nexmark" {
				return nexmark.Schema(options["table"]), nil
			}
			return nil, nil
		},
		Settings: catalog.Settings{TimeZone: "UTC", SearchPath: []string{"public"}},
		Now:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func (s *session) play(sql string) string {
	var out strings.Builder
	stmt, err := parse.ParseOne(sql)
	if err != nil {
		return fmt.Sprintf("PARSE ERROR: %v\n", err)
	}
	var b *bind.Create
	switch stmt := stmt.(type) {
	case *ast.CreateStream:
		b, err = bind.CreateStream(stmt, s.env())
	case *ast.CreateView:
		b, err = bind.CreateView(stmt, s.env())
	case *ast.Select:
		err = s.selected(&out, stmt)
	default:
		return "not bound here\n"
	}
	if err == nil && b != nil {
		err = s.created(&out, b)
	}
	if err != nil {
		return failure(sql, err)
	}
	return out.String()
}

func failure(sql string, err error) string {
	var e *bind.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("NOT A USER'S ERROR: %v\n", err)
	}
	out := fmt.Sprintf("ERROR %s", e.Code)
	if e.Pos >= 0 {
		line, col := ast.Position(sql, e.Pos)
		out += fmt.Sprintf(" at %d:%d", line, col)
	}
	out += ": " + e.Message + "\n"
	if e.Detail != "" {
		out += "DETAIL: " + e.Detail + "\n"
	}
	if e.Hint != "" {
		out += "HINT: " + e.Hint + "\n"
	}
	return out
}

func (s *session) selected(out *strings.Builder, stmt *ast.Select) error {
	q, err := bind.Select(stmt, s.env())
	if err != nil {
		return err
	}
	for i, p := range q.Params {
		fmt.Fprintf(out, "$%d %s\n", i+1, p)
	}
	for _, c := range q.Columns {
		fmt.Fprintf(out, "%s %s\n", c.Name, c.Type)
	}
	out.WriteString(logical.Print(q.Plan))
	g, err := planner.Bounded(q.Plan)
	if err == nil {
		s.build(g)
	}
	return err
}

func (s *session) created(out *strings.Builder, b *bind.Create) error {
	for _, n := range b.Notices {
		fmt.Fprintf(out, "NOTICE: %s\n", n.Message)
	}
	for _, c := range b.Object.Columns {
		fmt.Fprintf(out, "%s %s\n", c.Name, c.Type)
	}
	if src := b.Object.Source; src != nil && b.Plan == nil {
		describeSource(out, src)
	}
	if b.Plan != nil {
		g, err := planner.Continuous(b.Plan, physical.Options{Parallelism: max(2, b.Parallelism)})
		if err != nil {
			return err
		}
		s.roundTrip(g)
		s.build(g)
		b.Object.Query.Graph = g
		out.WriteString(logical.Print(b.Plan))
		out.WriteString("explain\n" + strings.Join(physical.Explain(g, s.explain(b.Object)), "\n") + "\n")
	}
	_, err := s.catalog.Create(s.t.Context(), b.Object)
	return err
}

func describeSource(out *strings.Builder, src *job.SourceDef) {
	for _, c := range src.Columns {
		fmt.Fprintf(out, "  %s = %s\n", c.Name, c.Expr)
	}
	if src.Watermark >= 0 {
		fmt.Fprintf(out, "  watermark %s - %s\n", src.Columns[src.Watermark].Name, logical.Micros(src.Delay))
	}
	fmt.Fprintf(out, "  options %v latest=%v idle=%s\n", src.Spec.Options, src.Latest, src.IdleTimeout)
}

func (s *session) explain(o *catalog.Object) physical.ExplainOptions {
	opts := physical.ExplainOptions{SLO: o.Query.SLO}
	if o.Query.Sink != nil {
		opts.Sink = o.Query.Sink.Connector
	}
	opts.Relation = func(id uint64) *logical.Relation {
		o, _ := s.catalog.ByID(id)
		r, err := bind.RelationOf(o)
		if err != nil {
			s.t.Fatal(err)
		}
		return r
	}
	return opts
}

// roundTrip: a graph read back from the catalog is the one that was written.
func (s *session) roundTrip(g *job.Graph) {
	text, err := json.Marshal(g)
	if err != nil {
		s.t.Fatal(err)
	}
	var back job.Graph
	if err := json.Unmarshal(text, &back); err != nil {
		s.t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(text) {
		s.t.Errorf("stored graph differs: %v\n%s\n%s", err, text, again)
	}
	for i, v := range back.Vertices {
		for j, spec := range v.Ops {
			if n := set(spec); n != 1 {
				s.t.Errorf("operator %d of vertex %d has %d fields set after it was stored, want 1", j, v.ID, n)
			}
			if m := spec.Materialize; m != nil && !reflect.DeepEqual(m.Key, g.Vertices[i].Ops[j].Materialize.Key) {
				s.t.Errorf("key of vertex %d: %#v, was %#v", v.ID, m.Key, g.Vertices[i].Ops[j].Materialize.Key)
			}
		}
	}
}

// build makes every operator of a graph: what the planner writes, they read.
func (s *session) build(g *job.Graph) {
	schemas := map[int]batch.Schema{}
	for _, v := range g.Vertices {
		schemas[v.ID] = v.Schema
		var in [][]batch.Type
		for _, edge := range v.Inputs {
			in = append(in, kinds(schemas[edge.From]))
		}
		if v.Read != nil {
			in = append(in, s.read(v.Read))
		}
		for _, spec := range v.Ops {
			if _, err := op.New(spec, op.Env{Inputs: in, Home: state.Home{KeyGroups: g.KeyGroups, High: g.KeyGroups}}); err != nil {
				s.t.Errorf("vertex %d: %v", v.ID, err)
			}
			in = [][]batch.Type{spec.Output(in)}
		}
		if want := kinds(v.Schema); !slices.EqualFunc(in[0], want, func(a, b batch.Type) bool { return a.Kind == b.Kind }) {
			s.t.Errorf("vertex %d puts out %v, its schema says %v", v.ID, in[0], want)
		}
	}
}

func (s *session) read(r *job.Read) []batch.Type {
	o, ok := s.catalog.ByID(r.Relation)
	if !ok {
		s.t.Fatalf("reads relation %d, which is not there", r.Relation)
	}
	types := make([]batch.Type, len(r.Columns))
	for i, c := range r.Columns {
		types[i] = o.Columns[c].Type
	}
	return types
}

func kinds(s batch.Schema) []batch.Type {
	out := make([]batch.Type, len(s))
	for i, f := range s {
		out[i] = f.Type
	}
	return out
}

// set counts the fields of an operator that are not zero.
func set(spec op.Spec) int {
	n, v := 0, reflect.ValueOf(spec)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			n++
		}
	}
	return n
}

// log is a storage.Log in memory.
type log struct{}

func (*log) Put(context.Context, []storage.Record, []string) error { return nil }

func (*log) Scan(string, func(storage.Record) error) error { return nil }
