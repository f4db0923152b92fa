package pgwire

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

func bigInt(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

// raw is a client that sends what the test says.
type raw struct {
	*pgproto3.Frontend
	net.Conn
	t *testing.T
}

func dial(t *testing.T, addr string) *raw {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	t.Cleanup(func() { c.Close() })
	return &raw{pgproto3.NewFrontend(c, c), c, t}
}

func (r *raw) login() {
	r.t.Helper()
	r.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "alice"}})
	r.flush()
	r.until('Z')
}

func (r *raw) flush() {
	r.t.Helper()
	if err := r.Flush(); err != nil {
		r.t.Fatal(err)
	}
}

// until reads messages up to one of this kind, and returns all kinds as a text.
func (r *raw) until(last byte) string {
	r.t.Helper()
	kinds := ""
	for {
		m, err := r.Receive()
		if err != nil {
			r.t.Fatalf("after %q: %v", kinds, err)
		}
		k := kindOf(m)
		kinds += string(k)
		if k == last {
			return kinds
		}
	}
}

func kindOf(m pgproto3.BackendMessage) byte {
	out, _ := m.Encode(nil)
	return out[0]
}

// TestPortalLimits: a portal gives its rows in parts, says when it is suspended,
// and ends where it would have without limits.
func TestPortalLimits(t *testing.T) {
	addr, _, _ := start(t, Config{})
	r := dial(t, addr)
	r.login()
	r.Send(&pgproto3.Parse{Query: "rows 25"})
	r.Send(&pgproto3.Bind{})
	r.Send(&pgproto3.Describe{ObjectType: 'P'})
	for range 4 {
		r.Send(&pgproto3.Execute{MaxRows: 7})
	}
	r.Send(&pgproto3.Execute{MaxRows: 7})
	r.Send(&pgproto3.Sync{})
	r.flush()
	want := "12T" + "DDDDDDDs" + "DDDDDDDs" + "DDDDDDDs" + "DDDDC" + "C" + "Z"
	if got := r.until('Z'); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	r.Send(&pgproto3.Execute{})
	r.Send(&pgproto3.Sync{})
	r.flush()
	if got := r.until('Z'); got != "EZ" {
		t.Errorf("the portal outlived Sync: %s", got)
	}
}

// TestNamed: statements and portals by name, described and closed.
func TestNamed(t *testing.T) {
	addr, _, _ := start(t, Config{})
	r := dial(t, addr)
	r.login()
	r.Send(&pgproto3.Parse{Name: "s", Query: "echo", ParameterOIDs: []uint32{result.OIDInt4}})
	r.Send(&pgproto3.Describe{ObjectType: 'S', Name: "s"})
	r.Send(&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", Parameters: [][]byte{[]byte("7")}})
	r.Send(&pgproto3.Execute{Portal: "p"})
	r.Send(&pgproto3.Close{ObjectType: 'P', Name: "p"})
	r.Send(&pgproto3.Close{ObjectType: 'S', Name: "s"})
	r.Send(&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{[]byte("7")}})
	r.Send(&pgproto3.Sync{})
	r.flush()
	if got, want := r.until('Z'), "1tT2DC33EZ"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestNegotiation: requests for encryption are declined, a newer minor version
// is answered with ours, another major version is refused.
func TestNegotiation(t *testing.T) {
	addr, _, _ := start(t, Config{})
	r := dial(t, addr)
	for _, m := range []pgproto3.FrontendMessage{&pgproto3.SSLRequest{}, &pgproto3.GSSEncRequest{}} {
		r.Send(m)
		r.flush()
		answer := make([]byte, 1)
		if _, err := io.ReadFull(r.Conn, answer); err != nil || answer[0] != 'N' {
			t.Fatalf("%T: %q, %v", m, answer, err)
		}
	}
	r.Conn.Write(startupPacket(3<<16|9, "user\x00alice\x00_pq_.new\x001\x00\x00"))
	if got := r.until('Z'); got[0] != 'v' {
		t.Errorf("no NegotiateProtocolVersion in %s", got)
	}
	old := dial(t, addr)
	old.Conn.Write(startupPacket(2<<16, "user\x00alice\x00\x00"))
	if m, err := old.Receive(); err != nil || kindOf(m) != 'E' {
		t.Errorf("protocol 2: %v, %v", m, err)
	}
}

func startupPacket(version uint32, body string) []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	return append(binary.BigEndian.AppendUint32(p, version), body...)
}

// TestCopyStream: COPY of an endless statement shows each tick as it comes and
// ends when the client goes away without a word.
func TestCopyStream(t *testing.T) {
	addr, opened, _ := start(t, Config{})
	r := dial(t, addr)
	r.login()
	s := <-opened
	r.Send(&pgproto3.Query{String: "stream"})
	r.flush()
	if got := r.until('H'); got != "H" {
		t.Fatal(got)
	}
	for n := range int64(3) {
		s.feed <- n
		m, err := r.Receive()
		if d, ok := m.(*pgproto3.CopyData); err != nil || !ok || string(d.Data) != string(rune('0'+n))+"\n" {
			t.Fatalf("tick %d: %v, %v", n, m, err)
		}
	}
	r.Conn.Close()
	<-s.closed
}

