package pgwire

import (
	"context"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// simple answers a simple query: statement by statement until one fails.
func (c *conn) simple(text string) bool {
	if c.skip {
		return true
	}
	if c.session.Status() == 'I' {
		c.closePortals()
	}
	statements, err := c.session.Split(text)
	if err != nil {
		c.report(result.From(c.ctx, err))
		return c.ready()
	}
	if len(statements) == 0 {
		c.send(&pgproto3.EmptyQueryResponse{})
	}
	for i, st := range statements {
		c.group(i == len(statements)-1)
		if e := c.once(st); e != nil {
			if e.Severity == "FATAL" {
				c.fatal(e)
				return false
			}
			c.report(e)
			break
		}
	}
	c.endGroup()
	return c.ready()
}

// once describes and runs one statement of a simple query.
func (c *conn) once(st result.Statement) *result.Error {
	d, err := st.Describe()
	if err != nil {
		return result.From(c.ctx, err)
	}
	if len(d.Params) > 0 {
		return result.Errorf("42P02", "there is no parameter $1")
	}
	out := newOutput(c, d, nil)
	err = c.run(d.Endless, out, func(ctx context.Context) (string, error) {
		out.announce() // what the client has been told of can be cancelled
		return st.Run(ctx, nil, out)
	})
	if err != nil {
		return result.From(c.ctx, err)
	}
	return nil
}

// report sends the error of a statement.
func (c *conn) report(e *result.Error) {
	c.session.Fail()
	c.send(errorMessage(e))
}
