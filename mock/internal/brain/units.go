package brain

import (
	"iter"
	"regexp"
	"slices"
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
	item        = regexp.MustCompile(`^\s*(?:[-*+•]|\d{1,3}[.)])\s+`)
	record      = regexp.MustCompile(`^[^,]*(?:,[^\s,][^,]*){2,}$`) // of comma-separated values
	sentenceEnd = regexp.MustCompile(`[.!?…]["')\]”’]*\s+|[。！？]["”’」』）]*|\n`)
)

// units cuts a text.
func units(s string) []unit {
	var out []unit
	var heads [6]string // by level
	var above []string
	from, at := -1, 0 // the paragraph so far
	flush := func() {
		if from >= 0 {
			out = sentences(out, s, from, at, above)
		}
		from = -1
	}
	for line := range strings.Lines(s) {
		text := strings.TrimSpace(line)
		isRow := strings.HasPrefix(text, "|") || strings.Count(text, " | ") > 0 || record.MatchString(text)
		switch level := len(text) - len(strings.TrimLeft(text, "#")); {
		case text == "", strings.HasPrefix(text, "```"):
			flush()
		case level > 0 && level <= 6 && strings.HasPrefix(text[level:], " "):
			flush()
			heads[level-1] = text[level:]
			clear(heads[level:])
			above = slices.Clone(heads[:level])
		case isRow:
			flush()
			start := at + strings.Index(line, text)
			out = append(out, unit{start, start + len(text), above, false})
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

// sentences cuts a paragraph at what ends a sentence, unless the next word is
// in lower case, and a long one without such marks at its lines.
func sentences(out []unit, s string, from, to int, above []string) []unit {
	add := func(a, z int) {
		lead := len(s[a:z]) - len(strings.TrimLeftFunc(s[a:z], unicode.IsSpace))
		if text := strings.TrimSpace(s[a:z]); text != "" {
			out = append(out, unit{a + lead, a + lead + len(text), above, a > from})
		}
	}
	cut := from
	for _, m := range sentenceEnd.FindAllStringIndex(s[from:to], -1) {
		end := from + m[1]
		if next, _ := utf8.DecodeRuneInString(s[end:to]); s[from+m[0]] == '\n' && end-cut < 600 || s[from+m[0]] != '\n' && unicode.IsLower(next) {
			continue
		}
		add(cut, end)
		cut = end
	}
	add(cut, to)
	return out
}

// words are the words of a text in lower case; where a script sets no spaces
// between words, its pairs of characters.
func words(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		s = strings.ToLower(s)
		for s != "" {
			r, size := utf8.DecodeRuneInString(s)
			end := 0 // of the word that begins here
			switch {
			case spaceless(r):
				end = size
				if next, n := utf8.DecodeRuneInString(s[size:]); spaceless(next) {
					end += n
				}
			case unicode.IsLetter(r) || unicode.IsNumber(r):
				end = len(s) - len(strings.TrimLeftFunc(s, inWord))
				size = end
			}
			if end > 0 && !yield(s[:end]) {
				return
			}
			s = s[size:]
		}
	}
}

func inWord(r rune) bool { return !spaceless(r) && unicode.In(r, unicode.L, unicode.N, unicode.M) }

func spaceless(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
