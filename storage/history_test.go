package storage_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// groups is how many key groups the queries of a random history have.
const groups = 6

// view is what a query's blocks say, per vertex, instance and key group.
type view map[[3]int]string

// snapshot is a query as it was committed once.
type snapshot struct {
	epoch uint64
	extra string
	view  view
}

func (s snapshot) String() string {
	keys := make([]string, 0, len(s.view))
	for k, v := range s.view {
		if v != "" {
			keys = append(keys, fmt.Sprintf("%v=%s", k, v))
		}
	}
	slices.Sort(keys)
	return fmt.Sprintf("epoch %d, extra %q: %s", s.epoch, s.extra, strings.Join(keys, " "))
}

// history plays random calls against a ledger and a naive model of it.
type history struct {
	r      *rand.Rand
	disk   *mem.Disk
	wrap   func(storage.Store) storage.Store
	cfg    storage.LedgerConfig
	l      *storage.Ledger
	gentle bool // nothing is damaged or lost
	ids    uint64
	epoch  uint64
	roots  int
	now    map[uint64]snapshot
	past   map[uint64][]snapshot // of each query, the newest last
	since  map[uint64][]int      // after how many roots each was made
	dead   map[uint64]bool       // dropped
	pins   []pinned
	counts map[string]int
}

type pinned struct {
	m       storage.Manifest
	want    string
	release func()
}

func newHistory(seed uint64, wrap func(storage.Store) storage.Store) *history {
	r := rand.New(rand.NewPCG(seed, 99))
	return &history{
		r: r, disk: mem.NewDisk(), wrap: wrap,
		cfg: storage.LedgerConfig{
			Retain: 1 + r.IntN(5), History: 1 + r.IntN(12), Pack: 1 + r.IntN(40),
			FoldBytes: int64(1 + r.IntN(60)), FoldBlocks: 1 + r.IntN(6), FoldPart: int64(r.IntN(2) * (1 + r.IntN(60))),
			Go: func(f func()) { f() },
		},
		now: make(map[uint64]snapshot), past: make(map[uint64][]snapshot), since: make(map[uint64][]int),
		dead: make(map[uint64]bool), counts: make(map[string]int),
	}
}

func (h *history) run(steps int) error {
	if err := h.reopen(); err != nil {
		return err
	}
	ops := []struct {
		name   string
		weight int
		run    func() error
	}{
		{"seal", 40, h.seal},
		{"fold", 20, h.fold},
		{"crash", 4, h.reopen},
		{"drop", 2, h.drop},
		{"flush", 3, h.flush},
		{"sweep", 6, h.sweep},
		{"pin", 6, h.pin},
		{"damage", 1, h.damage},
		{"lose", 1, h.lose},
	}
	for step := range steps {
		pick := h.r.IntN(83)
		for _, op := range ops {
			if pick -= op.weight; pick >= 0 {
				continue
			}
			if h.gentle && (op.name == "damage" || op.name == "lose") {
				break
			}
			h.counts[op.name]++
			err := op.run()
			if err == nil {
				err = h.check()
			}
			if err != nil {
				return fmt.Errorf("step %d, %s: %w", step, op.name, err)
			}
			break
		}
	}
	return h.leak()
}

func (h *history) reopen() (err error) {
	h.l, err = storage.OpenLedger(context.Background(), h.wrap(h.disk.Open()), h.cfg)
	h.pins = nil
	if err != nil {
		return err
	}
	for id := range h.dead { // what no root says is not so
		if _, err := h.l.Query(id); !errors.Is(err, storage.ErrNotFound) {
			h.l.Drop(id)
		}
	}
	for _, id := range h.live() { // damage that no root knows of is found again
		if err := h.meetDamage(id); err != nil {
			return err
		}
	}
	return nil
}

// meetDamage reads a query's blocks as a loader does, and asks for an older
// manifest as long as one cannot be read.
func (h *history) meetDamage(id uint64) error {
	m, err := h.l.Query(id)
	for err == nil {
		bad := slices.IndexFunc(m.Blocks, func(b storage.BlockRef) bool {
			_, readErr := h.l.Read(b.Name)
			return readErr != nil
		})
		if bad < 0 {
			break
		}
		m, err = h.l.Fallback(id, m.Blocks[bad].Name, errors.New("unreadable"))
	}
	return h.setBack(id, err)
}

// fail makes one of the next writes fail, sometimes.
func (h *history) fail() {
	if h.r.IntN(6) > 0 {
		return
	}
	n := h.r.IntN(6)
	h.disk.Fail(func(mem.Op) error {
		if n--; n < 0 {
			return errors.New("the disk is full")
		}
		return nil
	})
}

