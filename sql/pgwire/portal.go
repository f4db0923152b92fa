package pgwire

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// portal is a statement with its parameters, perhaps half way through.
type portal struct {
	*statement
	params  []result.Param
	formats []int16
	cursor  *result.Cursor // once it was executed with a row limit
	done    bool
}

func (c *conn) portal(name string) (*portal, error) {
	if p := c.portals[name]; p != nil {
		return p, nil
	}
	return nil, result.Errorf("34000", "portal %q does not exist", name)
}

func (p *portal) close() {
	if p.cursor != nil {
		p.cursor.Close()
		p.cursor = nil
	}
}

func (c *conn) closePortal(name string) {
	if p := c.portals[name]; p != nil {
		p.close()
		delete(c.portals, name)
	}
}

func (c *conn) closePortals() {
	for name := range c.portals {
		c.closePortal(name)
	}
}

// execute runs a portal, to its end or for some rows.
func (c *conn) execute(m *pgproto3.Execute) error {
	p, err := c.portal(m.Portal)
	if err != nil {
		return err
	}
	out := newOutput(c, p.d, p.formats)
	if p.done { // nothing more comes of it
		if p.d.Columns == nil {
			return result.Errorf("55000", "portal %q cannot be run", m.Portal)
		}
		out.finish(selectTag(0))
		return nil
	}
	if p.d.Endless { // the client shall not wait for the first row to see that it runs
		if err := c.flush(); err != nil {
			return err
		}
	}
	if m.MaxRows == 0 && p.cursor == nil || p.d.Columns == nil || out.copy != nil {
		p.done = true
		return c.run(p.d.Endless, out, func(ctx context.Context) (string, error) {
			if out.copy != nil || p.d.CopyIn != result.Query {
				out.announce()
			}
			return p.Run(ctx, p.params, out)
		})
	}
	return c.fetch(p, int64(m.MaxRows), out)
}

// fetch runs a portal until it has given limit rows; 0: all.
func (c *conn) fetch(p *portal, limit int64, out *output) error {
	if p.cursor == nil {
		p.cursor = result.NewCursor(c.ctx, func(ctx context.Context, out result.Sink) (string, error) {
			return p.Run(ctx, p.params, out)
		})
	}
	if limit == 0 {
		limit = math.MaxInt64
	}
	release := c.guard(p.cursor.Cancel, p.d.Endless)
	rows, done, err := p.cursor.Fetch(limit, p.d.Endless, out)
	release()
	switch {
	case err != nil:
		p.done = true
		return err
	case !done:
		c.send(&pgproto3.PortalSuspended{})
		return nil
	}
	p.done = true
	tag := p.cursor.Tag()
	if strings.HasPrefix(tag, "SELECT ") {
		tag = selectTag(rows)
	}
	out.finish(tag)
	return nil
}

func selectTag(rows int64) string { return "SELECT " + strconv.FormatInt(rows, 10) }
