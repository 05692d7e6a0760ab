package source

import (
	"strings"
)

// scanner reads a text line by line, tells what its blocks are, and gives
// them to the packer in pieces.
type scanner struct {
	*packer
	format Format
	plain  bool // look for headings without marks

	noFence [2][fenceCap + 1]bool // per mark and length: no closing fence follows
	colon   bool                  // the last paragraph ended in a colon
}

// line is a line of the body: its offsets without the line break, where the
// next one begins, and its text without indentation and, in code, without the
// marks of a comment.
type line struct {
	start, end, next int
	text             string
	comment          bool
}

func (s *scanner) line(pos int) line {
	l := line{start: pos, end: len(s.body), next: len(s.body)}
	if i := strings.IndexByte(s.body[pos:], '\n'); i >= 0 {
		l.end, l.next = pos+i, pos+i+1
	}
	l.text = strings.TrimSpace(s.body[pos:l.end])
	if s.format == Code {
		for _, mark := range [...]string{"//", "#", "--", ";", "/*", "*"} {
			if bare, ok := strings.CutPrefix(l.text, mark); ok {
				l.comment = len(bare) > 1 && bare[0] == ' ' && bare[1] != ' '
				l.text = strings.TrimSpace(bare)
				break
			}
		}
	}
	return l
}

// nextText gives the next line at or after pos that is not blank; its text is
// empty at the end of the body, or after many blank lines.
func (s *scanner) nextText(pos int) line {
	for n := 0; pos < len(s.body) && n < 8; n++ {
		if l := s.line(pos); l.text != "" {
			return l
		} else {
			pos = l.next
		}
	}
	return line{start: pos, end: pos, next: pos}
}

// run reads the whole body.
func (s *scanner) run() {
	pos := 0
	if strings.HasPrefix(s.body, bom) {
		pos = len(bom)
		s.end = pos
	}
	if s.format == Table {
		s.keep(pos, len(s.body), costPara, s.tableHeader(s.body[pos:s.record(pos).end]))
		return
	}
	if s.format == Markdown {
		pos = s.frontMatter(pos)
	}
	for blank := true; pos < len(s.body); {
		l := s.line(pos)
		if l.text == "" { // or the bare mark of a comment, which is still text
			after := s.afterHeading
			s.push(l.start, l.end, costPara, "")
			s.afterHeading = after
			blank, pos = true, l.next
			continue
		}
		pos = s.block(l, blank)
		blank = s.afterHeading
	}
}

// frontMatter keeps the settings between two lines of --- that begin a page.
func (s *scanner) frontMatter(pos int) int {
	l := s.line(pos)
	if l.text != "---" {
		return pos
	}
	for n, at := 0, l.next; n < 100 && at < len(s.body); n++ {
		if l = s.line(at); l.text == "---" {
			s.keep(pos, l.end, costPara, "")
			return l.next
		}
		at = l.next
	}
	return pos
}

// block reads the block that begins at line l, before which a blank line or a
// heading stands if blank is set, and tells where the next one begins.
func (s *scanner) block(l line, blank bool) int {
	if next := s.heading(l, blank); next > 0 {
		s.colon = false
		return next
	}
	cost := costPara
	if s.colon {
		cost, s.colon = costColon, false
	}
	if end := s.fenced(l); end > 0 {
		s.keep(l.start, end, cost, "")
		return end
	}
	if second := s.secondRow(l); second != "" {
		header := ""
		if columns(l.text) == columns(second) {
			header = s.tableHeader(l.text)
		}
		end := l.next
		for end < len(s.body) {
			n := s.line(end)
			if !row(n.text) {
				break
			}
			end = n.next
		}
		s.keep(l.start, end, cost, header)
		return end
	}
	if blank && s.format != Code && s.indented(l) {
		end := l.next
		for end < len(s.body) {
			n := s.nextText(end)
			if n.text == "" || !s.indented(n) {
				break
			}
			end = n.next
		}
		s.keep(l.start, end, cost, "")
		return end
	}
	end := l.next
	for end < len(s.body) {
		n := s.line(end)
		if n.text == "" || s.format != Code && s.breaksParagraph(n) {
			break
		}
		end = n.next
	}
	if s.format == Code {
		s.keep(l.start, end, cost, "")
		return end
	}
	if !blank && item(l.text) {
		cost = min(cost+costLine-costPara, costColon)
	}
	s.paragraph(l.start, end, cost)
	return end
}

// tableHeader is what a path shows of the line that names a table's columns:
// all of it, if that takes no more bytes than a chunk has tokens.
func (s *scanner) tableHeader(text string) string {
	return shorten(oneLine(text), min(max(s.size, 200), 1000))
}

// heading pushes line l if it is a heading, and tells where the next line
// begins; 0 if it is none.
func (s *scanner) heading(l line, blank bool) int {
	if s.format == Code && !l.comment {
		return 0
	}
	end := l.next
	rank, title, inline := 0, "", false
	if s.format != Plain {
		if rank, title = atxHeading(l.text); rank > 0 && s.plain {
			rank -= 10 // marked headings stand above all others
		}
	}
	if title == "" && blank && s.format != Code && l.next < len(s.body) && len(l.text) <= longestHeading && !row(l.text) && underline(l.text) == 0 {
		under := s.line(l.next)
		if level := underline(under.text); level > 0 {
			rank, title, end = level, plainTitle(l.text), under.next
			if s.plain {
				rank -= 10
			}
		}
	}
	if title == "" && (s.plain || s.format == Code) && len(l.text) > 0 && (blank || l.text[0] >= 0x80) && !s.indented(l) {
		alone := blank && (l.next >= len(s.body) || s.line(l.next).text == "")
		next := s.nextText(l.next).text
		rank, title, inline = plainHeading(l.text, alone, shorten(next, longestHeading))
		if s.format == Code && rank != rankTitle {
			title = ""
		}
	}
	if title == "" {
		return 0
	}
	if inline {
		s.head(rank, title, l.start)
		s.paragraph(l.start, end, 5*costLevel)
		return end
	}
	s.head(rank, title, l.start)
	s.push(l.start, end, costLevel*min(s.headings[s.section].depth, 5), "")
	s.afterHeading = true
	return end
}