func (h *history) seal() error {
	epoch := h.epoch + 1 + h.r.Uint64N(3)
	next := make(map[uint64]snapshot)
	var qs []storage.QuerySeal
	ids := h.live()
	for len(ids) < 6 { // ids are never used again
		h.ids++
		ids = append(ids, h.ids)
	}
	for _, id := range ids {
		if h.r.IntN(3) > 0 || h.dead[id] {
			continue
		}
		s := snapshot{epoch: epoch - h.r.Uint64N(min(epoch, 2)), extra: fmt.Sprint("x", h.r.IntN(100)), view: make(view)}
		for k, v := range h.now[id].view {
			s.view[k] = v
		}
		q := storage.QuerySeal{Query: id, Epoch: s.epoch, Extra: []byte(s.extra)}
		for range h.r.IntN(4) {
			q.Blocks = append(q.Blocks, h.block(epoch))
		}
		for _, b := range q.Blocks {
			if b.Full {
				s.view.erase(b)
			}
		}
		for _, b := range q.Blocks {
			s.view.add(b)
		}
		if err := h.ahead(&q); err != nil {
			return nil
		}
		next[id] = s
		qs = append(qs, q)
	}
	h.fail()
	err := h.l.Seal(context.Background(), epoch, fmt.Append(nil, epoch), qs)
	h.disk.Fail(nil)
	if err != nil {
		h.counts["failed seal"]++
		return nil
	}
	h.epoch = epoch
	h.committed(next)
	return nil
}

// ahead has some of a query's blocks written before they are sealed, or given up.
func (h *history) ahead(q *storage.QuerySeal) error {
	if h.r.IntN(3) > 0 || len(q.Blocks) == 0 {
		return nil
	}
	n := h.r.IntN(len(q.Blocks) + 1)
	h.fail()
	defer h.disk.Fail(nil)
	for range 1 + h.r.IntN(2) {
		written, err := h.l.Ahead(context.Background(), q.Query, q.Blocks[:n])
		if err != nil {
			h.counts["failed ahead"]++
			return err
		}
		if h.r.IntN(4) == 0 {
			h.l.Forget(q.Query, written)
			continue
		}
		h.counts["ahead"]++
		q.Blocks = append(written, q.Blocks[n:]...)
		return nil
	}
	return nil
}

func (h *history) committed(next map[uint64]snapshot) {
	h.roots++
	for id, s := range next {
		h.now[id] = s
		h.past[id] = append(h.past[id], s)
		h.since[id] = append(h.since[id], h.roots)
	}
}

func (h *history) block(epoch uint64) storage.NewBlock {
	low := h.r.IntN(groups)
	b := storage.NewBlock{Vertex: h.r.IntN(2), Instance: h.r.IntN(2), Low: low, High: low + 1 + h.r.IntN(groups-low), Full: h.r.IntN(5) == 0}
	if h.r.IntN(6) > 0 {
		b.Data = fmt.Appendf(nil, "%d%c%s.", epoch, 'a'+h.r.IntN(26), strings.Repeat("-", h.r.IntN(12)))
	}
	return b
}

func (v view) add(b storage.NewBlock) {
	for g := b.Low; g < b.High; g++ {
		v[[3]int{b.Vertex, b.Instance, g}] += string(b.Data)
	}
}

func (v view) erase(b storage.NewBlock) {
	for g := b.Low; g < b.High; g++ {
		delete(v, [3]int{b.Vertex, b.Instance, g})
	}
}

// fold does one of the folds that are due, a block per key group; what the query
// says does not change.
func (h *history) fold() error {
	tasks := h.l.Folds()
	if len(tasks) == 0 {
		return nil
	}
	t := tasks[h.r.IntN(len(tasks))]
	says := make(view)
	for _, b := range t.Blocks {
		data, err := h.l.Read(b.Name)
		if err != nil {
			return err
		}
		for g := max(b.Low, t.Low); g < min(b.High, t.High); g++ {
			says[[3]int{0, 0, g}] += string(data)
		}
	}
	var blocks []storage.NewBlock
	for g := t.Low; g < t.High; g++ {
		text := says[[3]int{0, 0, g}]
		cut := h.r.IntN(len(text) + 1) // one key group may take two blocks
		for _, part := range []string{text[:cut], text[cut:]} {
			blocks = append(blocks, storage.NewBlock{
				Vertex: t.Vertex, Instance: t.Instance, Low: g, High: g + 1, Full: true, Data: []byte(part),
			})
		}
	}
	if h.r.IntN(2) == 0 { // a seal in between
		if err := h.seal(); err != nil {
			return err
		}
	}
	h.fail()
	err := h.l.Replace(context.Background(), t, blocks)
	h.disk.Fail(nil)
	if errors.Is(err, storage.ErrStale) {
		h.counts["stale fold"]++
	}
	return nil
}

