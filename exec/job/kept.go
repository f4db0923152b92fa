package job

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/storage"
)

// A query that has left its group goes on from what it sealed last, though the
// views that it reads have sealed more since: it is told the difference between
// what they held then and what they hold where it joins them again. What they
// held then stays on the disk until the query has sealed again.

// kept is the content of a view that goes with a query's last manifest.
type kept struct {
	epoch    uint64
	manifest storage.Manifest // no blocks: the view held nothing
	release  func()
}

// keepViews keeps what the views that q reads held when it sealed last. Nothing
// of their group is being sealed. A query without a manifest needs nothing.
func (q *query) keepViews() error {
	if q.keeps() {
		return nil // it has not sealed since it left before
	}
	m, err := q.eng.ledger.Query(q.def.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var base manifestExtra
	if err := json.Unmarshal(m.Extra, &base); err != nil {
		return fmt.Errorf("manifest of %s: %w", q.def.Name, err)
	}
	if base.Reset {
		return nil
	}
	all := map[uint64]kept{}
	for rel, up := range q.ups {
		k, err := up.keep()
		if err == nil && k.epoch != base.Ups[rel] {
			k.release()
			err = fmt.Errorf("%s is sealed with epoch %d of view %s, not %d", q.def.Name, base.Ups[rel], up.def.Name, k.epoch)
		}
		if err != nil {
			release(all)
			return err
		}
		all[rel] = k
	}
	q.setKept(all)
	return nil
}

// keep keeps the view's last manifest.
func (q *query) keep() (kept, error) {
	none := kept{release: func() {}}
	m, release, err := q.eng.ledger.Pin(q.def.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	var base manifestExtra
	if err := json.Unmarshal(m.Extra, &base); err != nil || base.Reset {
		release()
		return none, err
	}
	return kept{epoch: m.Epoch, manifest: m, release: release}, nil
}

// keeps says whether the query goes on by differences.
func (q *query) keeps() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.kept != nil
}

// keptFits says whether what is kept goes with the manifest that q restarts from;
// if it does not, it is forgotten.
func (q *query) keptFits() bool {
	q.mu.Lock()
	fits := q.kept != nil && q.restored
	for rel := range q.ups {
		k, ok := q.kept[rel]
		fits = fits && ok && k.epoch == q.base.Ups[rel]
	}
	q.mu.Unlock()
	if !fits {
		q.setKept(nil)
	}
	return fits
}

// setKept takes the place of what was kept.
func (q *query) setKept(all map[uint64]kept) { release(q.swapKept(all)) }

func (q *query) swapKept(all map[uint64]kept) map[uint64]kept {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.kept
	q.kept = all
	return was
}

func release(all map[uint64]kept) {
	for _, k := range all {
		k.release()
	}
}

// keptOf returns what is kept of a view.
func (q *query) keptOf(view *query) (kept, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for rel, up := range q.ups {
		if k, ok := q.kept[rel]; ok && up == view {
			return k, true
		}
	}
	return kept{}, false
}

// difference is what has changed in one instance of a view since something was
// kept of it. It reads the newer content when it is first asked.
type difference struct {
	d       *op.Difference
	account *state.Account
	newer   snapshot // nil: it has been read
}

// since returns the difference from what was kept to a newer content of the
// instance; by is the query that wants it.
func (p *viewPart) since(k kept, newer snapshot, by *query) (*difference, error) {
	e, in := p.q.eng, p.home
	n := p.q.def.Graph.KeyGroups
	low, high := groupRange(in.index, max(1, in.def.Instances), n)
	d := &difference{account: state.NewAccount(0, e.memory), newer: newer}
	home := state.Home{
		KeyGroups: n, Low: low, High: high, Memory: d.account, Read: e.ledger.Read,
		Spill: &spill{store: e.cfg.Store.Spill(), prefix: fmt.Sprintf("%d/%d.%d/since/%d.%d/", p.q.def.ID, in.def.ID, in.index, by.def.ID, by.retries)},
	}
	for _, b := range k.manifest.Blocks {
		if b.Vertex == in.def.ID && b.Instance == in.index {
			home.Sealed = append(home.Sealed, state.Sealed{Name: b.Name, Block: exec.Block{Low: b.Low, High: b.High, Full: b.Full}})
		}
	}
	var err error
	if d.d, err = op.NewDifference(*in.def.Ops[0].Materialize, home); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Next implements snapshot.
func (d *difference) Next(limit int) (*batch.Batch, error) {
	for d.newer != nil {
		b, err := d.newer.Next(limit)
		if err != nil {
			return nil, err
		}
		if b == nil {
			d.newer = nil
			break
		}
		if err := d.d.Take(b); err != nil {
			return nil, err
		}
	}
	return d.d.Next(limit)
}

// Close gives back what it holds.
func (d *difference) Close() {
	if d.newer != nil {
		giveUp(d.newer)
	}
	if d.d != nil {
		d.d.Close()
	}
	d.account.Close()
}