// TestClientGone: an endless statement of the extended protocol ends with its
// client, although the Sync behind it has been read already.
func TestClientGone(t *testing.T) {
	addr, opened, _ := start(t, Config{})
	r := dial(t, addr)
	r.login()
	s := <-opened
	r.Send(&pgproto3.Parse{Query: "watch"})
	r.Send(&pgproto3.Bind{})
	r.Send(&pgproto3.Describe{ObjectType: 'P'})
	r.Send(&pgproto3.Execute{})
	r.Send(&pgproto3.Sync{})
	r.flush()
	if got := r.until('T'); got != "12T" {
		t.Fatal(got)
	}
	s.feed <- 1
	r.until('D')
	r.Conn.Close()
	<-s.closed
}

// TestShutdown: idle and busy clients are told 57P01, and Serve returns.
func TestShutdown(t *testing.T) {
	addr, opened, stop := start(t, Config{})
	idle, busy := dial(t, addr), dial(t, addr)
	idle.login()
	busy.login()
	<-opened
	s := <-opened
	busy.Send(&pgproto3.Query{String: "watch"})
	busy.flush()
	s.feed <- 1
	stop()
	for name, r := range map[string]*raw{"idle": idle, "busy": busy} {
		for {
			m, err := r.Receive()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := m.(*pgproto3.ErrorResponse); ok {
				if e.Code != result.CodeShutdown || e.Severity != "FATAL" {
					t.Errorf("%s: %+v", name, e)
				}
				break
			}
		}
	}
}

// TestTooMany: the connection beyond the limit is refused by its code.
func TestTooMany(t *testing.T) {
	addr, _, _ := start(t, Config{MaxConns: 1})
	connect(t, addr, "sslmode=disable")
	_, err := pgx.Connect(t.Context(), "postgres://alice@"+addr+"/demo?sslmode=disable")
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != result.CodeTooMany {
		t.Fatal(err)
	}
}

// TestTooLong: a message longer than allowed ends the connection, before it is read.
func TestTooLong(t *testing.T) {
	addr, _, _ := start(t, Config{MaxMessage: 1000})
	r := dial(t, addr)
	r.login()
	r.Conn.Write([]byte{'Q', 0x7f, 0xff, 0xff, 0xff})
	m, err := r.Receive()
	if e, ok := m.(*pgproto3.ErrorResponse); err != nil || !ok || e.Code != result.CodeProtocol {
		t.Fatalf("%v, %v", m, err)
	}
}

// TestPassword: SCRAM lets in who knows the password, and nobody else.
func TestPassword(t *testing.T) {
	addr, _, _ := start(t, Config{Password: func(user string) (string, bool) { return "sesame", user == "alice" }})
	for login, good := range map[string]bool{"alice:sesame": true, "alice:wrong": false, "bob:sesame": false} {
		conn, err := pgx.Connect(context.Background(), "postgres://"+login+"@"+addr+"/demo?sslmode=disable")
		if (err == nil) != good {
			t.Errorf("%s: %v", login, err)
		}
		var e *pgconn.PgError
		if !good && (!errors.As(err, &e) || e.Code != "28P01") {
			t.Errorf("%s: %v", login, err)
		}
		if err == nil {
			conn.Close(context.Background())
		}
	}
}

// TestTLS: a client that asks for encryption gets it where there is a
// certificate, and may then send its password in the clear.
func TestTLS(t *testing.T) {
	addr, _, _ := start(t, Config{
		TLS:       &tls.Config{Certificates: []tls.Certificate{certificate(t)}},
		Password:  func(string) (string, bool) { return "sesame", true },
		Cleartext: true,
	})
	for login, good := range map[string]bool{"alice:sesame": true, "alice:wrong": false} {
		conn, err := pgx.Connect(t.Context(), "postgres://"+login+"@"+addr+"/demo?sslmode=require")
		if (err == nil) != good {
			t.Fatalf("%s: %v", login, err)
		}
		if err == nil {
			if _, ok := conn.PgConn().Conn().(*tls.Conn); !ok {
				t.Error("the connection is not encrypted")
			}
			if _, err := conn.Exec(t.Context(), "rows 5000"); err != nil {
				t.Error(err)
			}
			conn.Close(t.Context())
		}
	}
	if _, err := pgx.Connect(t.Context(), "postgres://alice:sesame@"+addr+"/demo?sslmode=disable"); err != nil {
		t.Errorf("without TLS the password is proven: %v", err)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}