func (h *history) drop() error {
	for _, id := range h.live() {
		h.l.Drop(id)
		h.dead[id] = true
		delete(h.now, id)
		return nil
	}
	return nil
}

func (h *history) flush() error {
	if err := h.l.Flush(context.Background()); err != nil {
		return err
	}
	h.roots++ // or not: then less is kept than the model thinks
	return nil
}

func (h *history) sweep() error {
	_, err := h.l.Sweep()
	return err
}

func (h *history) pin() error {
	if len(h.pins) > 0 && h.r.IntN(2) == 0 {
		h.pins[0].release()
		h.pins = h.pins[1:]
		return nil
	}
	live := h.live()
	if len(live) == 0 {
		return nil
	}
	m, release, err := h.l.Pin(live[0])
	if err != nil {
		return err
	}
	want, err := h.says(m)
	h.pins = append(h.pins, pinned{m, want.String(), release})
	return err
}

// live returns the ids of all queries, in random order.
func (h *history) live() []uint64 {
	ids := slices.Sorted(maps.Keys(h.now))
	h.r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}

// victim picks the stored object behind a block of a query.
func (h *history) victim() (id uint64, block string) {
	for _, id := range h.live() {
		if m, err := h.l.Query(id); err == nil && len(m.Blocks) > 0 {
			return id, m.Blocks[h.r.IntN(len(m.Blocks))].Name
		}
	}
	return 0, ""
}

// damage flips a bit; the reader finds it and asks for an older manifest.
func (h *history) damage() error {
	id, block := h.victim()
	stored, _, _ := strings.Cut(block, "#")
	if id == 0 || !h.disk.Damage(stored) {
		return nil
	}
	h.pins = nil // they may need it
	_, err := h.l.Read(block)
	if err == nil {
		return fmt.Errorf("block %s is damaged and was read", block)
	}
	return h.meetDamage(id)
}

// lose removes a stored object; that is found at the next open.
func (h *history) lose() error {
	_, block := h.victim()
	if block == "" {
		return nil
	}
	stored, _, _ := strings.Cut(block, "#")
	h.disk.Lose(stored)
	if err := h.reopen(); err != nil {
		return err
	}
	if len(h.l.Damages()) == 0 {
		return fmt.Errorf("nobody missed %s", stored)
	}
	return nil // reopen has seen to it
}

// setBack checks that a query is again what it was at one of the kept roots, or
// is lost.
func (h *history) setBack(id uint64, err error) error {
	var lost *storage.LostError
	if errors.As(err, &lost) {
		if h.counts["damage"]+h.counts["lose"] == 0 {
			return fmt.Errorf("nothing was damaged: %w", err)
		}
		h.counts["lost"]++
		h.l.Drop(id)
		h.dead[id] = true
		delete(h.now, id)
		return nil
	}
	if err != nil {
		return err
	}
	m, err := h.l.Query(id)
	if err != nil {
		return err
	}
	got, err := h.says(m)
	if err != nil {
		return fmt.Errorf("set back: %w", err)
	}
	for i := len(h.past[id]) - 1; i >= 0; i-- {
		if h.past[id][i].String() == got.String() {
			if h.now[id].String() != got.String() {
				if h.counts["damage"]+h.counts["lose"] == 0 {
					return fmt.Errorf("query %d was set back, and nothing was damaged", id)
				}
				h.counts["set back"]++
			}
			h.now[id] = h.past[id][i]
			return nil
		}
	}
	return fmt.Errorf("query %d was set back to what it never was: %v", id, got)
}

// says reads what a manifest's blocks say.
func (h *history) says(m storage.Manifest) (snapshot, error) {
	s := snapshot{epoch: m.Epoch, extra: string(m.Extra), view: make(view)}
	for _, b := range m.Blocks {
		data, err := h.l.Read(b.Name)
		if err != nil {
			return s, err
		}
		s.view.add(storage.NewBlock{Vertex: b.Vertex, Instance: b.Instance, Low: b.Low, High: b.High, Data: data})
	}
	return s, nil
}

