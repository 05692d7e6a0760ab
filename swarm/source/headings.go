package source

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestHeading is the most bytes of a line that may be a heading; longestTitle
// the most bytes of it that paths and outlines show.
const (
	longestHeading = 240
	longestTitle   = 120
)

var atx = regexp.MustCompile(`^(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$`)

// atxHeading tells the level and title of a Markdown heading that begins with
// #; level 0 if the line is none.
func atxHeading(line string) (level int, title string) {
	if m := atx.FindStringSubmatch(line); m != nil && len(line) <= longestHeading && strings.Trim(m[2], "#") != "" {
		if title = plainTitle(m[2]); title != "" {
			return len(m[1]), title
		}
	}
	return 0, ""
}

// underline tells the level that a line of = or - gives the line above it.
func underline(line string) int {
	line = strings.TrimRight(line, " \t")
	if len(line) < 3 || len(line) > longestHeading {
		return 0
	}
	switch {
	case strings.Trim(line, "=") == "":
		return 1
	case strings.Trim(line, "-") == "":
		return 2
	}
	return 0
}

var (
	mdLink   = regexp.MustCompile(`!?\[([^\[\]]*)\](\([^()]*\)|\[[^\[\]]*\])`)
	mdTag    = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	mdAnchor = regexp.MustCompile(`\s*\{[#.][^{}]*\}$`)
)

// plainTitle takes Markdown's marks off a heading and shortens it.
func plainTitle(title string) string {
	title = mdAnchor.ReplaceAllString(title, "")
	title = mdLink.ReplaceAllString(title, "$1")
	title = mdTag.ReplaceAllString(title, "")
	title = strings.NewReplacer("**", "", "`", "").Replace(title)
	return shorten(strings.Join(strings.Fields(title), " "), longestTitle)
}

// shorten cuts s to at most n bytes, at a rune, and marks the cut.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.TrimSpace(strings.ToValidUTF8(s[:n-len("…")], "")) + "…"
}

// Ranks of headings in text without Markdown. A heading stands under the
// nearest earlier one of a lower rank.
const (
	rankPart = 1 + iota
	rankChapter
	rankCaps
	rankSection
	rankTitle
	rankArticle
	rankNumber  // 3 Foo, 一、
	rankNumber2 // 3.2 Foo, （一）
	rankNumber3
	rankNumber4
)

const (
	roman  = `[IVXLC]{1,7}`
	number = `(?:\d{1,4}[A-Z]?(?:\.\d{1,3}){0,4}|` + roman + `|[A-Z])`
	cjkNum = `[0-9０-９〇零一二三四五六七八九十百千两]{1,7}`
)

