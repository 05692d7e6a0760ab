package calc

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A figure as people write it, with thousands apart by spaces, apostrophes, or
// what is not the decimal sign. One comma before three digits is no decimal sign.
var (
	written = regexp.MustCompile(`\.\d+|\d{1,3}(?:[ \x{a0}\x{202f}'’]\d{3})+(?:[.,]\d+)?\b|\d+(?:[.,]\d+)*`)
	point   = regexp.MustCompile(`^(\d*|[1-9]\d{0,2}(?:,\d{3})+|\d+(?:[ \x{a0}\x{202f}'’]\d{3})+)(?:\.(\d+))?$`)
	comma   = regexp.MustCompile(`^(\d+|[1-9]\d{0,2}(?:\.\d{3})+|\d+(?:[ \x{a0}\x{202f}'’]\d{3})+)(?:,(\d+))?$`)
	between = regexp.MustCompile(`\D`)
	letters = regexp.MustCompile(`^\s*\pL+`)
	minus   = regexp.MustCompile(`(?:^|\PL)[-−–][\s\p{Sc}]*$`)
)

// maxFigure is the most bytes of a text in which a figure or date is read.
const maxFigure = 500

var scales = map[string]float64{
	"k": 1e3, "thousand": 1e3, "million": 1e6, "millions": 1e6, "mn": 1e6, "mio": 1e6,
	"billion": 1e9, "billions": 1e9, "bn": 1e9, "mrd": 1e9, "trillion": 1e12, "trillions": 1e12,
	"m": 0, "b": 0, "t": 0, // million or metre: not told
}

// num reads the one figure in a text. A percent sign, a currency and a unit
// are passed over: "12 %" is 12. A figure in brackets, as in accounts, is
// negative. What may be read in two ways is an error, never a guess.
func num(v any) (any, error) {
	switch v := v.(type) {
	case int, float64:
		return v, nil
	case string:
		var at [][]int
		if len(v) <= maxFigure {
			at = written.FindAllStringIndex(v, 2)
		}
		if len(at) != 1 {
			return nil, fmt.Errorf("%q holds no figure, or several; num(x, 0) takes 0 then", clip(v))
		}
		from, to := at[0][0], at[0][1]
		parts := point.FindStringSubmatch(v[from:to])
		if parts == nil {
			parts = comma.FindStringSubmatch(v[from:to])
		}
		if parts == nil {
			return nil, fmt.Errorf("%q can be read in several ways", clip(v))
		}
		x, err := strconv.ParseFloat(between.ReplaceAllString(parts[1], "")+"."+parts[2], 64)
		if err != nil {
			return nil, err
		}
		unit := strings.TrimSpace(letters.FindString(v[to:]))
		if scale, ok := scales[strings.ToLower(unit)]; ok {
			if x *= scale; scale == 0 {
				return nil, fmt.Errorf("%q does not say its scale", clip(v))
			}
		}
		before, after := strings.TrimSpace(v[:from]), strings.TrimSpace(v[to:])
		if minus.MatchString(before) || strings.HasPrefix(before, "(") && strings.HasSuffix(after, ")") {
			x = -x
		}
		return x, nil
	}
	return nil, fmt.Errorf("%s is no text with a figure; num(x, 0) takes 0 then", kind(v))
}

// decimal writes args[0] with args[1] digits after the point (none given: 0),
// halves rounded away from zero, as it is written and not as its
// binary fraction is: 2.675 becomes 2.68.
func decimal(args []any) string {
	digits := 0
	if len(args) == 2 {
		n, ok := args[1].(int)
		if !ok || n < 0 || n > 15 {
			fail("digits are 0 to 15")
		}
		digits = n
	}
	x := new(big.Rat)
	switch v := args[0].(type) {
	case int:
		x.SetInt64(int64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			fail("%v is no figure: it is too large, or was divided by zero", v)
		}
		x.SetString(strconv.FormatFloat(v, 'e', 14, 64))
	default:
		fail("%s is no figure: num(text) reads one", kind(v))
	}
	return x.FloatString(digits)
}

// commas puts commas between the thousands.
func commas(s string) string {
	whole, fraction, cut := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if cut {
		whole += "." + fraction
	}
	return whole
}

// date reads a day: as ISO 8601 has it, with or without a time, or with the
// month's name. Orders of figures that differ by country are refused.
func date(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok || len(s) > maxFigure {
		return time.Time{}, fmt.Errorf("%s is no date", kind(v))
	}
	s = strings.TrimSpace(s)
	day := s
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ') {
		day = s[:10]
	}
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006"} {
		for _, s := range []string{s, day} {
			if t, err := time.Parse(layout, s); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date as 2024-12-31", clip(s))
}
