package batch

import "fmt"

// AppendBytea appends bytes as PostgreSQL prints BYTEA: \x and two digits each.
func AppendBytea(dst, v []byte) []byte {
	return AppendHex(append(dst, '\\', 'x'), v)
}

// AppendHex appends two hexadecimal digits a byte.
func AppendHex(dst, v []byte) []byte {
	for _, c := range v {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// ParseBytea reads a BYTEA, in hex (\x…) or in PostgreSQL's escape format, and
// appends it to dst. Errors are 22023 and 22P02.
func ParseBytea(dst, s []byte) ([]byte, error) {
	if len(s) >= 2 && s[0] == '\\' && s[1] == 'x' {
		return ParseHex(dst, s[2:])
	}
	from := len(dst)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			switch {
			case i+1 < len(s) && s[i+1] == '\\':
				i++
			case i+3 < len(s) && s[i+1] <= '3' && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]):
				c = s[i+1]&3<<6 | s[i+2]&7<<3 | s[i+3]&7
				i += 3
			default:
				return dst[:from], &ValueError{Code: "22P02", Message: "invalid input syntax for type bytea"}
			}
		}
		dst = append(dst, c)
	}
	return dst, nil
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// ParseHex reads pairs of hexadecimal digits, with spaces between, and appends
// the bytes to dst. Errors are 22023.
func ParseHex(dst, s []byte) ([]byte, error) {
	from := len(dst)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		hi, ok := hexDigit(c)
		if !ok {
			return dst[:from], errHex(s[i:])
		}
		if i++; i == len(s) {
			return dst[:from], &ValueError{Code: "22023", Message: "invalid hexadecimal data: odd number of digits"}
		}
		lo, ok := hexDigit(s[i])
		if !ok {
			return dst[:from], errHex(s[i:])
		}
		dst = append(dst, hi<<4|lo)
	}
	return dst, nil
}

func errHex(s []byte) error {
	r := []rune(string(s[:min(len(s), 4)]))[0]
	return &ValueError{Code: "22023", Message: fmt.Sprintf("invalid hexadecimal digit: \"%c\"", r)}
}

// AppendUUID appends the 16 bytes of a UUID in their usual form.
func AppendUUID(dst, v []byte) []byte {
	if len(v) != 16 {
		return AppendHex(dst, v)
	}
	for i, cut := range [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = AppendHex(dst, v[cut[0]:cut[1]])
	}
	return dst
}

// ParseUUID reads a UUID and appends its 16 bytes to dst: braces around it are
// optional, and so are hyphens behind each group of four digits.
func ParseUUID(dst, s []byte) ([]byte, error) {
	t, from := s, len(dst)
	braces := len(t) > 0 && t[0] == '{'
	if braces {
		t = t[1:]
	}
	for i := range 16 {
		if len(t) < 2 {
			return dst[:from], errSyntax(UUID, s)
		}
		hi, ok1 := hexDigit(t[0])
		lo, ok2 := hexDigit(t[1])
		if !ok1 || !ok2 {
			return dst[:from], errSyntax(UUID, s)
		}
		dst, t = append(dst, hi<<4|lo), t[2:]
		if len(t) > 0 && t[0] == '-' && i%2 == 1 && i < 15 {
			t = t[1:]
		}
	}
	if braces && len(t) > 0 && t[0] == '}' {
		t, braces = t[1:], false
	}
	if braces || len(t) > 0 {
		return dst[:from], errSyntax(UUID, s)
	}
	return dst, nil
}
