package mock

import "strings"

// row adds a table's row; the first may be the header of those below.
func (s *splitter) row(start int, l string, first, header bool) {
	if strings.Trim(l, "|-:+= \t") == "" {
		return
	}
	if first {
		s.header = -1
	}
	n := len(s.units)
	s.piece++
	s.add(start, start+len(l), row)
	if first && header && len(s.units) > n {
		s.header = n
	}
}

// hasDigitCell tells whether a cell behind the first is a number: then the
// row is no header, unless all of them look like years.
func hasDigitCell(cells []string) bool {
	digits, years := 0, 0
	for i, c := range cells {
		c = strings.TrimSpace(c)
		if i == 0 || c == "" || !isDigit(c[0]) {
			continue
		}
		digits++
		if len(c) >= 4 && (c[:2] == "19" || c[:2] == "20") && isDigit(c[2]) && isDigit(c[3]) && (len(c) == 4 || !isDigit(c[4]) && c[4] != '.' && c[4] != ',') {
			years++
		}
	}
	return digits > years
}

// cells returns those of a row; sep sets them apart where it is not 0.
func cells(l string, sep byte) []string {
	l = strings.TrimSpace(l)
	if sep != 0 {
		return strings.Split(l, string(sep))
	}
	if strings.Contains(l, "|") {
		return strings.Split(strings.Trim(l, "|"), "|")
	}
	if !strings.Contains(l, "\t") {
		return strings.Split(l, "  ")
	}
	return strings.Split(l, "\t")
}

// isRow tells whether a line is a row of a table.
func isRow(l string) bool {
	t := strings.TrimSpace(l)
	return strings.HasPrefix(t, "|") && len(t) > 1 || strings.Count(t, " | ") >= 1 && !strings.HasSuffix(t, ".") || strings.Count(t, "\t") >= 1
}

// hasGap tells whether a line has columns: wide gaps inside it, and not those
// of a line that is justified, which differ by a space.
func hasGap(l string) bool {
	l = strings.TrimSpace(l)
	if !strings.Contains(l, "   ") {
		return false
	}
	least, most := len(l), 0
	for i := 0; i < len(l); {
		if l[i] != ' ' {
			i++
			continue
		}
		n, ends := 0, strings.IndexByte(".!?:", l[i-1]) >= 0
		for ; l[i] == ' '; i++ {
			n++
		}
		if n == 3 && ends {
			continue // the end of a sentence, justified
		}
		least, most = min(least, n), max(most, n)
	}
	return most > 2 && (least > 2 || most-least > 1)
}

// separator returns the comma or semicolon that sets the cells of rows apart,
// as in CSV, or 0: three lines or more of one paragraph, nine in ten of which
// have it equally often, twice at the least. Running text, broken for want of
// room, has them unevenly.
func separator(lines []string) byte {
	if len(lines) < 3 {
		return 0
	}
	items := 0
	for _, l := range lines {
		if startsItem(l) {
			items++
		}
	}
	if 2*items > len(lines) {
		return 0 // each item of a list is one, commas or not
	}
	for _, sep := range []byte{',', ';'} {
		times := map[int]int{}
		for _, l := range lines {
			times[separators(l, sep)]++
		}
		for n, of := range times {
			if n >= 2 && 10*of >= 9*len(lines) {
				return sep
			}
		}
	}
	return 0
}

// separators counts how often sep stands outside of quotes in a line that does
// not end as a sentence does.
func separators(l string, sep byte) (n int) {
	if len(l) > 2*fullPassage || endsAsSentence(l) {
		return 0
	}
	quoted := false
	for i := range len(l) {
		switch l[i] {
		case '"':
			quoted = !quoted
		case sep:
			if !quoted {
				n++
			}
		}
	}
	return n
}

// record returns how many lines the record takes that begins with the first,
// or 0 if none does: an item of a list in YAML, or an object in JSON, with a key
// on nearly each of its lines and short enough to be one passage.
func record(lines []string) int {
	first := strings.TrimSpace(lines[0])
	object := first == "{"
	if entry, ok := strings.CutPrefix(first, "- "); !object && !(ok && isKeyed(entry)) {
		return 0
	}
	size, keyed, n := len(lines[0]), 0, 1
	for ; n < len(lines) && indent(lines[n]) > indent(lines[0]); n++ {
		if size += 1 + len(lines[n]); size > 2*fullPassage {
			return 0
		}
		if isKeyed(lines[n]) {
			keyed++
		}
	}
	if n < 2 || 10*keyed < 7*(n-1) {
		return 0
	}
	if object && n < len(lines) && len(lines[n]) <= fullPassage && strings.HasPrefix(strings.TrimSpace(lines[n]), "}") {
		n++
	}
	return n
}

// indent is how many spaces or tabs a line begins with.
func indent(l string) int { return len(l) - len(strings.TrimLeft(l, " \t")) }
