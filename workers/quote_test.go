package workers

import (
	"slices"
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
	c := &swarm.Chunk{Source: "s", ID: "s#1", Text: "x\n“due\n now” y", Start: 50, End: 70, Line: 3, Path: "A", Places: []swarm.Place{{Path: "A"}, {At: 2, Path: "A › B", Head: "| h |"}}}
	all, wrong := quoted(c, `"due now"`)
	if wrong != "" || len(all) != 1 {
		t.Fatal(all, wrong)
	}
	got := all[0]
	if !got.Verified || got.Quote != fold(c.Text[got.Start-50:got.End-50]) || got.Line != 4 || got.Path != "A › B" || got.Head != "| h |" {
		t.Errorf("%+v", got)
	}
}

const stock = "| fish | kg |\n| --- | --- |\n| perch | 12 |\n| pike | 40 |\n| eel | 7 |\n\nThe lake opens in May. Boats may be hired at the pier.\nDogs stay outside."

func TestQuoteOfSeveralStretchesIsSeveral(t *testing.T) {
	for _, c := range []struct {
		name, quote string
		want        []string
	}{
		{"rows that are no neighbours", "| perch | 12 |\n| eel | 7 |", []string{"| perch | 12 |", "| eel | 7 |"}},
		{"the same in one line", "| perch | 12 | | eel | 7 |", []string{"| perch | 12 |", "| eel | 7 |"}},
		{"neighbours are one", "| perch | 12 |\n| pike | 40 |", []string{"| perch | 12 |\n| pike | 40 |"}},
		{"an ellipsis", "The lake opens in May ... Dogs stay outside.", []string{"The lake opens in May", "Dogs stay outside."}},
		{"an ellipsis in brackets", "The lake opens […] at the pier.", []string{"The lake opens", "at the pier."}},
		{"sentences that are no neighbours", "The lake opens in May. Dogs stay outside.", []string{"The lake opens in May.", "Dogs stay outside."}},
		{"in another order", "Dogs stay outside.\nThe lake opens in May.", []string{"Dogs stay outside.", "The lake opens in May."}},
	} {
		spans, wrong := stretches(stock, c.quote)
		var got []string
		for _, s := range spans {
			got = append(got, stock[s.start:s.end])
		}
		if wrong != "" || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %s", c.name, got, wrong)
		}
	}
}

func TestWhatIsWrongWithAQuoteIsToldExactly(t *testing.T) {
	for _, c := range []struct{ name, quote, want string }{
		{"a changed word", "Boats may be bought at the pier.", `after "Boats may be" the text goes on "hired at the pier. Dogs stay outside.", the quote "bought at the pier."`},
		{"a changed figure", "| pike | 41 |", `after "| pike |" the text goes on "40 | | eel | 7 | The lake`},
		{"one row of two", "| perch | 12 |\n| trout | 3 |", `the quote "| trout | 3 |" does not stand in the text`},
		{"words put together anew", "The lake opens in May be hired at the pier.", `after "The lake opens in May" the text goes on`},
		{"nothing of it", "Swimming is forbidden.", `the quote "Swimming is forbidden." does not stand in the text`},
		{"marks alone", "...", "there is no quote"},
	} {
		if _, wrong := stretches(stock, c.quote); !strings.Contains(wrong, c.want) {
			t.Errorf("%s: %s", c.name, wrong)
		}
	}
}

func FuzzLocate(f *testing.F) {
	f.Add("The  tenant pays\nrent.", "tenant pays rent")
	f.Add("a “b” – c…", `"a "b" - c..."`)
	f.Add("15 apples 5 apples", "5 apples")
	f.Fuzz(func(t *testing.T, text, quote string) {
		start, end, ok := locate(text, quote)
		if !ok || !utf8.ValidString(text) { // a chunk's text is UTF-8
			return
		}
		if start < 0 || end > len(text) || start >= end {
			t.Fatalf("range [%d, %d) of %d bytes", start, end, len(text))
		}
		if !utf8.ValidString(text[start:end]) {
			t.Fatal("the range cuts a rune")
		}
		// What was found is found again, by white space alone.
		if _, _, again := folded(text).find(fold(text[start:end])); !again {
			t.Fatalf("%q was found for %q, but does not stand by itself", text[start:end], quote)
		}
	})
}

func FuzzStretches(f *testing.F) {
	f.Add(stock, "| perch | 12 | | eel | 7 |")
	f.Add("博物馆有七座纸槽。博物馆离县城十二公里。", "博物馆有七座纸槽。\n十二公里")
	f.Add("a. b c d", "b c x")
	f.Fuzz(func(t *testing.T, text, quote string) {
		if len(text)+len(quote) > 4000 {
			t.Skip()
		}
		spans, wrong := stretches(text, quote)
		if (wrong == "") != (len(spans) > 0) {
			t.Fatalf("%d stretches, and %q", len(spans), wrong)
		}
		for _, s := range spans {
			if s.start < 0 || s.end > len(text) || s.start >= s.end {
				t.Fatalf("range [%d, %d) of %d bytes", s.start, s.end, len(text))
			}
		}
	})
}
