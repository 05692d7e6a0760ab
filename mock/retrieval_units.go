package mock

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unitKind says what a unit of text is.
type unitKind uint8

const (
	sentence unitKind = iota
	heading
	row  // of a table
	item // a line that stands for itself: of a list, a record, code
)

// A unit is the smallest piece that can be an answer.
type unit struct {
	start, end int // in the text, without space around
	kind       unitKind
	asks       bool // ends in a question mark
	term       bool // a short line with what it names set in below it
	turn       bool // in what one speaker says in a talk
	para       int  // number of its paragraph
	piece      int  // number of its run of lines: a paragraph, an item of a list, a turn in a talk
	under      int  // unit of the heading above; -1: none
	header     int  // unit of the table's header row; -1: none
}

const longUnit = 700 // bytes; longer pieces are cut at spaces

// splitUnits cuts a text into units. Its cost is linear.
func splitUnits(text string) []unit {
	s := splitter{text: text, under: -1, header: -1}
	s.units = make([]unit, 0, len(text)/80+4)
	for at := 0; at < len(text); {
		at = s.block(at)
	}
	s.talk()
	return s.units
}

// talk marks the turns of a talk: lines that begin with a name and a colon and
// end as sentences do, three or more of them.
func (s *splitter) talk() {
	turns := 0
	mark := func(put bool) {
		for i := 0; i < len(s.units); {
			end := i + 1
			for end < len(s.units) && s.units[end].piece == s.units[i].piece {
				end++
			}
			last := s.units[end-1]
			if s.units[i].kind == item && speaker(s.text[s.units[i].start:s.units[i].end]) > 0 && endsAsSentence(s.text[last.start:last.end]) {
				turns++
				for k := i; put && k < end; k++ {
					s.units[k].turn = true
				}
			}
			i = end
		}
	}
	if mark(false); turns >= 3 {
		mark(true)
	}
}

// speaker returns where a speaker's words begin in a line; 0: nobody speaks.
func speaker(l string) int {
	if i := strings.IndexAny(l[:min(len(l), 48)], ":："); i > 0 && strings.Count(l[:i], " ") <= 5 {
		r, _ := utf8.DecodeRuneInString(l)
		if _, size := utf8.DecodeRuneInString(l[i:]); i+size < len(l) && !unicode.IsLower(r) && unicode.IsLetter(r) {
			return i + size
		}
	}
	return 0
}

func endsAsSentence(l string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(l, "\"'”»）)* "))
	return strings.ContainsRune(".!?…。！？", r)
}

type splitter struct {
	text   string
	units  []unit
	para   int
	piece  int
	under  int
	header int
	levels [10]int // unit+1 of the heading at each level
	code   bool
}

// line returns the line at i, without its end, and where the next starts.
func line(text string, i int) (string, int) {
	n := strings.IndexByte(text[i:], '\n')
	if n < 0 {
		return text[i:], len(text)
	}
	return strings.TrimSuffix(text[i:i+n], "\r"), i + n + 1
}

// block cuts the lines from i to the next empty one.
func (s *splitter) block(i int) int {
	type ln struct {
		text  string
		start int
	}
	var lines []ln
	for i < len(s.text) {
		l, next := line(s.text, i)
		if strings.TrimSpace(l) == "" {
			i = next
			break
		}
		lines = append(lines, ln{l, i})
		i = next
		if len(lines) == 4096 {
			break
		}
	}
	if len(lines) == 0 {
		return i
	}
	s.para++
	s.header = -1
	width := 0
	for _, l := range lines {
		width = max(width, columnsOf(l.text))
	}
	columns := false // of text, with gaps of spaces between
	for k, l := range lines {
		if k > 0 && hasGap(l.text) && hasGap(lines[k-1].text) {
			columns = true
		}
	}
	texts := make([]string, len(lines))
	for k := range lines {
		texts[k] = lines[k].text
	}
	sep := separator(texts)
	// A header of words alone is told from another row by figures below it.
	figures := sep == 0 || slices.ContainsFunc(texts[1:], func(l string) bool { return hasDigitCell(cells(l, sep)) })
	inRow := func(l string) bool {
		return isRow(l) || columns && hasGap(l) || sep != 0 && separators(l, sep) >= 2
	}
	own := make([]bool, len(lines)+1) // the line begins a piece of its own
	own[0], own[len(lines)] = true, true
	breaks, keyed := 0, 0
	for _, l := range lines {
		if isKeyed(l.text) {
			keyed++
		}
	}
	records := 10*keyed >= 7*len(lines) && len(lines) > 1
	for k := 1; k < len(lines); k++ {
		prev, cur := lines[k-1].text, lines[k].text
		first, _, _ := strings.Cut(strings.TrimSpace(cur), " ")
		switch {
		case records || startsItem(cur) || inRow(cur) || inRow(prev):
		case isTerm(prev, cur, width):
			own[k] = true
			continue
		case isTerm(cur, lineAt(texts, k+1), width):
			own[k] = true
		case goesOn(prev, cur):
			continue
		}
		if records || width > 140 || columnsOf(prev)+1+columnsOf(first) <= width || startsItem(cur) || inRow(cur) || inRow(prev) {
			own[k] = true
			breaks++
		}
	}
	all := records || 10*breaks >= 6*(len(lines)-1)
	for k := 0; k < len(lines); {
		l := lines[k]
		trimmed := strings.TrimSpace(l.text)
		if strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") {
			// A fence with nothing right below it closes, even where a text that
			// was cut has lost the one that opened.
			s.code = !s.code && k+1 < len(lines)
			k++
			continue
		}
		if !s.code {
			if level, n := s.headingLevel(l.text, k, len(lines), lineAt(texts, k+1)); level > 0 {
				s.piece++
				s.add(l.start, l.start+len(l.text), heading)
				s.setHeading(level)
				k += n
				continue
			}
			if inRow(l.text) {
				s.row(l.start, l.text, k == 0 || !inRow(lines[k-1].text), figures && !hasDigitCell(cells(l.text, sep)))
				k++
				continue
			}
		}
		if n := record(texts[k:]); n > 0 && !s.code {
			s.piece++
			s.add(l.start, lines[k+n-1].start+len(lines[k+n-1].text), item)
			k += n
			continue
		}
		end := k + 1
		for end < len(lines) && !own[end] && !all && !s.code {
			end++
		}
		kind := sentence
		if s.code || startsItem(l.text) || all && len(lines) > 2 && end == k+1 {
			kind = item
		}
		s.piece++
		n := len(s.units)
		s.sentences(l.start, lines[end-1].start+len(lines[end-1].text), kind)
		if end < len(lines) && len(s.units) > n && (isTerm(lines[end-1].text, lines[end].text, width) || end == k+1 && isBulletTerm(l.text, lines[end].text)) {
			s.units[len(s.units)-1].term = true
		}
		k = end
	}
	return i
}

