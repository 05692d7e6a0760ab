package workers

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/internal/findings"
)

// span is a range of bytes of a text.
type span struct{ start, end int }

// joint is what a quote's writer puts between stretches that are not neighbours.
var joint = regexp.MustCompile(`\s*(?:\n|[\[(]\s*(?:…|\.{3,})\s*[\])]|…|\.{3,})\s*`)

// stretches finds the parts of a text that a quote is made of. It is one that
// stands there (see locate); or the parts that line breaks or ellipses tell
// apart; or whole sentences and lines that follow on one another without any
// mark. All of them must stand in the text: wrong says in words which does not.
func stretches(text, quote string) (spans []span, wrong string) {
	if bare(quote) == "" {
		return nil, "there is no quote"
	}
	if start, end, ok := locate(text, quote); ok {
		return []span{{start, end}}, ""
	}
	page := asSeen(text, asSeen(quote, nil))
	for _, part := range joint.Split(quote, -1) {
		if bare(part) == "" {
			continue
		}
		if start, end, ok := locate(text, part); ok {
			spans = append(spans, span{start, end})
			continue
		}
		seen := trimQuote(asSeen(part, nil).text)
		more := units(text, page, seen)
		if more == nil {
			return nil, differs(text, page, seen)
		}
		spans = append(spans, more...)
	}
	return spans, ""
}

// units finds whole sentences or lines of a text that a folded quote joins.
// Where one ends and the next begins the text must end one too, so that no
// words are put together anew.
func units(text string, page *foldedText, quote string) (spans []span) {
	for quote != "" {
		n, start, end, ok := len(quote), 0, 0, false
		for ; n > 0; n = lastBreak(quote, n) {
			start, end, ok = page.find(strings.TrimSpace(quote[:n]))
			if ok && (len(spans) == 0 || begins(text, start)) && (n == len(quote) || ends(text, end)) {
				break
			}
		}
		if n == 0 {
			return nil
		}
		spans, quote = append(spans, span{start, end}), strings.TrimSpace(quote[n:])
	}
	return spans
}

// lastBreak returns where the last word before byte n of a folded text begins,
// or the last sentence of a script without spaces; 0: nowhere.
func lastBreak(s string, n int) int {
	for n > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:n])
		if n -= size; n == 0 || r == ' ' {
			return n
		}
		if before, _ := utf8.DecodeLastRuneInString(s[:n]); strings.ContainsRune("。！？；", before) {
			return n
		}
	}
	return 0
}

// ends says that a sentence or line ends at byte i, begins that one begins there.
func ends(text string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	after := strings.TrimLeft(text[i:], " \t")
	return after == "" || after[0] == '\n' || after[0] == '\r' || strings.ContainsRune(`.!?;。！？；"”)`, r)
}

func begins(text string, i int) bool {
	before := strings.TrimRightFunc(text[:i], func(r rune) bool {
		return r == ' ' || r == '\t' || strings.ContainsRune(`-*+>•#"“(/`, r)
	})
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || strings.ContainsRune("\n\r.!?;。！？；", r)
}

// differs says where a quote leaves the text: behind the longest beginning of
// it, of three words at least, that stands there.
func differs(text string, page *foldedText, quote string) string {
	const shown = 60 // runes of what follows; twice as many bytes of what is alike
	for n := lastBreak(quote, len(quote)); n > 0; n = lastBreak(quote, n) {
		same := strings.TrimSpace(quote[:n])
		if strings.Count(same, " ") < 2 && utf8.RuneCountInString(same) < 12 {
			break
		}
		if _, end, ok := page.find(same); ok {
			return fmt.Sprintf("after %q the text goes on %q, the quote %q: copy the words as they stand",
				strings.ToValidUTF8(same[max(0, len(same)-2*shown):], ""),
				findings.Line(text[end:min(len(text), end+16*shown)], shown), findings.Line(quote[n:], shown))
		}
	}
	return fmt.Sprintf("the quote %q does not stand in the text: copy the words that show the answer as they stand, or leave the finding out", findings.Line(quote, shown))
}
