package brain

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unit is a sentence, a table row or a list item of a text, and the headings
// that it stands under.
type unit struct {
	start, end int
	above      []string
	follows    bool // in one paragraph with the unit before
}

// asks says whether it is a question.
func (u unit) asks(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(s[u.start:u.end])
	return strings.ContainsRune("?？؟", last)
}

var (
	item      = regexp.MustCompile(`^\s*(?:[-*+•]|\d{1,3}[.)])\s+`)
	separator = regexp.MustCompile(`^[\s|:+-]+$`)
)

// longUnit is the size past which a passage is cut at its lines.
const longUnit = 600

// units cuts a text.
func units(s string) []unit {
	var out []unit
	var heads [6]string // by level
	var above []string
	head, row := "", ""
	from, at := -1, 0 // the paragraph so far
	flush := func() {
		if from >= 0 {
			out = sentences(out, s, from, at, context(above, head))
		}
		from = -1
	}
	for line := range strings.Lines(s) {
		text := strings.TrimSpace(line)
		isRow := strings.HasPrefix(text, "|") || strings.Count(text, " | ") > 0
		switch level := len(text) - len(strings.TrimLeft(text, "#")); {
		case text == "", strings.HasPrefix(text, "```"):
			flush()
			head = ""
		case level > 0 && level <= 6 && strings.HasPrefix(text[level:], " "):
			flush()
			heads[level-1], above = text[level:], nil
			clear(heads[level:])
			for _, h := range heads[:level] {
				if h != "" {
					above = append(above, h)
				}
			}
		case isRow && separator.MatchString(text):
			head = row
		case isRow:
			flush()
			row = text
			start := at + strings.Index(line, text)
			out = append(out, unit{start, start + len(text), context(above, head), false})
		default:
			if item.MatchString(line) {
				flush()
			}
			if from < 0 {
				from = at
			}
		}
		at += len(line)
	}
	flush()
	return out
}

func context(above []string, head string) []string {
	if head == "" {
		return above
	}
	return append(above[:len(above):len(above)], head)
}

// sentences cuts a paragraph at what ends a sentence, and a long one without
// such marks at its lines.
func sentences(out []unit, s string, from, to int, above []string) []unit {
	add := func(a, z int) {
		for a < z && isSpace(s[a]) {
			a++
		}
		for z > a && isSpace(s[z-1]) {
			z--
		}
		if a < z {
			out = append(out, unit{a, z, above, a > from})
		}
	}
	cut := from
	for i, r := range s[from:to] {
		end := from + i + utf8.RuneLen(max(r, 0))
		switch {
		case strings.ContainsRune("。！？", r), strings.ContainsRune(".!?…", r) && sentenceEnds(s[end:to]):
			for end < to && strings.ContainsRune(`"')]”’」』`, first(s[end:to])) {
				end += utf8.RuneLen(first(s[end:to]))
			}
		case r == '\n' && end-cut > longUnit:
		default:
			continue
		}
		add(cut, min(end, to))
		cut = min(end, to)
	}
	add(cut, to)
	return out
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func first(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }

// sentenceEnds says whether a new sentence may begin in what follows a mark.
func sentenceEnds(rest string) bool {
	rest = strings.TrimLeft(rest, `"')]”’`)
	next := strings.TrimLeftFunc(rest, unicode.IsSpace)
	return next == "" || len(next) < len(rest) && !unicode.IsLower(first(next))
}

// words are the words of a text in lower case; where a script sets no spaces
// between words, its pairs of characters.
func words(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		s = strings.ToLower(s)
		for s != "" {
			r, size := utf8.DecodeRuneInString(s)
			switch {
			case spaceless(r):
				pair := size
				if next, n := utf8.DecodeRuneInString(s[size:]); spaceless(next) {
					pair += n
				} else if pair > 0 && size < len(s) {
					size = pair
				}
				if !yield(s[:pair]) {
					return
				}
			case unicode.IsLetter(r) || unicode.IsNumber(r):
				for size < len(s) {
					next, n := utf8.DecodeRuneInString(s[size:])
					if spaceless(next) || !unicode.In(next, unicode.L, unicode.N, unicode.M) {
						break
					}
					size += n
				}
				if !yield(s[:size]) {
					return
				}
			}
			s = s[size:]
		}
	}
}

func spaceless(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
