package mock

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// headingLevel tells whether line k of a block of n lines is a heading: its
// level from 1 (0: none), and how many lines it takes.
func (s *splitter) headingLevel(l string, k, n int, next string) (level, lines int) {
	t := strings.TrimSpace(l)
	if h := len(t) - len(strings.TrimLeft(t, "#")); h > 0 && h <= 6 && len(t) > h && t[h] == ' ' {
		return h, 1
	}
	if u := strings.TrimSpace(next); len(u) >= 3 && (strings.Trim(u, "=") == "" || strings.Trim(u, "-") == "") && !isRow(l) {
		if u[0] == '=' {
			return 1, 2
		}
		return 2, 2
	}
	if k > 0 || len(t) > 90 || isRow(l) || len(l) > len(strings.TrimLeft(l, " \t")) {
		return 0, 0
	}
	if lead := chapterLevel(t); lead > 0 && !goesOn(l, next) {
		return lead, 1
	}
	r, _ := utf8.DecodeRuneInString(t)
	if n > 1 || unicode.IsLower(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) || startsItem(l) {
		return 0, 0
	}
	last, _ := utf8.DecodeLastRuneInString(t)
	if strings.ContainsRune(".!?。！？;；,，:：)\"”」…", last) || strings.Contains(t, "：") || strings.Contains(t, ": ") {
		return 0, 0
	}
	if strings.Count(t, " ") > 9 || unspaced(r) && utf8.RuneCountInString(t) > 24 {
		return 0, 0
	}
	return 7, 1
}

// chapterLevel is the level of a line such as "§ 4 Term", "Article 7. Notice",
// "3.2 Scope" or "第三章 范围"; 0: it is none.
func chapterLevel(t string) int {
	if strings.HasPrefix(t, "第") {
		i := strings.IndexAny(t, " 　")
		head := t
		if i > 0 {
			head = t[:i]
		}
		switch r, _ := utf8.DecodeLastRuneInString(head); r {
		case '章', '编', '部':
			return 3
		case '节', '節', '条':
			if len(t) <= 60 && !strings.ContainsAny(t, "。，；") {
				return 4
			}
		}
		return 0
	}
	if strings.ContainsAny(t[len(t)-1:], ".:;,") || strings.HasSuffix(t, "。") {
		return 0
	}
	word, rest, _ := strings.Cut(t, " ")
	num := word
	switch strings.ToLower(word) {
	case "§", "article", "section", "chapter", "part", "clause", "artikel", "abschnitt", "kapitel", "chapitre", "artículo", "capítulo", "annex", "appendix":
		num, rest, _ = strings.Cut(rest, " ")
		if num == "" {
			return 0
		}
	default:
		if rest == "" || !strings.Contains(num, ".") {
			return 0
		}
	}
	if strings.Trim(num, "0123456789.IVX") != "" {
		return 0
	}
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && !unicode.IsUpper(r) && !unspaced(r) {
		return 0
	}
	return min(3+strings.Count(strings.TrimSuffix(num, "."), "."), 6)
}

// sentences cuts [start, end) at the ends of its sentences.
func (s *splitter) sentences(start, end int, kind unitKind) {
	text := s.text
	from := start
	for i := start; i < end; {
		c := text[i]
		if c == '.' || c == '!' || c == '?' {
			j := i + 1
			for j < end && strings.IndexByte(".!?)\"']*", text[j]) >= 0 {
				j++
			}
			if rest := text[j:end]; strings.HasPrefix(rest, "”") || strings.HasPrefix(rest, "»") {
				j += len("”")
				j = min(j, end)
				for j < end && !utf8.RuneStart(text[j]) {
					j++
				}
			}
			if j >= end || isSpace(text[j]) && endsSentence(text, from, i, j, end) {
				s.add(from, j, kind)
				from = j
			}
			i = j
			continue
		}
		if c < utf8.RuneSelf {
			i++
			if i-from > longUnit && isSpace(c) {
				s.add(from, i, kind)
				from = i
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if r == '。' || r == '！' || r == '？' || r == '；' || r == '．' {
			for i < end {
				r, size := utf8.DecodeRuneInString(text[i:])
				if !strings.ContainsRune("”」』）。！？", r) {
					break
				}
				i += size
			}
			s.add(from, i, kind)
			from = i
		} else if i-from > 2*longUnit || i-from > longUnit && (r == '，' || r == '、') {
			s.add(from, i, kind)
			from = i
		}
	}
	s.add(from, end, kind)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

var abbreviations = wordSet("e.g i.e etc vs cf no nos nr mr mrs ms dr prof st vol fig figs sec ch art approx ca bzw z.b usw abs ziff inc ltd corp co jr sr resp bspw d.h m mme mm ed eds pp op al sra")

// endsSentence tells whether the mark at i, with what clings to it up to j,
// ends a sentence rather than an abbreviation or a number.
func endsSentence(text string, from, i, j, end int) bool {
	if text[i] != '.' {
		return true
	}
	k := i
	for k > from && !isSpace(text[k-1]) && text[k-1] != '(' {
		k--
	}
	word := strings.ToLower(text[k:i])
	if abbreviations[word] || len(word) == 1 && word[0] >= 'a' && word[0] <= 'z' && word != "i" {
		return false
	}
	if word != "" && strings.Trim(word, "0123456789") == "" && (i-from) < 5 {
		return false // "3. Term" is numbering
	}
	for j < end && isSpace(text[j]) {
		j++
	}
	if j >= end {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[j:])
	return !unicode.IsLower(r)
}
