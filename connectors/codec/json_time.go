package codec

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// toTime reads a date (days) or a timestamp (µs) as text, or a timestamp as a
// number where the configuration names its unit. A text without a zone is UTC.
func (d *JSONDecoder) toTime(f *jsonField, tok []byte, c class) (int64, *RecordError) {
	if c == num && f.Type.Kind == batch.Date && d.cfg.Debezium {
		return toDays(f, tok)
	}
	if c == num && d.cfg.Epoch > 0 && f.Type.Kind != batch.Date {
		x, err := d.fromEpoch(f, tok)
		if err == nil && !inRange(f.Type.Kind, x) {
			err = tooLarge(f, tok)
		}
		return x, err
	}
	if c != text {
		return 0, wrong(f, tok, c)
	}
	x, err := batch.ParseInt(tok, f.Type.Kind, nil)
	if err != nil {
		return 0, invalid(f, err)
	}
	return x, nil
}

// inRange tells whether microseconds are a time of day or a timestamp.
func inRange(k batch.Kind, x int64) bool {
	if k == batch.Time {
		return x >= 0 && x <= batch.Day
	}
	return batch.ValidTimestamp(x) && x != batch.Infinity && x != batch.NegInfinity
}

// toDays reads a DATE as days since 1970.
func toDays(f *jsonField, tok []byte) (int64, *RecordError) {
	x, err := toInt(f, tok, num)
	if err == nil && (!batch.ValidDate(x) || x == batch.Infinity || x == batch.NegInfinity) {
		err = tooLarge(f, tok)
	}
	return x, err
}

// fromEpoch reads a number of units since 1970; a fraction of a microsecond is
// rounded down.
func (d *JSONDecoder) fromEpoch(f *jsonField, tok []byte) (int64, *RecordError) {
	x, err := toInt(f, tok, num)
	if err == nil {
		if x > math.MaxInt64/d.cfg.Epoch || x < math.MinInt64/d.cfg.Epoch {
			return 0, tooLarge(f, tok)
		}
		return x * d.cfg.Epoch, nil
	}
	if err.Reason == Overflow {
		return 0, err
	}
	y, e := batch.ParseFloat(tok, batch.Float64)
	if y = math.Floor(y * float64(d.cfg.Epoch)); e != nil || math.Abs(y) >= 1<<62 {
		return 0, tooLarge(f, tok)
	}
	return int64(y), nil
}
