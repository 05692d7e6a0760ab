package source

import (
	"regexp"
	"strings"
)

// scanner reads a text line by line, tells what its blocks are, and gives
// them to the packer in pieces.
type scanner struct {
	*packer
	format Format
	plain  bool // look for headings without marks

	noFence map[string]bool // no fence follows that closes this one
	colon   bool            // the last paragraph ended in a colon
	decls   []decl          // of a program, those that begin further on
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
		l := s.line(pos)
		if l.text != "" {
			return l
		}
		pos = l.next
	}
	return line{start: pos, end: pos, next: pos}
}

// above gives the last line before an offset that is not blank, and where it
// begins; empty if it is far away, or longer than a heading.
func (s *scanner) above(offset int) (string, int) {
	low := max(offset-longestHeading, 0)
	text := strings.TrimRight(s.body[low:offset], " \t\r\n")
	begin := strings.LastIndexByte(text, '\n') + 1
	if begin == 0 && low > 0 {
		return "", offset
	}
	return strings.TrimSpace(text[begin:]), low + begin
}

// while gives where the first line from pos on begins that does not hold.
func (s *scanner) while(pos int, holds func(line) bool) int {
	for pos < len(s.body) {
		n := s.line(pos)
		if !holds(n) {
			break
		}
		pos = n.next
	}
	return pos
}

// run reads the whole body.
func (s *scanner) run() {
	pos := 0
	if strings.HasPrefix(s.body, bom) {
		pos = len(bom)
		s.end = pos
	}
	if s.format == Table {
		s.keep(pos, len(s.body), costPara, true)
		head := s.record(pos).end
		s.tables = []table{{pos, len(s.body), head, s.cutHead(pos, head), 0}}
		return
	}
	if s.format == Markdown {
		end := pos + len(frontMatter.FindString(s.body[pos:]))
		s.keep(pos, end, costPara, false)
		pos = end
	}
	for blank := true; pos < len(s.body); {
		l := s.line(pos)
		s.declare(l)
		if l.text == "" { // or the bare mark of a comment, which is still text
			next := s.next
			s.push(l.start, l.end, costPara)
			s.next = next
			blank, pos = true, l.next
			continue
		}
		pos = s.block(l, blank)
		blank = s.next == costHeading
	}
}

// frontMatter is the settings between two lines of --- that begin a page.
var frontMatter = regexp.MustCompile(`^---[ \t\r]*\n(?:[^\n]*\n){0,100}?---[ \t\r]*(?:\n|$)`)

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
	end, head := s.fenced(l), false
	switch again := s.continues(l); {
	case end > 0:
	case again || s.beginsTable(l):
		end = s.while(l.next, func(n line) bool { return row(n.text) })
		head = s.tabulate(l, end, again)
	case blank && s.format != Code && s.indented(l):
		end = s.while(l.next, func(n line) bool {
			n = s.nextText(n.start)
			return n.text != "" && s.indented(n)
		})
	default:
		end = s.while(l.next, func(n line) bool {
			return n.text != "" && !s.declares(n) && (s.format == Code || !s.breaksParagraph(n))
		})
		if s.format != Code {
			if !blank && item(l.text) {
				cost = min(cost+costLine-costPara, costColon)
			}
			s.paragraph(l.start, end, cost)
			return end
		}
	}
	s.keep(l.start, end, cost, head)
	return end
}

// heading pushes line l if it is a heading, and tells where the next line
// begins; 0 if it is none.
func (s *scanner) heading(l line, blank bool) int {
	if s.format == Code && (!l.comment || s.section > 0 && s.headings[s.section].rank < 0) {
		return 0 // the comments of a declaration have no headings
	}
	end := l.next
	rank, title, inline := 0, "", false
	if s.format != Plain {
		rank, title = atxHeading(l.text)
	}
	if title == "" && blank && s.format != Code && l.next < len(s.body) && len(l.text) <= longestHeading && !row(l.text) && underline(l.text) == 0 {
		under := s.line(l.next)
		if level := underline(under.text); level > 0 {
			rank, title, end = level, plainTitle(l.text), under.next
		}
	}
	if title != "" && s.plain {
		rank -= 10 // marked headings stand above all others
	}
	if title == "" && (s.plain || s.format == Code) && len(l.text) > 0 && (blank || l.text[0] >= 0x80) && !s.indented(l) {
		alone := blank && (l.next >= len(s.body) || s.line(l.next).text == "")
		next := s.nextText(l.next).text
		rank, title, inline = plainHeading(l.text, alone, shorten(next, longestHeading))
		above, _ := s.above(l.start)
		if s.format == Code && rank != rankTitle || rank >= rankNumber && shortTitle(above) && sameNumbering(above, l.text) {
			title = "" // the last item of a list
		}
	}
	if title == "" {
		return 0
	}
	s.head(rank, title, l.start)
	if inline {
		s.paragraph(l.start, end, 5*costLevel)
		return end
	}
	s.push(l.start, end, costLevel*min(s.headings[s.section].depth, 5))
	s.next = costHeading
	return end
}
