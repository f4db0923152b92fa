package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go/compress"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
)

// options is a stream's WITH clause, checked.
type options struct {
	access access
	topic  string
	format string // json, upsert_json, debezium_json
	group  string
	json   codec.JSONConfig
	key    codec.KeyFormat

	committed   bool   // read committed rows only
	onDataLoss  string // fail, earliest, latest
	fetchBytes  int    // held by one reader at most, about
	partBytes   int    // of one partition in one fetch
	partitions  int
	replication int
	codec       compress.Compression
	produce     int // bytes of one record batch
	inFlight    int // bytes a sink takes before it says not ready
}

// parser takes options one by one; what is left at the end is unknown.
type parser struct {
	left  map[string]string
	asked map[string]bool
	err   error
}

// OptionNames returns the options that sources and sinks know.
func OptionNames() []string {
	p := &parser{left: map[string]string{"tls": "true"}, asked: map[string]bool{}}
	var o options
	parseAccess(p, Defaults{})
	o.common(p)
	o.source(p)
	o.sink(p, connectors.Spec{})
	return slices.Sorted(maps.Keys(p.asked))
}

// take removes and returns an option.
func (p *parser) take(name string) (string, bool) {
	p.asked[name] = true
	v, ok := p.left[name]
	delete(p.left, name)
	return v, ok
}

func (p *parser) fail(option, format string, args ...any) {
	if p.err == nil {
		p.err = &connectors.OptionError{Option: option, Message: fmt.Sprintf(format, args...)}
	}
}

func (p *parser) text(name, def string) string {
	v, ok := p.take(name)
	if !ok {
		return def
	}
	return v
}

func (p *parser) word(name string, allowed ...string) string {
	v := strings.ToLower(p.text(name, allowed[0]))
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	p.fail(name, "want one of %s, not %q", strings.Join(allowed, ", "), v)
	return allowed[0]
}

func (p *parser) number(name string, def, least, most int) int {
	v, ok := p.take(name)
	if !ok {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		p.fail(name, "want a number from %d to %d, not %q", least, most, v)
		return def
	}
	return n
}

// size reads bytes: 65536, 512kb, 4MB.
func (p *parser) size(name string, def, least, most int) int {
	v, ok := p.take(name)
	if !ok {
		return def
	}
	unit := 1
	digits := strings.ToLower(strings.ReplaceAll(v, " ", ""))
	for suffix, factor := range map[string]int{"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30} {
		if d, ok := strings.CutSuffix(digits, suffix); ok {
			digits, unit = d, factor
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > most/unit || n*unit < least {
		p.fail(name, "want a size from %d bytes to %d MB, not %q", least, most>>20, v)
		return def
	}
	return n * unit
}

func (p *parser) bool(name string) bool {
	v, ok := p.take(name)
	if !ok {
		return false
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		p.fail(name, "want true or false, not %q", v)
	}
	return b
}

// parse checks the options of a stream; sink says which ones there are.
func parse(spec connectors.Spec, d Defaults, sink bool) (options, error) {
	p := &parser{left: make(map[string]string, len(spec.Options)), asked: make(map[string]bool)}
	for k, v := range spec.Options {
		p.left[k] = v
	}
	delete(p.left, "connector")
	o := options{access: parseAccess(p, d)}
	o.common(p)
	if sink {
		o.sink(p, spec)
	} else {
		o.source(p)
	}
	for k := range p.left {
		p.fail(k, "a Kafka %s has no such option", map[bool]string{true: "sink", false: "source"}[sink])
	}
	return o, p.err
}

func (o *options) common(p *parser) {
	if o.topic = p.text("topic", ""); o.topic == "" {
		p.fail("topic", "a Kafka stream needs the name of its topic")
	}
	o.group = p.text("group", "")
}

func (o *options) source(p *parser) {
	o.format = p.word("format", "json", "upsert_json", "debezium_json")
	if form := p.word("key_format", "json", "text", "none"); form != "json" {
		o.key = map[string]codec.KeyFormat{"text": codec.KeyText, "none": codec.KeyNone}[form]
		if o.format != "upsert_json" {
			p.fail("key_format", "only format upsert_json reads the record's key")
		}
	}
	o.json.MaxBytes = p.size("max_record_bytes", 16<<20, 1, 1<<30)
	o.json.Epoch = map[string]int64{
		"sql": 0, "epoch_seconds": int64(time.Second / time.Microsecond), "epoch_millis": int64(time.Millisecond / time.Microsecond), "epoch_micros": 1,
	}[p.word("timestamp_format", "sql", "epoch_millis", "epoch_seconds", "epoch_micros")]
	o.committed = p.word("isolation", "read_committed", "read_uncommitted") == "read_committed"
	o.onDataLoss = p.word("on_data_loss", "fail", "earliest", "latest")
	o.fetchBytes = p.size("fetch_max_bytes", 16<<20, 64<<10, 1<<30)
	o.partBytes = p.size("fetch_partition_bytes", 1<<20, 1<<10, 256<<20)
}

func (o *options) sink(p *parser, spec connectors.Spec) {
	o.format = p.word("format", "json", "upsert_json", "debezium_json")
	o.partitions = p.number("partitions", 1, 1, 100_000)
	o.replication = p.number("replication", -1, 1, 100)
	o.produce = p.size("batch_bytes", 900<<10, 1<<10, 256<<20)
	o.inFlight = p.size("buffer_bytes", 8<<20, 64<<10, 1<<30)
	if err := o.codec.UnmarshalText([]byte(p.word("compression", "none", "gzip", "snappy", "lz4", "zstd"))); err != nil {
		p.fail("compression", "%v", err)
	}
	if o.format == "upsert_json" && len(spec.Key) == 0 {
		p.fail("format", "upsert_json needs a key")
	}
}

// checkMetadata checks the columns that are read from beside a record's body.
func checkMetadata(cols []connectors.Column, sink bool) error {
	for _, c := range cols {
		if c.Metadata == "" {
			continue
		}
		if sink {
			return &connectors.OptionError{Option: c.Name, Message: "a sink writes no metadata columns"}
		}
		if _, err := metadataOf(c); err != nil {
			return err
		}
	}
	return nil
}
