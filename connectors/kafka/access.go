package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// access is how a cluster is reached; streams with equal keys share connections.
type access struct {
	brokers  []string
	clientID string
	tls      *tls.Config
	sasl     sasl.Mechanism
	key      string
}

func parseAccess(p *parser, d Defaults) access {
	a := access{clientID: d.ClientID, brokers: slices.Clone(d.Brokers)}
	if list := p.text("brokers", ""); list != "" {
		a.brokers = strings.Split(list, ",")
	}
	for i, b := range a.brokers {
		a.brokers[i] = strings.TrimSpace(b)
		if _, _, err := net.SplitHostPort(a.brokers[i]); err != nil {
			p.fail("brokers", "want host:port, or several with commas: %v", err)
		}
	}
	if len(a.brokers) == 0 {
		p.fail("brokers", "no broker is named, and the server has no default")
	}
	a.key = strings.Join(a.brokers, ",")
	a.parseTLS(p)
	a.parseSASL(p)
	return a
}

func (a *access) parseTLS(p *parser) {
	given := make([]string, 0, 5)
	for _, name := range []string{"tls.ca", "tls.cert", "tls.key", "tls.server_name"} {
		given = append(given, p.text(name, ""))
	}
	insecure := p.bool("tls.insecure_skip_verify")
	on := p.bool("tls")
	if !on {
		if insecure || strings.Join(given, "") != "" {
			p.fail("tls", "TLS options have no effect without tls = 'true'")
		}
		return
	}
	a.key += fmt.Sprintf("|tls %q %v", given, insecure)
	a.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: given[3], InsecureSkipVerify: insecure}
	if given[0] != "" {
		pem, err := pemOf(given[0])
		a.tls.RootCAs = x509.NewCertPool()
		if err != nil || !a.tls.RootCAs.AppendCertsFromPEM(pem) {
			p.fail("tls.ca", "want a certificate in PEM, or the path of one: %v", err)
		}
	}
	if given[1] == "" && given[2] == "" {
		return
	}
	cert, err := pemOf(given[1])
	if err != nil {
		p.fail("tls.cert", "%v", err)
	}
	key, err := pemOf(given[2])
	if err != nil {
		p.fail("tls.key", "%v", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		p.fail("tls.cert", "%v", err)
	}
	a.tls.Certificates = []tls.Certificate{pair}
}

// pemOf returns PEM text as it is, and else the content of the file named.
func pemOf(s string) ([]byte, error) {
	if strings.Contains(s, "-----BEGIN ") {
		return []byte(s), nil
	}
	return os.ReadFile(s)
}

func (a *access) parseSASL(p *parser) {
	user, password := p.text("sasl.username", ""), p.text("sasl.password", "")
	mechanism := p.word("sasl.mechanism", "", "plain", "scram-sha-256", "scram-sha-512")
	if mechanism == "" {
		if user != "" || password != "" {
			p.fail("sasl.mechanism", "want plain, scram-sha-256 or scram-sha-512 beside a user name")
		}
		return
	}
	if user == "" {
		p.fail("sasl.username", "SASL needs a user name")
		return
	}
	a.key += fmt.Sprintf("|sasl %s %q %q", mechanism, user, password)
	var err error
	switch mechanism {
	case "plain":
		a.sasl = plain.Mechanism{Username: user, Password: password}
	case "scram-sha-256":
		a.sasl, err = scram.Mechanism(scram.SHA256, user, password)
	default:
		a.sasl, err = scram.Mechanism(scram.SHA512, user, password)
	}
	if err != nil {
		p.fail("sasl.username", "%v", err)
	}
}
