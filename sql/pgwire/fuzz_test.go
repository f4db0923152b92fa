package pgwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// script is a connection whose client says what the fuzzer made up, and then
// hangs up. It takes all answers.
type script struct{ *bytes.Reader }

func (script) Write(p []byte) (int, error)      { return len(p), nil }
func (script) Close() error                     { return nil }
func (script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (script) SetDeadline(time.Time) error      { return nil }
func (script) SetReadDeadline(time.Time) error  { return nil }
func (script) SetWriteDeadline(time.Time) error { return nil }

func packet(messages ...pgproto3.FrontendMessage) []byte {
	var out []byte
	for _, m := range messages {
		var err error
		if out, err = m.Encode(out); err != nil {
			panic(err)
		}
	}
	return out
}

// FuzzWire: whatever bytes a client sends, the server neither panics nor hangs
// nor takes memory for lengths that nothing follows.
func FuzzWire(f *testing.F) {
	hello := startupPacket(3<<16, "user\x00alice\x00\x00")
	f.Add(hello)
	f.Add(startupPacket(3<<16|2, "user\x00a\x00_pq_.x\x001\x00\x00"))
	f.Add(packet(&pgproto3.SSLRequest{}))
	f.Add(packet(&pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}}))
	f.Add(append(bytes.Clone(hello), packet(&pgproto3.Query{String: "rows 3; types; fail"})...))
	f.Add(append(bytes.Clone(hello), packet(
		&pgproto3.Parse{Name: "s", Query: "echo", ParameterOIDs: []uint32{result.OIDNumeric, result.OIDInterval}},
		&pgproto3.Bind{PreparedStatement: "s", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 16)}, ResultFormatCodes: []int16{1}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Sync{}, &pgproto3.Terminate{},
	)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &server{Config: Config{
			Open:       func(result.Client) (Session, error) { return tame{newFakeSession()}, nil },
			MaxMessage: 1 << 16,
			Panicked:   func(v any, stack []byte) { t.Fatalf("%v\n%s", v, stack) },
		}.withDefaults(), ctx: context.Background(), conns: map[uint32]*conn{}}
		s.wait.Add(1)
		s.handle(script{bytes.NewReader(data)})
	})
}

// tame is a fake session without the words that wait or panic.
type tame struct{ *fakeSession }

func (s tame) Split(sql string) ([]result.Statement, error) {
	list, err := s.fakeSession.Split(sql)
	for i, st := range list {
		list[i] = tameStatement{st.(*fakeStatement)}
	}
	return list, err
}

func (s tame) Prepare(sql string, params []uint32) (result.Statement, error) {
	return tameStatement{&fakeStatement{s: s.fakeSession, text: sql, params: params}}, nil
}

type tameStatement struct{ *fakeStatement }

func (st tameStatement) Run(ctx context.Context, params []result.Param, out result.Sink) (tag string, err error) {
	defer func() { // the fake parses what no session would accept unseen
		if recover() != nil {
			err = io.ErrUnexpectedEOF
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if len(st.text) > 4 && st.text[:4] == "rows" && len(st.text) > 8 {
		return "SELECT 0", nil
	}
	return st.fakeStatement.Run(ctx, params, out)
}

// FuzzNumeric: a binary numeric is refused or means the same when it is written again.
func FuzzNumeric(f *testing.F) {
	f.Add([]byte{0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 9, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := numericText(data)
		if err != nil || len(text) > 2000 {
			return
		}
		for i := range data {
			if i >= 8 && i%2 == 0 && uint16(data[i])<<8|uint16(data[i+1]) > 9999 {
				return // digits beyond 9999 are no canonical form
			}
		}
		again, err := numericText(appendNumeric(nil, parseDecimal(t, text)))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := parseDecimal(t, text), parseDecimal(t, again); a.Cmp(b) != 0 {
			t.Fatalf("%s came back as %s", text, again)
		}
	})
}
