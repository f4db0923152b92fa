// Package codec turns records (bytes) into rows and back. It knows the formats,
// not where records come from; a Decoder or Encoder is used by one goroutine at
// a time and keeps no record after a call returns.
package codec

import "fmt"

// The reasons why a record is rejected.
const (
	Malformed = "malformed" // not the format, or a value not of its column's type
	Overflow  = "overflow"  // a value out of its column's range or length
	Oversized = "oversized" // a record above the size bound
	NullKey   = "null_key"  // no value for a column that must have one
)

// RecordError says why one record cannot be a row. The stream goes on.
type RecordError struct {
	Reason string // Malformed, Overflow, Oversized, NullKey
	Detail string // for people
}

func (e *RecordError) Error() string { return e.Reason + ": " + e.Detail }

func reject(reason, format string, args ...any) *RecordError {
	return &RecordError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *RecordError {
	return reject(Malformed, format, args...)
}