// plainRules find headings by how they begin. An inline rule's heading may
// stand at the beginning of a paragraph, and what it matched is the title.
var plainRules = []struct {
	begins *regexp.Regexp
	rank   int
	inline bool
}{
	{regexp.MustCompile(`^(?i:part|book|volume|teil|partie|parte|часть)\s+` + number + `(?:[\s.:–—-]|$)`), rankPart, false},
	{regexp.MustCompile(`^(?i:chapter|appendix|annex|schedule|kapitel|anhang|chapitre|annexe|capítulo|anexo|глава|приложение)\s+` + number + `(?:[\s.:–—-]|$)`), rankChapter, false},
	{regexp.MustCompile(`^(?i:section|item|abschnitt|sección|sezione|раздел)\s+` + number + `(?:[\s.:–—-]|$)`), rankSection, false},
	{regexp.MustCompile(`^(?i:article|artikel|artículo|articolo|clause|статья)\s+` + number + `(?:[\s.:–—-]|$)`), rankArticle, false},
	{regexp.MustCompile(`^§\s*\d+[a-z]?`), rankArticle, false},
	{regexp.MustCompile(`^第\s*` + cjkNum + `\s*[编編篇卷部]分?`), rankPart, false},
	{regexp.MustCompile(`^第\s*` + cjkNum + `\s*[章回]`), rankChapter, false},
	{regexp.MustCompile(`^第\s*` + cjkNum + `\s*[节節]`), rankSection, false},
	{regexp.MustCompile(`^第\s*` + cjkNum + `\s*[条條](?:之[一二三四五六七八九十]+)?`), rankArticle, true},
	{regexp.MustCompile(`^제\s*\d{1,4}\s*[편부]`), rankPart, false},
	{regexp.MustCompile(`^제\s*\d{1,4}\s*장`), rankChapter, false},
	{regexp.MustCompile(`^제\s*\d{1,4}\s*절`), rankSection, false},
	{regexp.MustCompile(`^제\s*\d{1,4}\s*조(?:의\s*\d+)?(?:\([^()]{1,60}\))?`), rankArticle, true},
	{regexp.MustCompile(`^[一二三四五六七八九十]{1,3}\s*[、．.]`), rankNumber, false},
	{regexp.MustCompile(`^[（(][一二三四五六七八九十]{1,3}[）)]`), rankNumber2, false},
	{regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\.?\s+\S`), rankNumber4, false},
	{regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.\d{1,3}\.?\s+\S`), rankNumber3, false},
	{regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.?\s+\S`), rankNumber2, false},
	{regexp.MustCompile(`^\d{1,3}[.)]?\s+\S`), rankNumber, false},
	{regexp.MustCompile(`^` + roman + `\.\s+\S`), rankNumber, false},
	{regexp.MustCompile(`^(?i:section|article|artikel|clause)\s+` + number + `[.:]`), rankArticle, true},
}

// plainHeading tells the rank and title of a line of text without Markdown.
// alone says that blank lines stand before and after it. next is the line that
// follows, blank ones skipped. Rank 0: no heading.
func plainHeading(line string, alone bool, next string) (rank int, title string, inline bool) {
	short := len(line) <= longestHeading && shortTitle(line)
	head := shorten(line, longestHeading)
	for _, r := range plainRules {
		if !short && !r.inline {
			continue
		}
		m := r.begins.FindString(head)
		switch {
		case m == "":
			continue
		case short && r.rank >= rankNumber && !(alone && numberedTitle(line, next)):
			return 0, "", false
		case short && r.rank < rankArticle && !alone && next != "" && continues(next):
			return 0, "", false
		case short:
			return r.rank, plainTitle(line), false
		}
		return r.rank, plainTitle(m), true
	}
	switch {
	case !short || !alone || next == "":
		return 0, "", false
	case allCaps(line):
		return rankCaps, plainTitle(line), false
	case titleLine(line) && !titleLine(next):
		return rankTitle, plainTitle(line), false
	}
	return 0, "", false
}

// shortTitle reports whether a line is as short as a heading and does not end
// as a sentence, a clause or a row does.
func shortTitle(line string) bool {
	last, _ := utf8.DecodeLastRuneInString(line)
	return !strings.ContainsRune(".,;:!?。，、；：！？…|>{", last) &&
		utf8.RuneCountInString(line) <= 90 && !strings.ContainsAny(line, "\t|=")
}

// numberedTitle reports whether a numbered line is a heading and no item of a
// list: it begins with a capital or a letter without case, and the line that
// follows is not numbered as it is.
func numberedTitle(line, next string) bool {
	rest := strings.TrimLeft(line, "0123456789.)（(一二三四五六七八九十）、． \t")
	first, _ := utf8.DecodeRuneInString(rest)
	if rest != "" && (!unicode.IsLetter(first) || unicode.IsLower(first)) {
		return false
	}
	return next != "" && !sameNumbering(next, line)
}

func sameNumbering(a, b string) bool {
	n := numbering(a)
	return n != "" && n == numbering(b)
}

var (
	digits     = regexp.MustCompile(`[0-9一二三四五六七八九十]+`)
	numberMark = regexp.MustCompile(`^[0-9一二三四五六七八九十.)(、．（）]+`)
)

// numbering gives the shape of a line's number: "1.2 Foo" has "0.0".
func numbering(line string) string {
	return strings.TrimSuffix(digits.ReplaceAllString(numberMark.FindString(line), "0"), ".")
}

// continues reports whether a line goes on with the sentence of the one above.
func continues(next string) bool {
	first, _ := utf8.DecodeRuneInString(next)
	return unicode.IsLower(first)
}

func allCaps(line string) bool {
	letters := 0
	for _, r := range line {
		switch {
		case unicode.IsLower(r):
			return false
		case unicode.IsUpper(r):
			letters++
		}
	}
	return letters >= 4 && letters*2 >= utf8.RuneCountInString(line)
}

// titleLine reports whether a line may be a title without number or capitals:
// a few words that begin with a capital, or a short line in a script without
// case, and no sentence.
func titleLine(line string) bool {
	first, _ := utf8.DecodeRuneInString(line)
	if !unicode.IsLetter(first) || unicode.IsLower(first) || len(line) > longestHeading || !shortTitle(line) {
		return false
	}
	if strings.ContainsAny(line, "\"()[]{}<>=/\\@#;,，。！？；") || strings.Contains(line, ". ") || strings.Contains(line, ": ") {
		return false
	}
	return len(strings.Fields(line)) <= 10 && utf8.RuneCountInString(line) <= 60
}
