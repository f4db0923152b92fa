package batch

import (
	"cmp"
	"math"
	"strconv"
	"time"
)

// Add returns s+o and whether it fits.
func (s Span) Add(o Span) (Span, bool) {
	months, days := int64(s.Months)+int64(o.Months), int64(s.Days)+int64(o.Days)
	micros := s.Micros + o.Micros
	ok := (micros^s.Micros)&(micros^o.Micros) >= 0
	return spanOf(months, days, micros, ok)
}

// Neg returns -s and whether it fits.
func (s Span) Neg() (Span, bool) {
	return spanOf(-int64(s.Months), -int64(s.Days), -s.Micros, s.Micros != math.MinInt64)
}

// Sub returns s-o and whether it fits.
func (s Span) Sub(o Span) (Span, bool) {
	micros := s.Micros - o.Micros
	ok := (s.Micros^o.Micros)&(s.Micros^micros) >= 0
	return spanOf(int64(s.Months)-int64(o.Months), int64(s.Days)-int64(o.Days), micros, ok)
}

func spanOf(months, days, micros int64, ok bool) (Span, bool) {
	out := Span{Months: int32(months), Days: int32(days), Micros: micros}
	return out, ok && int64(out.Months) == months && int64(out.Days) == days
}

// Mul returns s·f, fractions of a month carried to days of which a month has
// 30, those of a day to its time; and whether it fits.
func (s Span) Mul(f float64) (Span, bool) {
	return s.scale(func(x float64) float64 { return x * f })
}

// Div returns s/f for f ≠ 0, carried as by Mul.
func (s Span) Div(f float64) (Span, bool) {
	return s.scale(func(x float64) float64 { return x / f })
}

// scale follows PostgreSQL's interval_mul and interval_div.
func (s Span) scale(by func(float64) float64) (Span, bool) {
	months, days := by(float64(s.Months)), by(float64(s.Days))
	if !fitsInt32(months) || !fitsInt32(days) {
		return Span{}, false
	}
	wholeMonths, wholeDays := math.Trunc(months), math.Trunc(days)
	restDays := roundMicro((months - wholeMonths) * 30)
	restSecs := roundMicro((days - wholeDays + restDays - math.Trunc(restDays)) * 86400)
	if math.Abs(restSecs) >= 86400 {
		carry := math.Trunc(restSecs / 86400)
		wholeDays += carry
		restSecs -= carry * 86400
	}
	wholeDays += math.Trunc(restDays)
	micros := math.RoundToEven(by(float64(s.Micros)) + restSecs*1e6)
	if !fitsInt32(wholeDays) || !(math.Abs(micros) < 1<<63) {
		return Span{}, false
	}
	return Span{Months: int32(wholeMonths), Days: int32(wholeDays), Micros: int64(micros)}, true
}

func roundMicro(x float64) float64 { return math.RoundToEven(x*1e6) / 1e6 }

func fitsInt32(x float64) bool { return x >= math.MinInt32 && x <= math.MaxInt32 }

// Length returns s as whole days and microseconds of a day, a month being 30
// days: what intervals are compared by.
func (s Span) Length() (days, micros int64) {
	days, micros = SplitMicros(s.Micros)
	return days + int64(s.Days) + 30*int64(s.Months), micros
}

// Cmp compares by Length.
func (s Span) Cmp(o Span) int {
	d1, m1 := s.Length()
	d2, m2 := o.Length()
	if d1 != d2 {
		return cmp.Compare(d1, d2)
	}
	return cmp.Compare(m1, m2)
}

// JustifyHours turns each 24 hours into a day.
func (s Span) JustifyHours() (Span, bool) {
	carry := s.Micros / Day
	days, micros := int64(s.Days)+carry, s.Micros-carry*Day
	switch {
	case days > 0 && micros < 0:
		days, micros = days-1, micros+Day
	case days < 0 && micros > 0:
		days, micros = days+1, micros-Day
	}
	return spanOf(int64(s.Months), days, micros, true)
}

// JustifyDays turns each 30 days into a month.
func (s Span) JustifyDays() (Span, bool) {
	carry := s.Days / 30
	months, days := int64(s.Months)+int64(carry), int64(s.Days-carry*30)
	switch {
	case months > 0 && days < 0:
		months, days = months-1, days+30
	case months < 0 && days > 0:
		months, days = months+1, days-30
	}
	return spanOf(months, days, s.Micros, true)
}

