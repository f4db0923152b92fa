package pgwire

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// scram is the server's side of one SCRAM-SHA-256 exchange (RFC 5802, 7677),
// without channel binding. The user name inside is ignored, as in PostgreSQL:
// the startup message has said it.
type scram struct {
	verifier  verifier
	gs2       string // the client's header, repeated in its final message
	firstBare string
	first     string // ours
	nonce     string
}

// verifier is what a server keeps of a password.
type verifier struct {
	salt             []byte
	stored, server   []byte
	iterations       int
	authenticateNone bool // no such user: go through the motions and refuse
}

const scramIterations = 4096

// newVerifier derives a verifier from a password, with a fresh salt.
func newVerifier(password string, known bool) (verifier, error) {
	v := verifier{salt: make([]byte, 16), iterations: scramIterations, authenticateNone: !known}
	rand.Read(v.salt)
	salted, err := pbkdf2.Key(sha256.New, password, v.salt, v.iterations, sha256.Size)
	if err != nil {
		return v, err
	}
	key := sha256.Sum256(mac(salted, "Client Key"))
	v.stored, v.server = key[:], mac(salted, "Server Key")
	return v, nil
}

var errScram = errors.New("malformed SCRAM message")

// begin takes the client's first message and returns the server's.
func (s *scram) begin(message string) (string, error) {
	parts := strings.SplitN(message, ",", 3)
	if len(parts) != 3 || parts[0] != "n" && parts[0] != "y" {
		return "", errScram
	}
	s.gs2 = parts[0] + "," + parts[1] + ","
	s.firstBare = parts[2]
	nonce, ok := field(s.firstBare, 'r')
	if !ok || nonce == "" {
		return "", errScram
	}
	own := make([]byte, 18)
	rand.Read(own)
	s.nonce = nonce + base64.StdEncoding.EncodeToString(own)
	s.first = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(s.verifier.salt), s.verifier.iterations)
	return s.first, nil
}

// finish takes the client's final message; it returns the server's, and
// whether the client knows the password.
func (s *scram) finish(message string) (string, bool, error) {
	cut := strings.LastIndex(message, ",p=")
	if cut < 0 {
		return "", false, errScram
	}
	without := message[:cut]
	proof, err := base64.StdEncoding.DecodeString(message[cut+3:])
	if err != nil || len(proof) != sha256.Size {
		return "", false, errScram
	}
	binding, _ := field(without, 'c')
	nonce, _ := field(without, 'r')
	if binding != base64.StdEncoding.EncodeToString([]byte(s.gs2)) || nonce != s.nonce {
		return "", false, errScram
	}
	text := s.firstBare + "," + s.first + "," + without
	key := make([]byte, sha256.Size)
	subtle.XORBytes(key, proof, mac(s.verifier.stored, text))
	hash := sha256.Sum256(key)
	good := subtle.ConstantTimeCompare(hash[:], s.verifier.stored) == 1 && !s.verifier.authenticateNone
	return "v=" + base64.StdEncoding.EncodeToString(mac(s.verifier.server, text)), good, nil
}

func field(message string, name byte) (string, bool) {
	for part := range strings.SplitSeq(message, ",") {
		if len(part) >= 2 && part[0] == name && part[1] == '=' {
			return part[2:], true
		}
	}
	return "", false
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
