package scripts

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"
)

var update = flag.Bool("update", false, "write the scripts' expectations as they come out at parallelism 1")

// patience is how long any step may take before the test gives up; no result
// depends on it.
const patience = 60 * time.Second

// player plays one script on one node.
type player struct {
	script   *script
	broker   *broker
	start    func(context.Context) (node, error)
	node     node
	wire     *wire
	subs     map[string]*subscription
	extended bool // queries by the extended protocol
	update   bool
	// disturbed: a restart happened, so sinks may have repeated themselves.
	disturbed bool
	// after is called behind every block with its number.
	after func(i int, b *block) error
}

func (p *player) play(ctx context.Context) error {
	p.subs = map[string]*subscription{}
	if err := p.up(ctx); err != nil {
		return err
	}
	defer p.down()
	for i, b := range p.script.blocks {
		if err := p.step(ctx, b); err != nil {
			return fmt.Errorf("%s:%d: %s: %w", p.script.path, b.line, strings.Join(b.words, " "), err)
		}
		if p.after != nil {
			if err := p.after(i, b); err != nil {
				return fmt.Errorf("%s: after line %d: %w", p.script.path, b.line, err)
			}
		}
	}
	node := p.node
	p.node = nil
	p.hangUp()
	return node.stop()
}

// up starts the node and connects.
func (p *player) up(ctx context.Context) (err error) {
	if p.node, err = p.start(ctx); err != nil {
		return err
	}
	if p.wire, err = connect(ctx, p.node.addr()); err != nil {
		return err
	}
	for _, s := range p.subs {
		if err := s.begin(ctx, p.node.addr()); err != nil {
			return err
		}
	}
	return nil
}

// down ends what a failure left.
func (p *player) down() {
	p.hangUp()
	if p.node != nil {
		_ = p.node.kill()
	}
}

func (p *player) hangUp() {
	for _, s := range p.subs {
		s.end()
	}
	if p.wire != nil {
		p.wire.close()
		p.wire = nil
	}
}

// again ends the node, by a kill or gracefully, and starts it again.
func (p *player) again(ctx context.Context, kill bool) error {
	p.disturbed = true
	var err error
	if kill {
		err = p.node.kill()
		p.hangUp()
	} else {
		p.hangUp()
		err = p.node.stop()
	}
	p.node = nil
	if err != nil {
		return err
	}
	return p.up(ctx)
}

func (p *player) step(ctx context.Context, b *block) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch b.name() {
	case "create":
		return p.createTopic(ctx, b)
	case "statement":
		return p.statement(ctx, b)
	case "input":
		return p.input(ctx, b)
	case "flush":
		_, err := p.wire.simple(ctx, "FLUSH")
		return err
	case "query":
		return p.query(ctx, b)
	case "rejected":
		return p.rejected(ctx, b)
	case "topic":
		return p.topic(ctx, b)
	case "subscribe":
		s := &subscription{sql: b.sql()}
		p.subs[b.words[1]] = s
		return s.begin(ctx, p.node.addr())
	case "received":
		return p.received(ctx, b)
	case "psql":
		out, err := psql(p.node.addr(), b.sql())
		if err != nil {
			return err
		}
		return p.expect(b, out, sameRows)
	}
	return p.again(ctx, b.name() == "kill")
}

// expect compares, or writes down.
func (p *player) expect(b *block, got []string, compare func(got, want []string) string) error {
	if p.update {
		b.want, b.checked = got, true
		return nil
	}
	if diff := compare(got, b.want); diff != "" {
		return fmt.Errorf("\n%s", diff)
	}
	return nil
}

func (p *player) createTopic(ctx context.Context, b *block) error {
	n, err := strconv.Atoi("0" + b.arg("partitions"))
	if err != nil {
		return err
	}
	return p.broker.createTopic(ctx, b.arg("topic"), int32(max(n, 1)))
}

func (p *player) input(ctx context.Context, b *block) error {
	n, err := strconv.Atoi("0" + b.arg("partition"))
	if err != nil {
		return err
	}
	var records []*kgo.Record
	for _, line := range b.body {
		r, err := record(b.words[1], int32(n), line)
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	return p.broker.produce(ctx, records...)
}

func (p *player) statement(ctx context.Context, b *block) error {
	got, err := p.wire.statement(ctx, b.sql())
	want, fails := b.arg("error"), b.has("error")
	failed, isSQL := err.(*pgconn.PgError)
	switch {
	case err != nil && !isSQL:
		return err
	case !fails && err != nil:
		return fmt.Errorf("ERROR %s: %s\n%s", failed.Code, failed.Message, text(errorLines(failed, b.sql())))
	case fails && err == nil:
		return fmt.Errorf("succeeds, want error %s", want)
	case fails:
		if p.update {
			b.words = append(b.words[:2], failed.Code)
		} else if failed.Code != want {
			return fmt.Errorf("ERROR %s: %s, want %s", failed.Code, failed.Message, want)
		}
		got = errorLines(failed, b.sql())
	}
	if !b.checked {
		return nil
	}
	return p.expect(b, got, sameRows)
}

func (p *player) query(ctx context.Context, b *block) error {
	run := p.wire.simple
	switch {
	case b.has("binary"):
		run = p.wire.binary
	case p.extended && !b.has("simple"):
		run = p.wire.extended
	}
	got, err := run(ctx, b.sql())
	if err != nil {
		return err
	}
	if b.has("rowsort") {
		return p.expect(b, sorted(got), sameMultiset)
	}
	return p.expect(b, got, sameRows)
}

func (p *player) rejected(ctx context.Context, b *block) error {
	got, err := p.wire.simple(ctx, `SELECT query, source, "partition", "offset", reason, detail FROM dirigo_rejected`)
	if err != nil {
		return err
	}
	return p.expect(b, sorted(got), sameMultiset)
}

func (p *player) topic(ctx context.Context, b *block) error {
	records, err := p.broker.read(ctx, b.words[1])
	if err != nil {
		return err
	}
	if b.has("upsert") {
		return p.expect(b, lastByKey(records), sameRows)
	}
	var lines []string
	for _, r := range records {
		lines = append(lines, string(r.value))
	}
	if p.disturbed {
		return p.expect(b, sorted(lines), sameSet)
	}
	return p.expect(b, sorted(lines), sameMultiset)
}

func (p *player) received(ctx context.Context, b *block) error {
	s := p.subs[b.words[1]]
	if s == nil {
		return fmt.Errorf("nobody subscribed as %s", b.words[1])
	}
	if p.update {
		time.Sleep(time.Second)
		return p.expect(b, s.content(), sameMultiset)
	}
	return s.until(ctx, func(content []string) string { return sameMultiset(content, b.want) })
}

// rewrite writes the script with the expectations of this run.
func (p *player) rewrite(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(p.script.path, []byte(p.script.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
