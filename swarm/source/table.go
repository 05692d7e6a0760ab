package source

import "strings"

// table is a table of the text: from the caption above its head, or its first
// row, to the line after its last.
type table struct {
	start, end int
	rows       int    // where the rows below the head begin
	head       string // what names its columns; empty: nothing does
	section    int    // where it begins
}

// row reports whether a line may be a row of a table: cells between bars,
// tabs, or wide space.
func row(text string) bool {
	return len(text) > 1 && text[0] == '|' || strings.Contains(text, " | ") ||
		strings.IndexByte(text, '\t') > 0 || strings.Contains(text, "   ")
}

// beginsTable reports whether l and the line after it are rows.
func (s *scanner) beginsTable(l line) bool {
	return s.format != Code && l.next < len(s.body) && row(l.text) && row(s.line(l.next).text)
}

// longestGap is the most bytes between two parts of a table: a blank line, a
// label, a heading of its own.
const longestGap = 240

// continues reports whether l is a row of the last table, after a blank line
// or a label: it has values, and stands near and under the same heading.
func (s *scanner) continues(l line) bool {
	if s.format == Code || len(s.tables) == 0 || !row(l.text) {
		return false
	}
	t := s.tables[len(s.tables)-1]
	return l.start-t.end <= longestGap && within(s.path(s.section), s.path(t.section)) && valued(l.text)
}

// tabulate notes the table from l to end, or that the last one goes on to end,
// and reports whether its first line is of the head. The head is the rows before
// the first that has a value, or the first alone where none of the first few has
// one, and a few short lines directly above: a caption, units, columns.
func (s *scanner) tabulate(l line, end int, again bool) bool {
	if again {
		s.tables[len(s.tables)-1].end = end
		return false
	}
	stop := l.start
	if below := s.line(l.next).text; !valued(l.text) || strings.Trim(below, "|-: ") == "" {
		stop = l.end
		for n, r := 0, l; n < 4 && r.next < end; n++ {
			before := r.end
			if r = s.line(r.next); valued(r.text) {
				stop = before
				break
			}
		}
	}
	start := s.caption(l.start)
	if stop-start > s.longestHead() {
		start = l.start
	}
	s.tables = append(s.tables, table{start, end, stop, s.cutHead(start, stop), s.section})
	return stop > l.start
}

// longestHead is how many bytes of a head are kept.
func (s *scanner) longestHead() int { return min(max(s.size, 200), 1000) }

func (s *scanner) cutHead(start, end int) string {
	return strings.TrimSpace(strings.ToValidUTF8(s.body[start:min(end, start+s.longestHead())], ""))
}

// caption finds where the lines begin that say what the table at start shows.
// The heading of the section is none of them.
func (s *scanner) caption(start int) int {
	low := 0
	if s.section > 0 {
		low = s.headings[s.section].start + 1
	}
	if n := len(s.tables); n > 0 {
		low = max(low, s.tables[n-1].end)
	}
	for range 6 {
		text, begin := s.above(start)
		if text == "" || begin < low || len(text) > longestTitle || strings.ContainsAny(text[:1], "#`~") || underline(text) > 0 ||
			strings.ContainsAny(text[len(text)-1:], ".!?;") || valued(text) || strings.Count(s.body[begin:start], "\n") > 2 {
			break
		}
		start = begin
	}
	return start
}

// valued reports whether a row has a number, which is not a year, after its
// first cell.
func valued(text string) bool {
	text = strings.ReplaceAll(strings.TrimLeft(text[:min(len(text), 4096)], "| "), "   ", "|")
	for i, cell := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == '\t' }) {
		number := strings.Trim(cell, " $€£¥%()+-–—")
		year := len(number) == 4 && (number[:2] == "19" || number[:2] == "20")
		if i > 0 && !year && number != "" && strings.Trim(number, "0123456789., ") == "" {
			return true
		}
	}
	return false
}
