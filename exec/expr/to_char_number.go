package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// numberFormat is a format of to_char for numbers, taken apart: digits of the
// whole and of the fraction ('9' or '0'), with group separators and literals in
// place, and where the sign goes.
type numberFormat struct {
	whole, frac string
	point       string
	fm          bool
	sign        byte // 0: before the number; 'S', 'M' (MI), 'P' (PL), 'R' (PR)
	signFirst   bool
	ordinal     string
}

func parseNumberFormat(s string) (*numberFormat, *Error) {
	nf := &numberFormat{}
	after := false
	for len(s) > 0 {
		up := strings.ToUpper(s)
		n := 1
		switch {
		case strings.HasPrefix(up, "FM"):
			nf.fm, n = true, 2
		case strings.HasPrefix(up, "MI"), strings.HasPrefix(up, "PL"), strings.HasPrefix(up, "PR"):
			nf.sign, n = up[1], 2
			nf.sign = map[string]byte{"MI": 'M', "PL": 'P', "PR": 'R'}[up[:2]]
			nf.signFirst = nf.whole == "" && !after
		case strings.HasPrefix(up, "TH"):
			nf.ordinal, n = s[:2], 2
		case up[0] == 'S':
			nf.sign, nf.signFirst = 'S', nf.whole == "" && !after
		case up[0] == '.' || up[0] == 'D':
			if after {
				return nil, errorf("42601", "multiple decimal points")
			}
			after, nf.point = true, "."
		case strings.HasPrefix(up, "EEEE") || up[0] == 'V' || strings.HasPrefix(up, "RN"):
			return nil, errorf("0A000", "to_char patterns EEEE, V and RN are not supported")
		default:
			c := s[:1]
			if up[0] == 'G' {
				c = ","
			}
			if after {
				nf.frac += c
			} else {
				nf.whole += c
			}
		}
		s = s[n:]
	}
	return nf, nil
}

func countDigits(s string) int { return strings.Count(s, "9") + strings.Count(s, "0") }

func numberToChar(n *Node, k batch.Kind) rowFunc {
	get := cached(n.Args[1], parseNumberFormat)
	return func(f *frame) {
		nf, err := get(f.text(1))
		if err != nil {
			f.fail(err)
			return
		}
		var d batch.Decimal
		switch k.Rep() {
		case batch.RepInt:
			d = batch.DecimalFromInt(f.int(0))
		case batch.RepFloat:
			digits := 15
			if k == batch.Float32 {
				digits = 6
			}
			d = batch.DecimalFromFloat(f.float(0), digits)
		default:
			d = f.dec(0)
		}
		f.setText(nf.format(d))
	}
}

func (nf *numberFormat) format(d batch.Decimal) string {
	places := countDigits(nf.frac)
	d = d.Round(places)
	neg := d.Sign() < 0
	digits, frac, _ := strings.Cut(d.Abs().String(), ".")
	if digits == "0" && countDigits(nf.whole) == 0 {
		digits = ""
	}
	over := d.Form != batch.Finite || len(digits) > countDigits(nf.whole)
	whole := nf.wholePart(digits, over)
	tail := nf.fracPart(frac, over)
	body := whole + tail
	if nf.ordinal != "" && !neg && !over && nf.frac == "" {
		body += ordinal(digits, nf.ordinal)
	}
	return nf.signed(body, neg)
}

// wholePart lays the digits under the pattern from the right; leading places
// without a digit are blank, from the first 0 on they are zero.
func (nf *numberFormat) wholePart(digits string, over bool) string {
	zeroFrom := strings.IndexByte(nf.whole, '0')
	blank := countDigits(nf.whole) - len(digits)
	if digits == "0" && zeroFrom < 0 && nf.frac != "" {
		blank = countDigits(nf.whole) // .5, not 0.5, under 9.9
	}
	var b strings.Builder
	seen, started := 0, false
	for i := range len(nf.whole) {
		c := nf.whole[i]
		switch {
		case c != '9' && c != '0':
			if started || c != ',' {
				b.WriteByte(c)
			} else if !nf.fm {
				b.WriteByte(' ')
			}
		case over:
			b.WriteByte('#')
			started = true
		case seen >= blank:
			b.WriteByte(digits[len(digits)-countDigits(nf.whole)+seen])
			seen++
			started = true
		case zeroFrom >= 0 && i >= zeroFrom:
			b.WriteByte('0')
			seen++
			started = true
		default:
			if !nf.fm {
				b.WriteByte(' ')
			}
			seen++
		}
	}
	return b.String()
}

func (nf *numberFormat) fracPart(frac string, over bool) string {
	if nf.point == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(".")
	seen := 0
	for i := range len(nf.frac) {
		switch c := nf.frac[i]; {
		case c != '9' && c != '0':
			b.WriteByte(c)
		case over:
			b.WriteByte('#')
		default:
			b.WriteByte(frac[seen])
			seen++
		}
	}
	out := b.String()
	if nf.fm {
		keep := 1 + strings.LastIndexByte(nf.frac, '0') + 1
		for len(out) > keep && out[len(out)-1] == '0' {
			out = out[:len(out)-1]
		}
	}
	return out
}

// signed puts the sign where the format wants it; without a pattern of its own
// it stands before the first digit, a blank for a positive number.
func (nf *numberFormat) signed(body string, neg bool) string {
	mark := func(minus, plus string) string {
		if neg {
			return minus
		}
		if nf.fm && plus == " " {
			return ""
		}
		return plus
	}
	place := func(sign string) string {
		if !nf.signFirst {
			return body + sign
		}
		rest := strings.TrimLeft(body, " ")
		return body[:len(body)-len(rest)] + sign + rest
	}
	switch nf.sign {
	case 'S':
		return place(mark("-", "+"))
	case 'M':
		return place(mark("-", " "))
	case 'P':
		return mark("-", " ") + place(mark(" ", "+"))
	case 'R':
		rest := strings.TrimLeft(body, " ")
		if neg {
			return body[:len(body)-len(rest)] + "<" + rest + ">"
		}
		if nf.fm {
			return body
		}
		return " " + body + " "
	}
	rest := strings.TrimLeft(body, " ")
	return body[:len(body)-len(rest)] + mark("-", " ") + rest
}
