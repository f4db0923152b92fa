package bind

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// leastMemory is the smallest budget of a query's state: below it, paging costs
// more than it saves.
const leastMemory = 1 << 20

var sizes = map[string]int64{"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}

// Memory reads a budget of memory with its unit: '64 MB', '2GB'; none, which is
// the server's default, gives 0.
func Memory(text string) (int64, error) {
	if isNone(text) {
		return 0, nil
	}
	number, unit := strings.TrimSpace(text), ""
	if i := strings.IndexFunc(number, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }); i >= 0 {
		number, unit = number[:i], strings.TrimSpace(number[i:])
	}
	n, err := strconv.ParseFloat(number, 64)
	factor, known := sizes[strings.ToLower(unit)]
	switch {
	case err != nil:
		return 0, errors.New("it is not a number with a unit")
	case unit == "":
		return 0, errors.New("the unit is missing")
	case !known:
		return 0, fmt.Errorf("the unit %q is not known", unit)
	case n*float64(factor) > math.MaxInt64/4:
		return 0, errors.New("it is out of range")
	case n*float64(factor) < leastMemory:
		return 0, errors.New("it is less than 1 MB")
	}
	return int64(n * float64(factor)), nil
}

// MemoryHint says how a budget is written.
const MemoryHint = "Write a number with its unit, such as '64 MB' or '2 GB', or 'none'."

// memory returns the budget of a query's state, in bytes; 0: the default.
func (o *options) memory() int64 {
	opt := o.list.Lookup("memory")
	if opt == nil {
		return 0
	}
	o.written["memory"] = opt.Value
	n, err := Memory(opt.Value)
	if err != nil {
		o.fail(opt.ValPos, "invalid value for option %q: %s", "memory", err).hint(MemoryHint)
	}
	return n
}
