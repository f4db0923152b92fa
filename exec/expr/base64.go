package expr

import "encoding/base64"

// appendBase64 breaks its lines after 76 characters, as PostgreSQL does.
func appendBase64(dst, s []byte) []byte {
	for len(s) > 57 {
		dst = append(base64.StdEncoding.AppendEncode(dst, s[:57]), '\n')
		s = s[57:]
	}
	return base64.StdEncoding.AppendEncode(dst, s)
}

// parseBase64 skips white space; what else is no digit, and a length that does
// not come out, are errors.
func parseBase64(dst, s []byte) ([]byte, error) {
	clean := make([]byte, 0, len(s))
	for i, c := range s {
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		case c == '+' || c == '/' || c == '=' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z':
			clean = append(clean, c)
		default:
			return dst, errorf("22023", "invalid symbol \"%c\" found while decoding base64 sequence", []rune(string(s[i:min(i+4, len(s))]))[0])
		}
	}
	out, err := base64.StdEncoding.AppendDecode(dst, clean)
	if err != nil {
		return dst, &Error{Code: "22023", Message: "invalid base64 end sequence", Hint: "Input data is missing padding, is truncated, or is otherwise corrupted."}
	}
	return out, nil
}
