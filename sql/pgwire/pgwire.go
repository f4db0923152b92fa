// Package pgwire speaks PostgreSQL's frontend/backend protocol, version 3, on
// the server's side: messages, authentication, formats of values, cancelling.
// It knows nothing of SQL: what statements mean is a Session's affair.
package pgwire

import (
	"crypto/tls"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
)

// Session runs the statements of one connection. Calls come one at a time.
type Session interface {
	// Split cuts the text of a simple query into statements.
	Split(sql string) ([]result.Statement, error)
	// Prepare reads one statement whose parameters have these types; 0 leaves
	// the choice of a type to the session.
	Prepare(sql string, params []uint32) (result.Statement, error)
	// Status is 'I' outside a transaction, 'T' in one, 'E' in a failed one.
	Status() byte
	// Fail tells that a statement failed: it may end a transaction.
	Fail()
	// Zone is the time zone in which timestamptz values are printed.
	Zone() *time.Location
	// Settings calls f with each setting that clients are told at startup.
	Settings(f func(name, value string))
	Close()
}

// Config configures a server; Open is required.
type Config struct {
	Open func(result.Client) (Session, error)
	// TLS offers encryption to clients that ask for it.
	TLS *tls.Config
	// Password returns the password of a user; nil trusts everybody. It is
	// proven by SCRAM-SHA-256, or sent in the clear under TLS if Cleartext.
	Password  func(user string) (password string, ok bool)
	Cleartext bool

	MaxConns     int // 0: 10,000
	MaxMessage   int // bytes; 0: 64 MB
	StartTimeout time.Duration
	// Panicked is told of a bug that a statement ran into; nil: nobody is.
	Panicked func(value any, stack []byte)
}

const (
	maxStartup     = 10_000 // bytes, as in PostgreSQL
	defaultConns   = 10_000
	defaultMessage = 64 << 20
	defaultStart   = time.Minute
)

func (c Config) withDefaults() Config {
	if c.MaxConns == 0 {
		c.MaxConns = defaultConns
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = defaultMessage
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = defaultStart
	}
	if c.Panicked == nil {
		c.Panicked = func(any, []byte) {}
	}
	return c
}
