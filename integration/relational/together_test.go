package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// together does several lists of steps at once, each on a connection of its own.
// None of them depends on what another does, so PostgreSQL takes them in any
// order.
func (b *bench) together(text string) (bool, error) {
	var lists [][]string
	if err := json.Unmarshal([]byte(text), &lists); err != nil {
		return false, fmt.Errorf("together %s: %w", text, err)
	}
	parts := make([]*bench, len(lists))
	errs := make([]error, len(lists))
	for i := range lists {
		var err error
		if parts[i], err = b.part(); err != nil {
			return false, err
		}
	}
	var all sync.WaitGroup
	for i, list := range lists {
		all.Go(func() {
			for _, s := range parseSteps(joined(list)) {
				if _, err := parts[i].take(s); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	var failed error
	for i, p := range parts {
		_ = p.dirigo.conn.Close(context.Background())
		b.objects, b.views = append(b.objects, p.objects...), append(b.views, p.views...)
		b.tally.add(p.tally)
		if errs[i] != nil {
			failed = errs[i]
		}
	}
	return true, failed
}

// chase makes a change, and asks before anything else can happen.
func (b *bench) chase(text string) (bool, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 2 {
		return false, fmt.Errorf("chase %s: %w", text, err)
	}
	steps := parseSteps(joined(list))
	change, ask := steps[0].sql, steps[1].sql
	theirs := postgresql(ask, b.watermarks)
	if !b.small(theirs) {
		return false, nil
	}
	changed, got := b.dirigo.run(change), b.dirigo.run(ask)
	if err := same(change, changed, b.pg.run(change)); err != nil {
		return false, err
	}
	_, err := b.answered(ask, steps[1].do == ordered, got, b.pg.run(theirs))
	return true, err
}

// part is a bench with another connection, and no objects yet.
func (b *bench) part() (*bench, error) {
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	c, err := dial(ctx, b.dirigo.addr)
	if err != nil {
		return nil, err
	}
	p := newBench(b.pg, &dirigo{client: c}, b.broker)
	p.topics, p.watermarks = b.topics, b.watermarks
	return p, nil
}

func joined(list []string) string {
	var text string
	for _, s := range list {
		text += s + "\n"
	}
	return text
}

// concurrently makes the step of changes to several tables and streams at once,
// each on its own, while a view over them may be made.
func (g *gen) concurrently() step {
	var lists [][]string
	saved, tables := g.relations, g.tables
	for _, t := range tables {
		g.tables, g.relations = []relation{t}, []relation{t}
		var list []string
		for range g.IntN(8) {
			list = append(list, g.change(true).String())
		}
		lists = append(lists, list)
	}
	g.relations, g.tables = saved, tables
	if len(g.streams) > 0 {
		var list []string
		for range g.IntN(5) {
			list = append(list, step{records, g.records()}.String())
		}
		lists = append(lists, list)
	}
	if g.chance(50) {
		_, sql := g.viewOf() // no other will read it: whether it comes about is not known here
		lists = append(lists, []string{step{view, sql}.String()})
	}
	text, _ := json.Marshal(lists)
	return step{together, string(text)}
}