func (h *history) check() error {
	if h.l.Epoch() != h.epoch {
		return fmt.Errorf("epoch %d, want %d", h.l.Epoch(), h.epoch)
	}
	for i, e := range h.l.History() {
		if string(e.Extra) != fmt.Sprint(e.Epoch) || i == len(h.l.History())-1 && e.Epoch != h.epoch {
			return fmt.Errorf("history %v at epoch %d", h.l.History(), h.epoch)
		}
	}
	if n := len(h.l.Queries()); n != len(h.now) {
		return fmt.Errorf("%d queries %v, want %d", n, h.l.Queries(), len(h.now))
	}
	for id, want := range h.now {
		m, err := h.l.Query(id)
		if err != nil {
			return err
		}
		got, err := h.says(m)
		if err != nil {
			return fmt.Errorf("query %d: %w", id, err)
		}
		if got.String() != want.String() {
			return fmt.Errorf("query %d is\n%v\nwant\n%v", id, got, want)
		}
	}
	for _, p := range h.pins {
		got, err := h.says(p.m)
		if err != nil || got.String() != p.want {
			return fmt.Errorf("a pinned manifest became %v (%v), was %s", got, err, p.want)
		}
	}
	return nil
}

// leak checks that when all is quiet little is stored but what is needed.
func (h *history) leak() error {
	for range 2 { // what lost queries leave goes at the open after their drop
		if err := h.reopen(); err != nil {
			return err
		}
		for range h.cfg.Retain + 1 {
			h.epoch++
			if err := h.l.Seal(context.Background(), h.epoch, fmt.Append(nil, h.epoch), nil); err != nil {
				return err
			}
		}
	}
	if _, err := h.l.Sweep(); err != nil {
		return err
	}
	needed := make(map[string]bool)
	for id := range h.now {
		m, err := h.l.Query(id)
		if err != nil {
			return err
		}
		for _, b := range m.Blocks {
			stored, _, _ := strings.Cut(b.Name, "#")
			needed[stored] = true
		}
	}
	extra := 0
	err := h.disk.Open().Names(func(name string) error {
		if !needed[name] {
			extra++
		}
		return nil
	})
	if most := 2 * len(h.now); err == nil && extra > most {
		err = fmt.Errorf("%d stored objects that no manifest names, want at most %d (a manifest and its base per query)", extra, most)
	}
	if err != nil {
		return err
	}
	if err := h.reopen(); err != nil {
		return err
	}
	return h.check()
}

func asIs(s storage.Store) storage.Store { return s }

// TestHistories: whatever is sealed, folded, dropped, pinned and swept, and
// however disk and process fail, the ledger says what was last committed.
func TestHistories(t *testing.T) {
	seeds := uint64(80)
	if testing.Short() {
		seeds = 60
	}
	total := make(map[string]int)
	for seed := range seeds {
		h := newHistory(seed, asIs)
		if err := h.run(120); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for what, n := range h.counts {
			total[what] += n
		}
	}
	t.Logf("%d histories: %v", seeds, total)
	for _, what := range []string{"failed seal", "stale fold", "set back", "lost", "fold", "pin", "ahead", "failed ahead"} {
		if total[what] == 0 {
			t.Errorf("no history had a %s", what)
		}
	}
}

// Stores that break a promise now and then.
type (
	forgetsBlocks struct {
		storage.Store
		n *int
	}
	deletesMore struct {
		storage.Store
		last *string
	}
	oldRoot struct{ storage.Store }
)

func (s forgetsBlocks) Write(ctx context.Context, blocks []storage.Block) error {
	if *s.n++; *s.n%20 == 0 && len(blocks) > 0 {
		blocks = blocks[1:]
	}
	return s.Store.Write(ctx, blocks)
}

func (s deletesMore) Write(ctx context.Context, blocks []storage.Block) error {
	if len(blocks) > 0 {
		*s.last = blocks[0].Name
	}
	return s.Store.Write(ctx, blocks)
}

func (s deletesMore) Delete(names []string) error {
	return s.Store.Delete(append([]string{*s.last}, names...))
}

func (s oldRoot) Roots() ([]storage.Root, error) {
	roots, err := s.Store.Roots()
	slices.Reverse(roots)
	return roots, err
}

// TestHistoriesSeeBrokenStores: the test above would notice.
func TestHistoriesSeeBrokenStores(t *testing.T) {
	n, last := new(int), new(string)
	for name, wrap := range map[string]func(storage.Store) storage.Store{
		"forgets blocks":    func(s storage.Store) storage.Store { return forgetsBlocks{s, n} },
		"deletes more":      func(s storage.Store) storage.Store { return deletesMore{s, last} },
		"turns roots round": func(s storage.Store) storage.Store { return oldRoot{s} },
	} {
		caught := 0
		for seed := range uint64(20) {
			h := newHistory(seed, wrap)
			h.gentle = true
			if h.run(120) != nil {
				caught++
			}
			h = newHistory(seed, asIs)
			h.gentle = true
			if err := h.run(120); err != nil {
				t.Fatalf("seed %d, on a good store: %v", seed, err)
			}
		}
		if caught < 15 {
			t.Errorf("a store that %s was caught by %d of 20 histories", name, caught)
		}
	}
}
