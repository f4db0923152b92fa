package session

import (
	"context"
	"errors"
	"time"

	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/physical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// create handles CREATE STREAM and CREATE MATERIALIZED VIEW. Binding is part of
// running: a script creates what its next statement reads.
func (s *Session) create(st *statement) handler {
	return command(func(ctx context.Context, out result.Sink) (string, error) {
		if err := s.settle(ctx); err != nil {
			return "", err
		}
		s.db.ddl.Lock()
		defer s.db.ddl.Unlock()
		word := definition(st.node)
		name, lenient := created(st.node)
		if lenient {
			if o, err := s.db.cfg.Catalog.Lookup(texts(name)...); err == nil {
				n := result.Noticef("relation %q already exists, skipping", o.Name)
				n.Code = result.CodeDuplicate
				out.Notice(n)
				return word, nil
			}
		}
		c, err := s.bindCreate(st.node)
		if err != nil {
			return "", err
		}
		for _, n := range c.Notices {
			out.Notice(notice(n))
		}
		o, err := s.planned(c)
		if err != nil {
			return "", err
		}
		s.warnSLO(o, out)
		o.SQL, o.Created = st.sql, s.db.cfg.Clock().UTC()
		return word, bind.OptionError(s.db.install(ctx, o), withClause(st.node))
	})
}

// withClause returns the options of a CREATE, where errors about them point.
func withClause(n ast.Statement) ast.Options {
	switch n := n.(type) {
	case *ast.CreateStream:
		return n.With
	case *ast.CreateView:
		return n.With
	case *ast.CreateTable:
		return n.With
	}
	return nil
}

// created returns the name that a statement creates, and whether it may be
// there already.
func created(n ast.Statement) (ast.QName, bool) {
	switch n := n.(type) {
	case *ast.CreateStream:
		return n.Name, n.IfNotExists
	case *ast.CreateView:
		return n.Name, n.IfNotExists
	case *ast.CreateTable:
		return n.Name, n.IfNotExists
	}
	return nil, false
}

func texts(name ast.QName) []string {
	out := make([]string, len(name))
	for i, n := range name {
		out[i] = n.Text
	}
	return out
}

func (s *Session) bindCreate(n ast.Statement) (*bind.Create, error) {
	env := s.bindEnv(nil, nil)
	switch n := n.(type) {
	case *ast.CreateView:
		return bind.CreateView(n, env)
	case *ast.CreateTable:
		return bind.CreateTable(n, env)
	}
	return bind.CreateStream(n.(*ast.CreateStream), env)
}

// planned gives what was bound its physical plan and the session's defaults.
func (s *Session) planned(c *bind.Create) (*catalog.Object, error) {
	o := c.Object
	if o.Source != nil {
		o.Source.TimeZone = s.settings.zone.String()
	}
	if c.Plan == nil {
		return o, nil
	}
	if o.Table != nil {
		return o, s.plannedTable(c)
	}
	o.Query.TimeZone = s.settings.zone.String()
	if o.Query.SLO == 0 && o.Options["slo"] == "" {
		if slo := s.settings.defaultSLO(); slo > 0 {
			o.Query.SLO = slo
			if o.Options == nil {
				o.Options = map[string]string{}
			}
			o.Options["slo"], _ = s.settings.Setting("dirigo.default_slo")
		}
	}
	options := physical.Options{Parallelism: c.Parallelism, Partitions: s.db.partitions}
	if options.Parallelism == 0 {
		options.Parallelism = s.parallelism()
	}
	var err error
	if o.Query.Graph, err = planner.Continuous(c.Plan, options); err != nil {
		return nil, err
	}
	return o, s.db.readable(o.Query.Graph)
}

// warnSLO tells of a latency target below what the query's costliest path takes,
// as measured where it runs, as expected where it does not yet.
func (s *Session) warnSLO(o *catalog.Object, out result.Sink) {
	if o.Query == nil || o.Query.SLO <= 0 || o.Query.Graph == nil {
		return
	}
	measured, how := map[int]time.Duration{}, "is expected to cost"
	if q, ok := s.db.cfg.Engine.Query(o.ID); ok && o.ID != 0 {
		for _, v := range q.Vertices {
			if cost := v.Cost + v.Fire; cost > 0 {
				measured[v.ID], how = cost, "costs"
			}
		}
	}
	if cost := physical.PathCost(o.Query.Graph, measured); cost > o.Query.SLO {
		out.Notice(result.Noticef("the latency target %s cannot be kept: the way of a message through the query %s %s", o.Query.SLO, how, cost.Round(time.Microsecond)))
	}
}

// plannedTable gives a table's hidden view its plan: one reader, as the log has
// one partition, and as many keepers as queries have instances.
func (s *Session) plannedTable(c *bind.Create) error {
	options := physical.Options{Parallelism: s.parallelism(), Partitions: func(uint64) int { return 1 }}
	view := &c.Object.Table.View
	view.TimeZone = "UTC"
	var err error
	view.Graph, err = planner.Continuous(c.Plan, options)
	return err
}

// parallelism is how many instances queries get that do not say; 0: the planner's choice.
func (s *Session) parallelism() int {
	if n := s.settings.number("dirigo.parallelism"); n > 0 {
		return n
	}
	return s.db.cfg.Parallelism
}

// readable refuses a continuous query over what the engine has no feed of.
func (db *DB) readable(g *job.Graph) error {
	for _, v := range g.Vertices {
		if v.Read == nil {
			continue
		}
		if o, ok := db.cfg.Catalog.ByID(v.Read.Relation); ok && (o.Source != nil || o.Table != nil || o.Query != nil) {
			continue
		}
		return result.Errorf(result.CodeUnsupported, "a continuous query cannot read system relations").
			WithHint("SELECT reads them as they are now.")
	}
	return nil
}

// partitions returns how many partitions a source has, 0 if that cannot be
// told now.
func (db *DB) partitions(relation uint64) int {
	ctx, cancel := context.WithTimeout(context.Background(), partitionsWithin)
	defer cancel()
	n, err := db.cfg.Engine.Partitions(ctx, relation)
	if err != nil {
		return 0
	}
	return n
}

// partitionsWithin is how long planning waits for a broker to say.
const partitionsWithin = 3 * time.Second

// install makes an object durable and then runs it. What cannot start is taken
// back: a name that stands for nothing would be in the way.
func (db *DB) install(ctx context.Context, o *catalog.Object) error {
	if o.Source != nil && o.Query == nil {
		def := *o.Source
		def.Name = o.Name
		if err := db.cfg.Engine.CheckSource(ctx, def); err != nil {
			return err
		}
	}
	if o.Query != nil && o.Query.Sink != nil {
		if err := db.cfg.Engine.CheckSink(ctx, *o.Query.Sink); err != nil {
			return err
		}
	}
	stored, err := db.cfg.Catalog.Create(ctx, o)
	if err != nil {
		return err
	}
	if err := db.start(ctx, stored); err != nil {
		undo := context.WithoutCancel(ctx)
		if stored.Source != nil {
			db.cfg.Engine.RemoveSource(stored.ID)
		}
		return errors.Join(err, db.cfg.Catalog.Drop(undo, stored.ID))
	}
	return nil
}

func (db *DB) start(ctx context.Context, o *catalog.Object) error {
	if o.Source != nil {
		if err := db.cfg.Engine.AddSource(*o.Source); err != nil {
			return err
		}
	}
	if o.Table != nil {
		return db.cfg.Engine.AddTable(ctx, *o.Table)
	}
	if o.Query != nil {
		return db.cfg.Engine.StartQuery(ctx, *o.Query)
	}
	return nil
}
