package batch

import "fmt"

// ValueError says why a text or a number is no value of a type, with
// PostgreSQL's SQLSTATE and wording.
type ValueError struct {
	Code    string // 22P02, 22003, 22007, 22008, 22001, 22012, 2201F …
	Message string
	Detail  string
	Hint    string
}

// Error implements error.
func (e *ValueError) Error() string { return e.Message }

// typeName is how error messages name a kind.
func (k Kind) typeName() string {
	switch k {
	case Timestamp:
		return "timestamp"
	case Time:
		return "time"
	}
	return k.String()
}

func errSyntax(k Kind, s []byte) error {
	code := "22P02"
	switch k {
	case Date, Timestamp, TimestampTZ, Interval, Time:
		code = "22007"
	}
	return &ValueError{Code: code, Message: fmt.Sprintf("invalid input syntax for type %s: \"%s\"", k.typeName(), s)}
}

func errRange(k Kind, s []byte) error {
	return &ValueError{Code: "22003", Message: fmt.Sprintf("value \"%s\" is out of range for type %s", s, k)}
}

func errField(s []byte) error {
	return &ValueError{Code: "22008", Message: fmt.Sprintf("date/time field value out of range: \"%s\"", s)}
}

// OutOfRange is the error of a result that its kind cannot hold.
func OutOfRange(k Kind) error {
	switch k {
	case Date, Timestamp, TimestampTZ:
		return &ValueError{Code: "22008", Message: timeRangeName(k) + " out of range"}
	case Interval:
		return &ValueError{Code: "22008", Message: "interval out of range"}
	}
	return &ValueError{Code: "22003", Message: k.String() + " out of range"}
}

func timeRangeName(k Kind) string {
	if k == Date {
		return "date"
	}
	return "timestamp"
}
