// Package demo runs the engine on an embedded broker with real events: flights
// and earthquakes, replayed faster than they happened.
package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/demo/data"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors/kafka"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
)

// Config makes a Demo.
type Config struct {
	Server server.Config // Data is the directory of everything
	Speed  float64       // replay so many times as fast as it happened
	Say    func(format string, args ...any)
}

// Demo is a running demo.
type Demo struct {
	cfg     Config
	broker  *embedded.Broker
	Server  *server.Server
	Session *session.Session
	feeds   []*feed
}

// Start brings up the broker, loads the first events, starts the server, and
// declares streams and queries.
func Start(ctx context.Context, cfg Config) (*Demo, error) {
	d := &Demo{cfg: cfg}
	if err := d.start(ctx); err != nil {
		d.Close(ctx)
		return nil, err
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context) (err error) {
	began := time.Now()
	if d.broker, err = embedded.Start(filepath.Join(d.cfg.Server.Data, "broker"), 0); err != nil {
		return fmt.Errorf("start the embedded broker: %w", err)
	}
	addr := d.broker.Addr()
	d.cfg.Say("broker   an embedded Kafka on %s", addr)
	if d.feeds, err = feeds(ctx, kafka.New(kafka.Defaults{Brokers: []string{addr}})); err != nil {
		return err
	}
	n, err := preload(ctx, d.feeds)
	if err != nil {
		return err
	}
	if n > 0 {
		d.cfg.Say("events   %d loaded: all airports, a day of flights and of earthquakes", n)
	} else {
		d.cfg.Say("events   going on after flight %d and earthquake report %d", d.feeds[0].next, d.feeds[1].next)
	}
	cfg := d.cfg.Server
	cfg.Data, cfg.Kafka = filepath.Join(cfg.Data, "state"), addr
	if d.Server, err = server.Start(ctx, cfg); err != nil {
		return err
	}
	if d.Session, err = d.Server.DB.Open(result.Client{User: "demo", Database: "dirigo"}); err != nil {
		return err
	}
	if _, _, err = run(ctx, d.Session, data.SQL); err != nil {
		return describe(err)
	}
	d.cfg.Say("ready    in %d ms", time.Since(began).Milliseconds())
	return nil
}

// Hint says what to type next.
func (d *Demo) Hint() string {
	host, port, _ := strings.Cut(d.Server.Addr(), ":")
	hint := fmt.Sprintf(`Type:  psql -h %s -p %s -U demo dirigo
       SELECT * FROM carriers_now ORDER BY average DESC LIMIT 10;
       SELECT * FROM delays_compared ORDER BY average DESC LIMIT 10;
       UPDATE airport_names SET name = 'Chicago' WHERE iata = 'ORD';  -- and see flights_named
       SELECT reason, count(*) FROM dirigo_rejected GROUP BY reason;
       EXPLAIN delays_10m;   COPY (SUBSCRIBE TO carriers_now) TO STDOUT;`, host, port)
	if m := d.Server.Metrics(); m != "" {
		hint += "\nSee:   http://" + m + "/metrics"
	}
	return hint
}

// Feed replays events until ctx ends.
func (d *Demo) Feed(ctx context.Context) error { return replay(ctx, d.feeds, d.cfg.Speed) }

// Close seals and stops; the next start goes on.
func (d *Demo) Close(ctx context.Context) error {
	var err error
	if d.Session != nil {
		d.Session.Close()
	}
	if d.Server != nil {
		err = d.Server.Close(ctx)
	}
	for _, f := range d.feeds {
		if f.sink != nil {
			f.sink.Close()
		}
	}
	if d.broker != nil {
		d.broker.Close()
	}
	return err
}
