package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// OpenLedger reads the newest whole root of store and the manifests that it
// names. A query whose manifest is damaged, or names a block that is not there,
// is set back to an older one that is whole (see Damages). Whether the bytes of
// a block are whole shows when it is read: see Fallback.
func OpenLedger(ctx context.Context, store Store, cfg LedgerConfig) (*Ledger, error) {
	l := newLedger(store, cfg)
	stored, err := store.Roots()
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	roots := l.decodeRoots(stored)
	if len(roots) == 0 && len(stored) > 0 {
		return nil, fmt.Errorf("open ledger: none of %d roots is whole: %w", len(stored), l.damages[0].Err)
	}
	o := opening{l: l, present: make(map[string]bool), read: make(map[id]manifestRead)}
	if err := o.list(ctx); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if len(roots) > 0 {
		l.epoch, l.edges = roots[0].epoch, historyOf(roots, l.cfg.History)
		l.seq = uint64(min(len(roots), l.cfg.Retain))
		l.index = roots[0].index
		o.adopt(roots[:l.seq])
	}
	for id := range l.queries {
		l.changed[id] = true
	}
	garbage, err := l.garbage(o.known)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if len(garbage) > 0 {
		l.graves = append(l.graves, grave{names: garbage})
	}
	l.sweepSoon()
	return l, nil
}

func newLedger(store Store, cfg LedgerConfig) *Ledger {
	orDefault := func(x *int, def int) {
		if *x <= 0 {
			*x = def
		}
	}
	orDefault(&cfg.Retain, 8)
	orDefault(&cfg.History, 256)
	orDefault(&cfg.Pack, 64<<10)
	orDefault(&cfg.FoldBlocks, 32)
	if cfg.FoldBytes <= 0 {
		cfg.FoldBytes = 256 << 10
	}
	if cfg.Go == nil {
		cfg.Go = func(f func()) { go f() }
	}
	l := &Ledger{
		store: store, cfg: cfg, inc: store.Incarnation(),
		queries:  make(map[uint64]*query),
		dropped:  make(map[uint64]bool),
		dropping: make(map[uint64]bool),
		folded:   make(map[uint64][]replacement),
		reverted: make(map[uint64]bool),
		versions: make(map[uint64][]version),
		pins:     make(map[uint64][]uint64),
		lost:     make(map[uint64]error),
		changed:  make(map[uint64]bool),
	}
	l.idle = sync.NewCond(&l.mu)
	return l
}

// decodeRoots returns the whole roots, the newest first; of those that are only
// kept for their edges the index is not read.
func (l *Ledger) decodeRoots(stored []Root) []root {
	var roots []root
	read := make(map[id]index)
	for _, s := range stored {
		r, err := decodeRoot(s.Data)
		if err == nil && len(roots) < l.cfg.Retain {
			if x, ok := read[r.index.at]; ok {
				r.index.base = x.base
			} else if err = readIndex(l.store, &r.index); err == nil {
				read[r.index.at] = r.index
			}
		}
		if err != nil {
			l.damages = append(l.damages, Damage{Epoch: s.Epoch, Err: fmt.Errorf("root of epoch %d: %w", s.Epoch, err)})
			continue
		}
		roots = append(roots, r)
	}
	return roots
}

// historyOf joins the edges of roots as far back as there is no gap.
func historyOf(roots []root, most int) []Edge {
	var back []Edge // the newest first
	want := roots[0].epoch
	for _, r := range roots {
		if r.epoch != want {
			continue // of an attempt that was given up
		}
		for i := len(r.edges) - 1; i >= 0 && len(back) < most; i-- {
			back = append(back, r.edges[i])
		}
		want = r.prev
	}
	out := make([]Edge, len(back))
	for i, e := range back {
		out[len(back)-1-i] = e
	}
	return out
}

// opening is what is known while a ledger is opened.
type opening struct {
	l       *Ledger
	present map[string]bool // all stored names
	known   map[string]bool // those that a kept root needs
	read    map[id]manifestRead
}

type manifestRead struct {
	q   *query
	err error
}

func (o *opening) list(ctx context.Context) error {
	return o.l.store.Names(func(name string) error {
		o.present[name] = true
		return ctx.Err()
	})
}

// load reads a manifest, once.
func (o *opening) load(qid uint64, man id) (*query, error) {
	return o.once(man, func() (*query, error) { return o.l.readManifest(qid, man, o.loadBase) })
}

// loadBase reads a full manifest, once.
func (o *opening) loadBase(qid uint64, man id) (*query, error) {
	return o.once(man, func() (*query, error) { return o.l.readManifest(qid, man, noBase) })
}

