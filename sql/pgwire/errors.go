package pgwire

import (
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// errorMessage returns what clients are sent for e.
func errorMessage(e *result.Error) *pgproto3.ErrorResponse {
	m := fields(e)
	return &m
}

func noticeMessage(e *result.Error) *pgproto3.NoticeResponse {
	m := pgproto3.NoticeResponse(fields(e))
	return &m
}

func fields(e *result.Error) pgproto3.ErrorResponse {
	severity := e.Severity
	if severity == "" {
		severity = "ERROR"
	}
	return pgproto3.ErrorResponse{
		Severity: severity, SeverityUnlocalized: severity, Code: e.Code,
		Message: clean(e.Message), Detail: clean(e.Detail), Hint: clean(e.Hint),
		Position: int32(e.Position), Where: clean(e.Where),
	}
}

// clean makes a text fit for a message: no NUL, which would end it, and valid
// UTF-8, which drivers insist on.
func clean(s string) string {
	ok := utf8.ValidString(s)
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] != 0
	}
	if ok {
		return s
	}
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r != 0 {
			out = append(out, r)
		}
	}
	return string(out)
}