// JustifyInterval does both, and makes the signs of all parts agree.
func (s Span) JustifyInterval() (Span, bool) {
	carry := s.Micros / Day
	days, micros := int64(s.Days)+carry, s.Micros-carry*Day
	months := int64(s.Months) + days/30
	days %= 30
	switch {
	case months > 0 && (days < 0 || (days == 0 && micros < 0)):
		months, days = months-1, days+30
	case months < 0 && (days > 0 || (days == 0 && micros > 0)):
		months, days = months+1, days-30
	}
	switch {
	case days > 0 && micros < 0:
		days, micros = days-1, micros+Day
	case days < 0 && micros > 0:
		days, micros = days+1, micros-Day
	}
	return spanOf(months, days, micros, true)
}

// AddSpan returns local timestamp t plus s: first months, the day cut to the
// month's last, then days, then the time; and whether it is in range.
func AddSpan(t int64, s Span) (int64, bool) {
	if t == Infinity || t == NegInfinity {
		return t, true
	}
	t, ok := addCalendar(t, s)
	if !ok {
		return 0, false
	}
	sum := t + s.Micros
	return sum, (sum^t)&(sum^s.Micros) >= 0 && ValidTimestamp(sum)
}

// AddSpanTZ is AddSpan for a UTC timestamp: months and days are added in loc.
func AddSpanTZ(t int64, s Span, loc *time.Location) (int64, bool) {
	if s.Months == 0 && s.Days == 0 {
		return AddSpan(t, s)
	}
	if t == Infinity || t == NegInfinity {
		return t, true
	}
	t, ok := addCalendar(Local(t, loc), s)
	if !ok {
		return 0, false
	}
	return AddSpan(UTC(t, loc), Span{Micros: s.Micros})
}

func addCalendar(t int64, s Span) (int64, bool) {
	if s.Months != 0 {
		days, micros := SplitMicros(t)
		y, m, d := CivilOf(days)
		m += int(s.Months) - 1
		y, m = y+floorDiv(m, 12), m-12*floorDiv(m, 12)
		days = DaysOf(y, m+1, min(d, DaysIn(y, m+1)))
		if days < minDays || days >= maxMicros/Day {
			return 0, false
		}
		t = days*Day + micros
	}
	by := int64(s.Days) * Day
	if by/Day != int64(s.Days) {
		return 0, false
	}
	sum := t + by
	return sum, (sum^t)&(sum^by) >= 0 && ValidTimestamp(sum)
}

// AppendText appends s in PostgreSQL's style: 1 year 2 mons 3 days 04:05:06.
func (s Span) AppendText(dst []byte) []byte {
	w := spanWriter{dst: dst, empty: true}
	w.part(int64(s.Months/12), "year")
	w.part(int64(s.Months%12), "mon")
	w.part(int64(s.Days), "day")
	if w.empty || s.Micros != 0 {
		w.clock(s.Micros)
	}
	return w.dst
}

// String returns s in PostgreSQL's style.
func (s Span) String() string { return string(s.AppendText(nil)) }

type spanWriter struct {
	dst    []byte
	empty  bool
	before bool // the last part was negative: the next one shows its sign
}

func (w *spanWriter) part(v int64, unit string) {
	if v == 0 {
		return
	}
	w.space()
	if w.before && v > 0 {
		w.dst = append(w.dst, '+')
	}
	w.dst = strconv.AppendInt(w.dst, v, 10)
	w.dst = append(append(w.dst, ' '), unit...)
	if v != 1 {
		w.dst = append(w.dst, 's')
	}
	w.before = v < 0
}

func (w *spanWriter) space() {
	if !w.empty {
		w.dst = append(w.dst, ' ')
	}
	w.empty = false
}

func (w *spanWriter) clock(micros int64) {
	w.space()
	u := uint64(micros)
	if micros < 0 {
		w.dst, u = append(w.dst, '-'), -u
	} else if w.before {
		w.dst = append(w.dst, '+')
	}
	hours := u / uint64(Hour)
	var buf [20]byte
	w.dst = append(w.dst, buf[putDigits(buf[:], hours, 2):]...)
	rest := int64(u % uint64(Hour))
	w.dst = append2(append(w.dst, ':'), int(rest/Minute))
	w.dst = append2(append(w.dst, ':'), int(rest%Minute/Second))
	w.dst = appendFraction(w.dst, int(rest%Second))
}
