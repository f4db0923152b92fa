package batch

import "math/big"

// Decimal is a NUMERIC value: an integer scaled by a power of ten.
//
// While Big is nil the integer is the 128-bit two's complement number Hi·2⁶⁴+Lo;
// else it is Big, which nobody changes. Scale is the number of decimal digits
// after the point as PostgreSQL displays them (1.50 has 2). The zero value is 0.
type Decimal struct {
	Hi    int64
	Lo    uint64
	Big   *big.Int
	Scale int16
	Form  Form
}

// Form tells finite numbers from the others.
type Form uint8

// The forms of a Decimal.
const (
	Finite Form = iota
	NaN
	PosInf
	NegInf
)

// Span is an INTERVAL value, as PostgreSQL keeps it.
type Span struct {
	Micros int64
	Days   int32
	Months int32
}