func (o *opening) once(man id, load func() (*query, error)) (*query, error) {
	r, ok := o.read[man]
	if !ok {
		r.q, r.err = load()
		o.read[man] = r
	}
	return r.q, r.err
}

// whole loads a manifest and checks that all it names is there.
func (o *opening) whole(qid uint64, man id) (*query, error) {
	q, err := o.load(qid, man)
	if err != nil {
		return nil, err
	}
	q.objects(func(x object) {
		if name := x.name(qid); err == nil && !o.present[name] {
			err = fmt.Errorf("block %s: %w", name, ErrNotFound)
		}
	})
	return q, err
}

// adopt takes the queries over from the kept roots, the newest first.
func (o *opening) adopt(roots []root) {
	o.known = make(map[string]bool)
	named := make([]map[uint64]id, len(roots)) // the oldest first
	for i, r := range roots {
		named[len(roots)-1-i] = r.index.all()
		if r.index.at != (id{}) {
			o.adoptIndex(r.index.at, uint64(len(roots)-i))
		}
	}
	queries := make(map[uint64]bool)
	for _, all := range named {
		for qid := range all {
			queries[qid] = true
		}
	}
	for qid := range queries {
		o.adoptQuery(qid, versionsOf(named, qid))
	}
}

// adoptIndex keeps an index of root number seq until that root goes.
func (o *opening) adoptIndex(at id, seq uint64) {
	names := []string{indexName(at, "a"), indexName(at, "b")}
	if o.known[names[0]] {
		return // a newer root has it
	}
	for _, name := range names {
		o.known[name] = true
	}
	if at != o.l.index.at {
		o.l.graves = append(o.l.graves, grave{died: seq + 1, names: names})
	}
}

// versionsOf returns the manifests that a query has had, oldest first; a zero
// id where it is dropped.
func versionsOf(named []map[uint64]id, qid uint64) []version {
	var vs []version
	for i, all := range named {
		man := all[qid]
		if len(vs) == 0 && man == (id{}) || len(vs) > 0 && vs[len(vs)-1].man == man {
			continue
		}
		vs = append(vs, version{seq: uint64(i + 1), man: man})
	}
	return vs
}

// adoptQuery makes the newest whole version of a query the current one, and
// keeps the blocks of older ones as long as their roots.
func (o *opening) adoptQuery(qid uint64, vs []version) {
	l := o.l
	last := len(vs) - 1
	var newest error
	var current *query
	for ; last >= 0 && vs[last].man != (id{}); last-- {
		q, err := o.whole(qid, vs[last].man)
		if err == nil {
			current = q
			break
		}
		if newest == nil {
			newest = err
		}
	}
	if newest != nil {
		d := Damage{Query: qid, Err: newest}
		if current != nil {
			d.Epoch = current.epoch
			l.reverted[qid] = true
		} else {
			l.lost[qid] = newest
		}
		l.damages = append(l.damages, d)
	}
	if current != nil {
		l.queries[qid] = current
		l.versions[qid] = vs[:last+1]
		o.know(current)
	}
	o.buryOld(qid, vs, last)
}

// buryOld puts what only the versions before vs[last] need into graves. Newer
// versions come first: one that was set back needs again what its predecessor
// did without.
func (o *opening) buryOld(qid uint64, vs []version, last int) {
	for i := last - 1; i >= 0; i-- {
		old, err := o.load(qid, vs[i].man)
		if vs[i].man == (id{}) || err != nil {
			continue
		}
		next, _ := o.load(qid, vs[i+1].man) // nil: dropped
		names := slices.DeleteFunc(died(old, next), func(name string) bool { return o.known[name] })
		if len(names) > 0 {
			o.l.graves = append(o.l.graves, grave{died: vs[i+1].seq, query: qid, names: names})
		}
		o.know(old)
	}
}

func (o *opening) know(q *query) {
	q.objects(func(x object) { o.known[x.name(q.id)] = true })
}

// readManifest reads and decodes one manifest.
func (l *Ledger) readManifest(qid uint64, man id, base func(uint64, id) (*query, error)) (*query, error) {
	name := manifestName(qid, man)
	data, err := l.store.Read(name)
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", name, err)
	}
	q, err := decodeManifest(data, man, func(b id) (*query, error) { return base(qid, b) })
	if err == nil && q.id != qid {
		err = fmt.Errorf("storage: it is of query %d", q.id)
	}
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", name, err)
	}
	return q, nil
}

// noBase is for reading manifests that must be full.
func noBase(uint64, id) (*query, error) {
	return nil, errors.New("storage: a base must be full")
}

func (l *Ledger) lostName(query string) bool {
	id, err := strconv.ParseUint(query, 10, 64)
	return err == nil && l.lost[id] != nil
}
