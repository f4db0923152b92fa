package pgwire

import (
	"crypto/subtle"
	"crypto/tls"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

const mechanism = "SCRAM-SHA-256"

// authenticate has the client prove its password, where one is asked for.
func (c *conn) authenticate(user string) bool {
	if c.server.Password == nil {
		return true
	}
	password, known := c.server.Password(user)
	var good bool
	var err error
	if _, encrypted := c.conn.(*tls.Conn); encrypted && c.server.Cleartext {
		good, err = c.cleartext(password, known)
	} else {
		good, err = c.scram(password, known)
	}
	switch {
	case err != nil:
		c.fatal(result.Errorf(result.CodeProtocol, "authentication: %s", err))
	case !good:
		c.fatal(result.Errorf("28P01", "password authentication failed for user %q", user))
	}
	return good && err == nil
}

func (c *conn) cleartext(password string, known bool) (bool, error) {
	c.send(&pgproto3.AuthenticationCleartextPassword{})
	body, err := c.secretMessage()
	if err != nil {
		return false, err
	}
	var m pgproto3.PasswordMessage
	if err := m.Decode(body); err != nil {
		return false, err
	}
	return known && subtle.ConstantTimeCompare([]byte(m.Password), []byte(password)) == 1, nil
}

func (c *conn) scram(password string, known bool) (bool, error) {
	v, err := newVerifier(password, known)
	if err != nil {
		return false, err
	}
	s := scram{verifier: v}
	c.send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{mechanism}})
	body, err := c.secretMessage()
	if err != nil {
		return false, err
	}
	var initial pgproto3.SASLInitialResponse
	if err := initial.Decode(body); err != nil {
		return false, err
	}
	if initial.AuthMechanism != mechanism {
		return false, errScram
	}
	first, err := s.begin(string(initial.Data))
	if err != nil {
		return false, err
	}
	c.send(&pgproto3.AuthenticationSASLContinue{Data: []byte(first)})
	if body, err = c.secretMessage(); err != nil {
		return false, err
	}
	last, good, err := s.finish(string(body))
	if err == nil && good {
		c.send(&pgproto3.AuthenticationSASLFinal{Data: []byte(last)})
	}
	return good, err
}

// secretMessage reads a message of the kind that all authentication uses.
func (c *conn) secretMessage() ([]byte, error) {
	if err := c.flush(); err != nil {
		return nil, err
	}
	limit := c.limit
	c.limit = maxStartup
	defer func() { c.limit = limit }()
	kind, body, err := c.next()
	if err == nil && kind != 'p' {
		err = errScram
	}
	return body, err
}
