package pgwire

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"maps"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// What a first message may ask for instead of a protocol version.
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

const newestMinor = 0 // of protocol 3; 3.2 only widens the key of a cancel request

// start leads the connection to its first ReadyForQuery; false: there is none.
func (c *conn) start() bool {
	body, err := c.negotiate()
	if err != nil || body == nil {
		return false
	}
	version := binary.BigEndian.Uint32(body)
	if version>>16 != 3 {
		c.fatal(result.Errorf("0A000", "unsupported frontend protocol %d.%d: server supports 3.0", version>>16, version&0xffff))
		return false
	}
	params, err := startupParams(body[4:])
	if err != nil {
		c.fatal(result.Errorf(result.CodeProtocol, "%s", err))
		return false
	}
	c.downgrade(version&0xffff, params)
	if c.crowded {
		c.fatal(result.Errorf(result.CodeTooMany, "sorry, too many clients already"))
		return false
	}
	return c.authenticate(params["user"]) && c.open(params)
}

// negotiate answers requests for encryption and cancelling, and returns the
// startup message; nil when there is none to come.
func (c *conn) negotiate() ([]byte, error) {
	encrypted := false
	for range 4 { // SSL, GSS, and what follows them
		body, err := c.startup()
		if err != nil {
			return nil, err
		}
		if len(body) < 4 {
			return nil, errors.New("startup message too short")
		}
		switch binary.BigEndian.Uint32(body) {
		case cancelRequest:
			if len(body) >= 12 {
				c.server.cancel(binary.BigEndian.Uint32(body[4:]), body[8:])
			}
			return nil, nil
		case sslRequest:
			if err := c.encrypt(c.server.TLS != nil && !encrypted); err != nil {
				return nil, err
			}
			encrypted = c.server.TLS != nil
		case gssRequest:
			if err := c.encrypt(false); err != nil {
				return nil, err
			}
		default:
			return body, nil
		}
	}
	return nil, errors.New("too many requests before the startup message")
}

// encrypt answers a request for encryption. Bytes that came before the answer
// would be taken for encrypted ones: a sign of someone in the middle.
func (c *conn) encrypt(yes bool) error {
	if c.work != nil && c.work.in.Buffered() > 0 {
		return errors.New("data after a request for encryption")
	}
	answer := byte('N')
	if yes {
		answer = 'S'
	}
	if _, err := c.conn.Write([]byte{answer}); err != nil || !yes {
		return err
	}
	c.release()
	t := tls.Server(c.conn, c.server.TLS)
	c.conn = t
	return t.HandshakeContext(c.ctx)
}

// startupParams reads name and value pairs, each ended by NUL, the last pair by
// another.
func startupParams(body []byte) (map[string]string, error) {
	params := map[string]string{}
	rest := string(body)
	for {
		name, after, ok := strings.Cut(rest, "\x00")
		if !ok {
			return nil, errors.New("invalid startup packet layout: expected terminator as last byte")
		}
		if name == "" {
			if after != "" {
				return nil, errors.New("invalid startup packet layout: data after the terminator")
			}
			break
		}
		value, after, ok := strings.Cut(after, "\x00")
		if !ok {
			return nil, errors.New("invalid startup packet layout: a name without a value")
		}
		params[name], rest = value, after
	}
	if params["user"] == "" {
		return nil, errors.New("no PostgreSQL user name specified in startup packet")
	}
	return params, nil
}

// downgrade tells a client of a newer minor version what we speak.
func (c *conn) downgrade(minor uint32, params map[string]string) {
	var unknown []string
	for name := range params {
		if strings.HasPrefix(name, "_pq_.") {
			unknown = append(unknown, name)
		}
	}
	maps.DeleteFunc(params, func(name, _ string) bool { return strings.HasPrefix(name, "_pq_.") })
	if minor > newestMinor || len(unknown) > 0 {
		c.send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: 3<<16 | newestMinor, UnrecognizedOptions: unknown})
	}
}

// open makes the session and tells the client about it.
func (c *conn) open(params map[string]string) bool {
	c.server.register(c)
	user, database := params["user"], params["database"]
	if database == "" {
		database = user
	}
	delete(params, "user")
	delete(params, "database")
	delete(params, "replication")
	s, err := c.server.Open(result.Client{
		User: user, Database: database, Settings: params,
		ProcessID: c.id, Remote: c.conn.RemoteAddr().String(),
	})
	if err != nil {
		c.fatal(result.From(c.ctx, err))
		c.server.unregister(c)
		return false
	}
	c.session = s
	c.send(&pgproto3.AuthenticationOk{})
	s.Settings(func(name, value string) {
		c.send(&pgproto3.ParameterStatus{Name: name, Value: value})
	})
	c.send(&pgproto3.BackendKeyData{ProcessID: c.id, SecretKey: c.secret[:]})
	if !c.ready() {
		c.server.unregister(c)
		s.Close()
		return false
	}
	return true
}
