package storage

import (
	"context"
	"maps"
	"slices"
)

// plan is the next root in the making.
type plan struct {
	l       *Ledger
	root    root
	queries map[uint64]*query
	drops   []uint64
	folds   map[uint64]int // how many replacements of a query are in
	vain    []string       // blocks that are there, and that no manifest will name
	fresh   map[id][]byte  // blocks that are not written yet
	blocks  []Block
}

func (l *Ledger) newPlan() *plan {
	return &plan{
		l:       l,
		root:    root{inc: l.inc, epoch: l.epoch, prev: l.epoch},
		queries: make(map[uint64]*query),
		folds:   make(map[uint64]int),
		fresh:   make(map[id][]byte),
	}
}

func (p *plan) nextID() id {
	p.l.n++
	return id{inc: p.l.inc, epoch: p.root.epoch, n: p.l.n}
}

// query returns the query to change; nil if it is new and must not be.
func (p *plan) query(qid uint64, create bool) *query {
	q := p.queries[qid]
	if q != nil {
		return q
	}
	switch old := p.l.queries[qid]; {
	case old != nil:
		next := *old
		next.refs = slices.Clone(old.refs)
		q = &next
	case create:
		q = &query{id: qid}
	default:
		return nil
	}
	p.queries[qid] = q
	return q
}

func (p *plan) seal(s *sealing) {
	p.root.epoch = s.epoch
	p.root.edges = append(p.root.edges, Edge{Epoch: s.epoch, Extra: s.extra})
	for _, qs := range s.queries {
		if p.l.dropped[qs.Query] {
			p.vain = append(p.vain, aheadNames(qs.Query, qs.Blocks)...)
			continue
		}
		q := p.query(qs.Query, true)
		q.epoch, q.extra = qs.Epoch, slices.Clone(qs.Extra)
		for _, b := range qs.Blocks {
			if b.Full {
				q.erase(b)
			}
		}
		for _, b := range qs.Blocks { // those of one seal are of one age
			if len(b.Data) > 0 || b.ahead() {
				q.refs = append(q.refs, p.newRef(b))
			}
		}
	}
}

func (p *plan) newRef(b NewBlock) ref {
	if !b.ahead() {
		b.stored, b.size = p.nextID(), int64(len(b.Data))
		p.fresh[b.stored] = b.Data
	}
	return b.ref()
}

// replace takes the waiting folds in; their blocks are written already.
func (p *plan) replace() {
	for qid, waiting := range p.l.folded {
		p.folds[qid] = len(waiting)
		if q := p.query(qid, false); q != nil && !p.l.dropped[qid] {
			for _, w := range waiting {
				if !w.apply(q) {
					p.vain = append(p.vain, w.names()...)
				}
			}
		}
	}
}

func (p *plan) drop() {
	for qid := range p.l.dropping {
		delete(p.queries, qid)
		p.drops = append(p.drops, qid)
	}
}

func (p *plan) empty() bool {
	return len(p.root.edges) == 0 && len(p.queries) == 0 && len(p.drops) == 0 && len(p.l.reverted) == 0
}

// encode fills in blocks and the root's index.
func (p *plan) encode() {
	changes := make(map[uint64]id, len(p.queries)+len(p.drops))
	for qid := range p.l.reverted {
		if q := p.l.queries[qid]; q != nil {
			changes[qid] = q.man
		}
	}
	for _, qid := range slices.Sorted(maps.Keys(p.queries)) { // the same names for the same calls
		q := p.queries[qid]
		q.man = p.nextID()
		packed := p.pack(q)
		p.blocks = append(p.blocks, Block{Name: manifestName(qid, q.man), Data: encodeManifest(q, packed)})
		changes[qid] = q.man
	}
	for _, qid := range p.drops {
		changes[qid] = id{}
	}
	x := p.l.index.with(changes)
	if x.outgrown() {
		x = index{at: p.nextID(), base: x.all()}
		data := encodeIndex(x.base)
		p.blocks = append(p.blocks, Block{Name: indexName(x.at, "a"), Data: data}, Block{Name: indexName(x.at, "b"), Data: data})
	}
	p.root.index = x
}

// pack puts the new blocks of q into its manifest if they are small together,
// else adds them to what is to be written.
func (p *plan) pack(q *query) (packed [][]byte) {
	total, slots := int64(0), make(map[id]int32)
	for _, r := range q.refs {
		if _, fresh := p.fresh[r.at]; fresh && r.slot < 0 {
			if _, seen := slots[r.at]; !seen {
				slots[r.at] = int32(len(slots))
				total += r.size
			}
		}
	}
	inside := total < int64(p.l.cfg.Pack)
	packed = make([][]byte, 0, len(slots))
	for i := range q.refs {
		r := &q.refs[i]
		slot, fresh := slots[r.at]
		if !fresh {
			continue
		}
		data := p.fresh[r.at]
		switch {
		case inside:
			if int(slot) == len(packed) {
				packed = append(packed, data)
			}
			r.at, r.slot = q.man, slot
		case data != nil:
			p.blocks = append(p.blocks, Block{Name: r.holder(q.id), Data: data})
			p.fresh[r.at] = nil // once, though narrowing may have split the ref
		}
	}
	return packed
}

func (p *plan) write(ctx context.Context) error {
	if err := p.l.store.Write(ctx, p.blocks); err != nil {
		return err
	}
	r := Root{Epoch: p.root.epoch, Data: p.root.encode()}
	return p.l.store.Commit(ctx, r, max(p.l.cfg.History, p.l.cfg.Retain))
}
