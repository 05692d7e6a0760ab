package workers

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

func TestQuoteIsFoundWhereItStands(t *testing.T) {
	for _, c := range []struct {
		name, text, quote string
		want              string // the bytes of text; empty: not found
	}{
		{"as it is", "a b c", "b", "b"},
		{"all of it", "a b c", "a b c", "a b c"},
		{"white space folded in the text", "the\n  first\tday", "the first day", "the\n  first\tday"},
		{"white space folded in the quote", "the first day", " the\nfirst   day ", "the first day"},
		{"no-break and ideographic spaces", "the\u00a0first\u3000day", "the first day", "the\u00a0first\u3000day"},
		{"the first of several", "one x one", "one", "one"},
		{"Chinese, inside a sentence", "租金每月一日支付。", "每月一日", "每月一日"},
		{"a row of a table", "| a | 1 |\n| b | 22 |", "| b | 22 |", "| b | 22 |"},

		{"curly quotation marks", "he said “it’s due”", `he said "it's due"`, "he said “it’s due”"},
		{"dashes", "pages 3–5 — all", "pages 3-5 - all", "pages 3–5 — all"},
		{"soft hyphens", "the con\u00adtract ends", "the contract ends", "the con\u00adtract ends"},
		{"ellipsis sign", "wait… then go", "wait... then go", "wait… then go"},
		{"marks of the quote's writer", "rent is due today", `"rent is due"`, "rent is due"},
		{"an ellipsis of the quote's writer", "rent is due today", "…rent is due...", "rent is due"},

		{"another word", "rent is due on the first", "rent is due on the last", ""},
		{"another figure", "it costs 15 apples", "it costs 16 apples", ""},
		{"a figure cut short", "it costs 15 apples", "5 apples", ""},
		{"a decimal cut short", "it costs 1.50 now", "it costs 1", ""},
		{"the end of a decimal", "it costs 1.50 now", "50 now", ""},
		{"thousands cut short", "paid 1,200 euros", "200 euros", ""},
		{"a number without its sign", "profit was -5 million", "5 million", ""},
		{"a number without its minus", "(−5 million)", "5 million", ""},
		{"a fraction without its point", "it grew by .5 percent", "5 percent", ""},
		{"the end of a range", "the years 2019-2020 went", "2020 went", "2020 went"},
		{"what follows a bullet", "one\n- 5 apples", "5 apples", "5 apples"},
		{"a letter without its accent", "a cafe\u0301 here", "a cafe", ""},
		{"a word cut short", "unhappy people", "happy people", ""},
		{"later where it stands by itself", "15 apples, 5 apples", "5 apples", "5 apples"},
		{"a sentence's end", "It was 1999. Then 5 came.", "It was 1999.", "It was 1999."},
		{"another case", "Rent is due", "rent is due", ""},
		{"nothing", "text", "", ""},
		{"space", "text more", "  \n ", ""},
		{"marks alone", "a, b. c...", "...", ""},
		{"longer than the text", "ab", "ab ab", ""},
		{"invalid bytes", "a \xff b", "a \xff b", "a \xff b"},
	} {
		start, end, ok := locate(c.text, c.quote)
		if got := c.text[start:end]; ok != (c.want != "") || got != c.want {
			t.Errorf("%s: %q in %q: found %q (%v), want %q", c.name, c.quote, c.text, got, ok, c.want)
		}
		if i := strings.Index(c.text, c.want); ok && c.name == "later where it stands by itself" && start == i {
			t.Errorf("%s: found in the middle of a number", c.name)
		}
	}
}

func TestCitationQuotesTheSourcesOwnWords(t *testing.T) {
	c := &swarm.Chunk{Source: "s", ID: "s#1", Text: "x “due\n now” y", Start: 50, End: 70}
	got := cite(c, `"due now"`)
	if !got.Verified || got.Quote != fold(c.Text[got.Start-50:got.End-50]) {
		t.Errorf("%+v", got)
	}
}

func FuzzLocate(f *testing.F) {
	f.Add("The  tenant pays\nrent.", "tenant pays rent")
	f.Add("a “b” – c…", `"a "b" - c..."`)
	f.Add("15 apples 5 apples", "5 apples")
	f.Fuzz(func(t *testing.T, text, quote string) {
		start, end, ok := locate(text, quote)
		if !ok {
			return
		}
		if start < 0 || end > len(text) || start >= end {
			t.Fatalf("range [%d, %d) of %d bytes", start, end, len(text))
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[start:end]) {
			t.Fatal("the range cuts a rune")
		}
		// What was found is found again, by white space alone.
		if _, _, again := search(text, fold(text[start:end]), false); !again {
			t.Fatalf("%q was found for %q, but does not stand by itself", text[start:end], quote)
		}
	})
}
