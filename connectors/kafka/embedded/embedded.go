// Package embedded is a broker inside the process, for demos and tests: it
// speaks Kafka's protocol on loopback and keeps its topics in a directory. It
// is no cluster, replicates nothing, and syncs to the disk when it stops.
package embedded

import (
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Broker is a running broker.
type Broker struct{ cluster *kfake.Cluster }

// User is somebody who may log in. Mechanism is PLAIN, SCRAM-SHA-256 or
// SCRAM-SHA-512.
type User struct{ Mechanism, Name, Password string }

// Start runs a broker with its data in dir ("": in memory) on a port of
// loopback (0: any). With users, only these may connect. A directory that a
// broker used before has its topics, records and committed offsets; on another
// port, if need be.
func Start(dir string, port int, users ...User) (*Broker, error) {
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.DefaultNumPartitions(1)}
	if port != 0 {
		opts = append(opts, kfake.Ports(port))
	}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("embedded broker: %w", err)
		}
		opts = append(opts, kfake.DataDir(dir))
	}
	if len(users) > 0 {
		opts = append(opts, kfake.EnableSASL())
	}
	for _, u := range users {
		opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
	}
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	return &Broker{c}, nil
}

// Addr returns host:port, what clients connect to.
func (b *Broker) Addr() string { return b.cluster.ListenAddrs()[0] }

// Close stops the broker and writes what is in memory to its directory.
func (b *Broker) Close() { b.cluster.Close() }