// isTerm tells whether a line names what the next, set in deeper, is about,
// as in a list of options: a short line that was not broken for want of room.
func isTerm(l, next string, width int) bool {
	t := strings.TrimSpace(l)
	first, _, _ := strings.Cut(strings.TrimSpace(next), " ")
	return t != "" && first != "" && indent(next) >= indent(l)+2 && columnsOf(l)+1+columnsOf(first) <= width && len(t) <= 80 && !strings.ContainsAny(t[len(t)-1:], ".,;:")
}

// isBulletTerm tells whether a bullet names what the line below, which is no
// bullet, is about.
func isBulletTerm(l, next string) bool {
	t := strings.TrimSpace(l)
	return len(t) > 2 && strings.IndexByte("-*+", t[0]) >= 0 && t[1] == ' ' && len(t) <= 60 && len(next) > len(l) &&
		!strings.ContainsAny(t[len(t)-1:], ".,;:!?") && !startsItem(next) && !isRow(next)
}

// columnsOf is the width of a line, which its bytes are not.
func columnsOf(s string) int { return utf8.RuneCountInString(s) }

// goesOn tells whether a line goes on with the sentence of the one before.
func goesOn(prev, cur string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(cur))
	if !unicode.IsLower(r) {
		return false
	}
	prev = strings.TrimSpace(prev)
	return prev != "" && !strings.ContainsAny(prev[len(prev)-1:], ".!?;:")
}

// isKeyed tells whether a line has a key and a value, as "name: 17".
func isKeyed(l string) bool {
	i := strings.IndexAny(l, ":=：")
	return i > 0 && i <= 60 && i < len(l)-1
}

// lineAt is line k, or empty behind the last.
func lineAt(lines []string, k int) string {
	if k < len(lines) {
		return lines[k]
	}
	return ""
}

// add appends the unit [start, end) with the space around it left out.
func (s *splitter) add(start, end int, kind unitKind) {
	t := s.text[start:end]
	start += len(t) - len(strings.TrimLeftFunc(t, unicode.IsSpace))
	end -= len(t) - len(strings.TrimRightFunc(t, unicode.IsSpace))
	if start >= end {
		return
	}
	tail := strings.TrimRight(s.text[max(start, end-8):end], "\"'”»）)* ")
	asks := strings.HasSuffix(tail, "?") || strings.HasSuffix(tail, "？")
	s.units = append(s.units, unit{start: start, end: end, kind: kind, asks: asks, para: s.para, piece: s.piece, under: s.under, header: s.header})
}

// setHeading makes the last unit the heading of what follows.
func (s *splitter) setHeading(level int) {
	u := len(s.units) - 1
	if u < 0 {
		return
	}
	s.units[u].under = -1
	for l := level - 1; l > 0; l-- {
		if s.levels[l] > 0 {
			s.units[u].under = s.levels[l] - 1
			break
		}
	}
	s.levels[level] = u + 1
	for l := level + 1; l < len(s.levels); l++ {
		s.levels[l] = 0
	}
	s.under = u
}

// startsItem tells whether a line begins with a bullet, a number, a speaker
// or a key.
func startsItem(l string) bool {
	t := strings.TrimLeft(l, " \t>")
	if t == "" {
		return false
	}
	for _, b := range []string{"- ", "* ", "+ ", "• ", "· ", "– ", "— ", "#", "Q:", "A:"} {
		if strings.HasPrefix(t, b) {
			return true
		}
	}
	i := 0
	for i < len(t) && i < 6 && (isDigit(t[i]) || t[i] == '.') {
		i++
	}
	if i > 0 && i < len(t) && (t[i] == ')' || t[i] == ' ' && t[i-1] == '.' || strings.HasPrefix(t[i:], "、")) {
		return true
	}
	if t[0] == '(' && len(t) > 3 && (t[2] == ')' || t[3] == ')') || t[0] == '[' {
		return true
	}
	for _, colon := range []string{": ", "："} {
		if k := strings.Index(t, colon); k > 0 && k <= 40 && strings.Count(t[:k], " ") <= 4 {
			r, _ := utf8.DecodeRuneInString(t)
			return !unicode.IsLower(r)
		}
	}
	return false
}
