package main

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"strings"
)

// accessFlags say who may connect, and how.
type accessFlags struct{ passwords, cert, key string }

func (x *accessFlags) register(f *flag.FlagSet) {
	f.StringVar(&x.passwords, "passwords", "", "`file` of who may connect, a line user:password each; empty: everybody")
	f.StringVar(&x.cert, "tls-cert", "", "`file` of the certificate, with --tls-key, for clients that ask for encryption")
	f.StringVar(&x.key, "tls-key", "", "`file` of the certificate's key")
}

// load reads the files. Both results are nil where nothing was asked for.
func (x *accessFlags) load() (*tls.Config, func(user string) (string, bool), error) {
	var cfg *tls.Config
	if (x.cert == "") != (x.key == "") {
		return nil, nil, usageError{fmt.Errorf("--tls-cert and --tls-key go together")}
	}
	if x.cert != "" {
		pair, err := tls.LoadX509KeyPair(x.cert, x.key)
		if err != nil {
			return nil, nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", x.cert, x.key, err)
		}
		cfg = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if x.passwords == "" {
		return cfg, nil, nil
	}
	known, err := readPasswords(x.passwords)
	if err != nil {
		return nil, nil, err
	}
	return cfg, func(user string) (string, bool) { p, ok := known[user]; return p, ok }, nil
}

// readPasswords reads lines user:password; empty ones and those that begin with
// # are left out.
func readPasswords(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--passwords: %w", err)
	}
	defer f.Close()
	known := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, password, ok := strings.Cut(line, ":")
		if !ok || user == "" || password == "" {
			return nil, fmt.Errorf("--passwords %s, line %d: want user:password", path, n)
		}
		known[user] = password
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("--passwords %s: %w", path, err)
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("--passwords %s names nobody: nobody could connect", path)
	}
	return known, nil
}
