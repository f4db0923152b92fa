package pgwire

import (
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// statement is a prepared statement, by its name.
type statement struct {
	result.Statement
	d result.Description
}

// maxNamed bounds statements and portals of one connection.
const maxNamed = 10_000

// extended answers a message of the extended protocol; false ends the
// connection. After an error all but Sync is skipped.
func (c *conn) extended(kind byte, body []byte) bool {
	switch kind {
	case 'S':
		return c.sync()
	case 'H':
		return c.flush() == nil
	case 'd', 'c', 'f': // the rest of a COPY FROM that was refused
		return true
	case 'P', 'B', 'D', 'E', 'C':
		if c.skip {
			return true
		}
		if kind == 'E' {
			c.group(c.syncNext())
		}
		return c.step(c.call(kind, body))
	case 'F':
		if c.skip {
			return true
		}
		// As after a simple query, no Sync follows.
		c.report(result.Errorf(result.CodeUnsupported, "function calls by protocol are not supported"))
		return c.ready()
	}
	c.fatal(result.Errorf(result.CodeProtocol, "invalid frontend message type %d", kind))
	return false
}

func (c *conn) call(kind byte, body []byte) error {
	switch kind {
	case 'P':
		var m pgproto3.Parse
		return decoded(m.Decode(body), func() error { return c.parse(&m) })
	case 'B':
		var m pgproto3.Bind
		return decoded(m.Decode(body), func() error { return c.bind(&m) })
	case 'D':
		var m pgproto3.Describe
		return decoded(m.Decode(body), func() error { return c.describe(&m) })
	case 'E':
		var m pgproto3.Execute
		return decoded(m.Decode(body), func() error { return c.execute(&m) })
	}
	var m pgproto3.Close
	return decoded(m.Decode(body), func() error { return c.closeOne(&m) })
}

func decoded(err error, then func() error) error {
	if err != nil {
		return result.Errorf(result.CodeProtocol, "%s", err)
	}
	return then()
}

// step reports the error of a message, if any; what follows is then skipped.
func (c *conn) step(err error) bool {
	if err == nil {
		return true
	}
	e := result.From(c.ctx, err)
	if e.Severity == "FATAL" {
		c.fatal(e)
		return false
	}
	c.skip = true
	c.report(e)
	return true
}

// sync ends a group of messages.
func (c *conn) sync() bool {
	c.skip = false
	c.endGroup()
	if c.session.Status() == 'I' {
		c.closePortals()
	}
	return c.ready()
}

func (c *conn) parse(m *pgproto3.Parse) error {
	if m.Name != "" && c.statements[m.Name] != nil {
		return result.Errorf("42P05", "prepared statement %q already exists", m.Name)
	}
	if len(c.statements) >= maxNamed {
		return result.Errorf("54000", "more than %d prepared statements", maxNamed)
	}
	delete(c.statements, "")
	st, err := c.session.Prepare(m.Query, m.ParameterOIDs)
	if err != nil {
		return err
	}
	s := &statement{Statement: st}
	if s.d, err = st.Describe(); err != nil {
		return err
	}
	if c.statements == nil {
		c.statements = map[string]*statement{}
	}
	c.statements[m.Name] = s
	c.send(&pgproto3.ParseComplete{})
	return nil
}

func (c *conn) named(name string) (*statement, error) {
	if s := c.statements[name]; s != nil {
		return s, nil
	}
	if name == "" {
		return nil, result.Errorf("26000", "unnamed prepared statement does not exist")
	}
	return nil, result.Errorf("26000", "prepared statement %q does not exist", name)
}

func (c *conn) bind(m *pgproto3.Bind) error {
	s, err := c.named(m.PreparedStatement)
	if err != nil {
		return err
	}
	if old := c.portals[m.DestinationPortal]; old != nil {
		if m.DestinationPortal != "" {
			return result.Errorf("42P03", "portal %q already exists", m.DestinationPortal)
		}
		c.closePortal("")
	}
	if len(c.portals) >= maxNamed {
		return result.Errorf("54000", "more than %d portals", maxNamed)
	}
	if n := len(m.ResultFormatCodes); n > 1 && n != len(s.d.Columns) {
		return result.Errorf(result.CodeProtocol, "bind message has %d result formats but query has %d columns", n, len(s.d.Columns))
	}
	for _, f := range m.ResultFormatCodes {
		if f != 0 && f != 1 {
			return result.Errorf(result.CodeProtocol, "unsupported format code: %d", f)
		}
	}
	p := &portal{statement: s, formats: m.ResultFormatCodes}
	if p.params, err = params(m, s.d.Params); err != nil {
		return err
	}
	if c.portals == nil {
		c.portals = map[string]*portal{}
	}
	c.portals[m.DestinationPortal] = p
	c.send(&pgproto3.BindComplete{})
	return nil
}

func (c *conn) describe(m *pgproto3.Describe) error {
	if m.ObjectType == 'S' {
		s, err := c.named(m.Name)
		if err != nil {
			return err
		}
		c.send(&pgproto3.ParameterDescription{ParameterOIDs: s.d.Params})
		c.describeRows(s.d, nil)
		return nil
	}
	p, err := c.portal(m.Name)
	if err != nil {
		if s, ok := c.session.(cursors); ok {
			if d, ok := s.Cursor(m.Name); ok {
				c.describeRows(d, nil)
				return nil
			}
		}
		return err
	}
	c.describeRows(p.d, p.formats)
	return nil
}

// cursors is a Session whose DECLARE makes portals: clients such as psycopg
// describe them by their names, and fetch by SQL.
type cursors interface {
	Cursor(name string) (result.Description, bool)
}

func (c *conn) describeRows(d result.Description, formats []int16) {
	if d.Columns == nil || d.Copy.Format != result.Query {
		c.send(&pgproto3.NoData{})
		return
	}
	c.send(rowDescription(d.Columns, func(i int) int16 { return formatOf(formats, i) }))
}

func (c *conn) closeOne(m *pgproto3.Close) error {
	if m.ObjectType == 'S' {
		delete(c.statements, m.Name)
	} else {
		c.closePortal(m.Name)
	}
	c.send(&pgproto3.CloseComplete{})
	return nil
}
