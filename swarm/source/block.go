package source

import (
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

var fenceMark = regexp.MustCompile("^(?:(`{3,16})`*([^`]*)|(~{3,16})~*(.*))$")

// fence gives the mark of a line that opens or closes a code block, up to 16
// bytes of it; empty if it does neither. A fence that closes is bare: nothing
// comes after it.
func fence(text string) (mark string, bare bool) {
	if m := fenceMark.FindStringSubmatch(text); m != nil {
		return m[1] + m[3], m[2]+m[4] == ""
	}
	return "", false
}

// fenced tells where the code block that line l opens ends; 0 if it opens
// none, or none that is closed. That no end follows is remembered, so that
// looking for it stays linear.
func (s *scanner) fenced(l line) int {
	if s.format == Code {
		return 0
	}
	mark, _ := fence(l.text)
	if mark == "" || s.noFence[mark] {
		return 0
	}
	for pos := l.next; pos < len(s.body); {
		n := s.line(pos)
		if m, bare := fence(n.text); bare && strings.HasPrefix(m, mark) {
			return n.next
		}
		pos = n.next
	}
	s.noFence[mark] = true
	return 0
}

// indented reports whether a line begins as code set off by indentation does.
func (s *scanner) indented(l line) bool {
	begin := s.body[l.start:min(l.start+4, l.end)]
	return strings.HasPrefix(begin, "\t") || begin == "    "
}

var itemMark = regexp.MustCompile(`^(?:[-*+•–—]|\d{1,4}[.)])[ \t]`)

// item reports whether a line begins an item of a list.
func item(text string) bool {
	return text != "" && (text[0] < 'A' || text[0] >= 0x80) && itemMark.MatchString(text[:min(len(text), 8)])
}

// breaksParagraph reports whether a line that follows one of a paragraph
// without a blank line begins another block.
func (s *scanner) breaksParagraph(l line) bool {
	if item(l.text) || s.beginsTable(l) {
		return true
	}
	if mark, _ := fence(l.text); mark != "" {
		return true
	}
	if s.format != Plain && l.text[0] == '#' {
		level, _ := atxHeading(l.text)
		return level > 0
	}
	if s.plain && l.text[0] >= 0x80 {
		rank, _, _ := plainHeading(l.text, false, shorten(s.nextText(l.next).text, longestHeading))
		return rank > 0
	}
	return false
}

// keep pushes a block that is cut only between its lines, and only if it fits
// in no chunk; a table's head never from the row after it.
func (s *scanner) keep(start, end, cost int, head bool) {
	inner := costRow
	if swarm.EstimateTokens(s.body[start:end]) <= s.size {
		inner = costKept
	}
	first, blank := true, false
	for pos := start; pos < end; {
		l := s.record(pos)
		stop := min(l.end, end)
		if strings.TrimSpace(s.body[pos:stop]) == "" {
			blank = true
		} else {
			if blank && inner == costRow {
				cost = costPara
			}
			s.push(pos, stop, cost)
			if cost = inner; first && head {
				cost = costKept
			}
			first, blank = false, false
		}
		pos = l.next
	}
}

// record gives the line at pos; of a CSV file, with those after it that a
// quoted cell goes on over. A quote that is not closed within a few lines is
// taken for text.
func (s *scanner) record(pos int) line {
	const most = 32
	l := s.line(pos)
	if s.format != Table || strings.Count(l.text, `"`)%2 == 0 {
		return l
	}
	for n, m := 0, l; n < most && m.next < len(s.body); n++ {
		if m = s.line(m.next); strings.Count(m.text, `"`)%2 == 1 {
			return line{start: l.start, end: m.end, next: m.next}
		}
	}
	return l
}

// paragraph pushes prose: whole if it is short, else by lines that end where
// they need not, and by sentences.
func (s *scanner) paragraph(start, end, cost int) {
	text := strings.TrimRight(s.body[start:end], " \t\r\n")
	s.colon = strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：")
	whole := swarm.EstimateTokens(text)
	if whole <= s.size/8 {
		s.push(start, end, cost)
		return
	}
	inner := costSentence
	if whole > s.size {
		inner -= (costSentence - costLine) / 2
	}
	lines := []string{text}
	if !wrapped(text) {
		lines = strings.SplitAfter(text, "\n")
	}
	for _, line := range lines {
		for n := range sentenceLengths(line) {
			skipped := n - len(strings.TrimLeft(s.body[start:start+n], " \t\n\v\f\r"))
			s.push(start+skipped, start+n, cost)
			start, cost = start+n, inner
		}
		cost = costLine
	}
}

// longestWrap is the longest line, in bytes, at which text is taken to be
// wrapped.
const longestWrap = 160

// wrapped reports whether the lines of a paragraph end where the next word did not
// fit. Where they are long, or many of them end early or begin with a capital or a
// digit, each is meant as it stands.
func wrapped(text string) bool {
	lines := strings.Split(text, "\n")
	width := 0
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
		width = max(width, len(lines[i]))
	}
	early, begun := 0, 0
	for i, l := range lines[1:] {
		if word, _, _ := strings.Cut(l, " "); len(lines[i])+1+len(word) <= width {
			early++
		}
		if l != "" && (l[0] >= '0' && l[0] <= '9' || l[0] >= 'A' && l[0] <= 'Z') {
			begun++
		}
	}
	return width <= longestWrap && early*2 < len(lines) && begun*10 <= (len(lines)-1)*9
}
