package workers

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestQuoteIsFoundAsAReaderSeesIt(t *testing.T) {
	for _, c := range []struct{ name, text, quote, want string }{
		{"emphasis", "The rent is **1,840 euros** a *long* month.", "The rent is 1,840 euros a long month.", "The rent is **1,840 euros** a *long* month."},
		{"emphasis within emphasis", "It is **very _bold_** here.", "very bold here", "very _bold_** here"},
		{"emphasis in Chinese", "租金为**1,840欧元**每月。", "租金为1,840欧元每月", "租金为**1,840欧元**每月"},
		{"code", "Set `GOFLAGS` first.", "Set GOFLAGS first", "Set `GOFLAGS` first"},
		{"a link", "See the [fee schedule](https://example.org/f_(2)) for it.", "See the fee schedule for it.", "See the [fee schedule](https://example.org/f_(2)) for it."},
		{"a link with a title", `The [rules](rules.md "All of them") hold.`, "The rules hold.", `The [rules](rules.md "All of them") hold.`},
		{"escapes of Markdown", `read\_me costs 5 \* 3`, "read_me costs 5 * 3", `read\_me costs 5 \* 3`},
		{"escapes of JSON", `sagt: \"betr\u00e4gt 5 \u20ac\" \ud83d\ude00 so`, `sagt: "beträgt 5 €" 😀 so`, `sagt: \"betr\u00e4gt 5 \u20ac\" \ud83d\ude00 so`},
		{"entities", "P&amp;L rose by 4&#160;percent &#x2014; well", "P&L rose by 4 percent - well", "P&amp;L rose by 4&#160;percent &#x2014; well"},
		{"a word over two lines", "notice of termi-\nnation with", "notice of termination with", "notice of termi-\nnation with"},
		{"a word over two comment lines", "// notice of termi-\n// nation with", "notice of termination with", "notice of termi-\n// nation with"},
		{"two words over two lines", "a well-\nknown and termi-\nnated lease", "a well-known and terminated lease", "a well-\nknown and termi-\nnated lease"},
		{"a hyphen that stands for a word", "Vor-\nund Nachteile, Termi-\nne", "Vor- und Nachteile, Termine", "Vor-\nund Nachteile, Termi-\nne"},
		{"a range over two lines", "**in** 2026-\n27 and", "in 2026-27 and", "in** 2026-\n27 and"},
		{"ligatures", "The oﬃce ﬂoor", "The office floor", "The oﬃce ﬂoor"},
		{"accents of their own", norm.NFD.String("Le café ferme à midi"), "Le café ferme à midi", norm.NFD.String("Le café ferme à midi")},
		{"accents in the quote", "Le café ferme", norm.NFD.String("Le café ferme"), "Le café ferme"},
		{"Korean letters", norm.NFD.String("계약 기간은 오 년"), "계약 기간은 오 년", norm.NFD.String("계약 기간은 오 년")},
		{"lines in Chinese", "承租人可以提前六个月书面通知\n  出租人解除合同，\n2026年", "承租人可以提前六个月书面通知出租人解除合同，2026年", "承租人可以提前六个月书面通知\n  出租人解除合同，\n2026年"},
		{"spaces of the quote in Chinese", "自2026年3月起", "自 2026 年 3 月起", "自2026年3月起"},
		{"full-width signs", "期間は２０２６年，ＡＢＣ", "期間は2026年,ABC", "期間は２０２６年，ＡＢＣ"},
		{"digits of other scripts", "المدة ٣٠ يوما", "المدة 30 يوما", "المدة ٣٠ يوما"},
		{"a mail", "> planned for the ninth\n> of March, if\n>all is green", "planned for the ninth of March, if all is green", "planned for the ninth\n> of March, if\n>all is green"},
		{"a block comment", "/* Close ends\n * the stream. What\n *\n * is left\n */", "Close ends the stream. What is left", "Close ends\n * the stream. What\n *\n * is left"},
		{"a script's comment", "# Close ends\n# the stream", "Close ends the stream", "Close ends\n# the stream"},
		{"directions", "היא\u200f שישה\u2067 חודשים", "היא שישה חודשים", "היא\u200f שישה\u2067 חודשים"},
		{"a subtitle's time", "The ship left\n\n[0:00:09] the harbour", "The ship left the harbour", "The ship left\n\n[0:00:09] the harbour"},
		{"a stop that was added", "- rent is due\n- more", "rent is due.", "rent is due"},

		{"a power", "2**10 and 5*3 and 2**12", "210 and 53 and 212", ""},
		{"a product", "holds 5 *3 boxes", "holds 5 3 boxes", ""},
		{"a product of negatives", "3*-2 and 4*-3 boxes", "3-2 and 4-3 boxes", ""},
		{"an exponent", "10¹² neutrons", "1012 neutrons", ""},
		{"a fraction", "takes 5½ hours", "takes 51/2 hours", ""},
		{"a square", "has 20 m² floor", "has 20 m2 floor", ""},
		{"a range joined", "the seasons 2026-\n27", "the seasons 202627", ""},
		{"numbers joined", "２０ ３０年", "2030年", ""},
		{"what was struck out", "~~30~~ 60 days of notice", "30 60 days of notice", ""},
		{"an index", "a[0](x.y) is", "a0 is", ""},
		{"a comparison", "values\n> 5 are dropped", "values 5 are dropped", ""},
		{"a link's target changed", "the [fees](https://example.org/1) are", "the [fees](https://example.org/2) are", ""},
		{"a subtitle's time changed", "ship\n\n[0:00:09] left *now*", "ship\n\n[0:00:08] left now", ""},
		{"an accent left out", norm.NFD.String("le café ferme"), "le cafe ferme", ""},
		{"a word more", "a **b** c", "a b d c", ""},
		{"a figure before the stop", "costs 1.5 *now*", "costs 1.", ""},
	} {
		start, end, ok := locate(c.text, c.quote)
		if got := c.text[start:end]; ok != (c.want != "") || got != c.want {
			t.Errorf("%s: %q in %q: found %q (%v), want %q", c.name, c.quote, c.text, got, ok, c.want)
		}
	}
}

// A passage of words is written down in ways that a reader does not see, and
// found with exactly its bytes; with a letter or digit changed it is not.
func TestPassageIsFoundHoweverItIsWritten(t *testing.T) {
	dress := []func(word string) string{
		func(w string) string { return w },
		func(w string) string { return "**" + w + "**" },
		func(w string) string { return "_" + w + "_" },
		func(w string) string { return "`" + w + "`" },
		func(w string) string { return "[" + w + "](https://example.org/x?y=1)" },
		func(w string) string { return w[:1] + "\u00ad\u200b" + w[1:] },
		func(w string) string { r := []rune(w); return string(r[:2]) + "-\n" + string(r[2:]) },
		func(w string) string { return strings.ReplaceAll(w, "ä", `\u00e4`) },
		func(w string) string { return strings.ReplaceAll(w, "ä", "&auml;") },
		norm.NFD.String,
		strings.NewReplacer("fi", "ﬁ", "0", "０", "7", "７").Replace,
	}
	space := []string{" ", "\n", "\n  ", "&nbsp;", "\u00a0"}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"finder", "clärt", "räte", "fiber", "Stadt", "office"}), 2, 8).Draw(t, "words")
		words = append(words, rapid.StringMatching(`[1-9][07]{2,4}`).Draw(t, "number"))
		var b strings.Builder
		for i, w := range words {
			if i > 0 {
				b.WriteString(rapid.SampledFrom(space).Draw(t, "space"))
			}
			as := rapid.IntRange(0, len(dress)-1).Draw(t, "dress")
			if as == 6 && i == len(words)-1 {
				as = 0 // a number's hyphen is its own
			}
			b.WriteString(dress[as](w))
		}
		text, quote := "Before. "+b.String()+" after.", strings.Join(words, " ")
		start, end, ok := locate(text, quote)
		before, after := strings.Trim(text[:start], "*_`["), strings.Trim(strings.TrimPrefix(strings.Trim(text[end:], "*_`"), "](https://example.org/x?y=1)"), "*_`")
		if !ok || before != "Before. " || after != " after." {
			t.Fatalf("%q in %q: %v, %q", quote, text, ok, text[start:end])
		}
		at := rapid.IntRange(0, len(quote)-1).Draw(t, "at")
		if c := quote[at]; c != ' ' && c < utf8.RuneSelf {
			wrong := quote[:at] + string(c^1) + quote[at+1:]
			if start, end, ok := locate(text, wrong); ok {
				t.Fatalf("%q in %q: %q", wrong, text, text[start:end])
			}
		}
	})
}

var wordOf = regexp.MustCompile(`[0-9A-Za-z]+`)

func FuzzFold(f *testing.F) {
	for _, s := range []string{"a **b** `c` [d](e.f) 2**10", "x-\ny 2026-\n27", "> a\n> b", "/*\n * a\n * b\n */", `\u00e4\"&amp;`, "ｶﾞ２ ３年 e\u0301", "*a _b*_ ***", "[0:00:01] a\n[0:00:02] b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		seen := asSeen(s, nil)
		if len(seen.at) != len(seen.text) || len(seen.end) != len(seen.text) {
			t.Fatal("a byte without a place")
		}
		var before int32
		for i := range seen.text {
			if at, end := seen.at[i], seen.end[i]; at < before || end <= at || int(end) > len(s) {
				t.Fatalf("byte %d is of [%d, %d), after %d, of %d bytes", i, at, end, before, len(s))
			}
			before = seen.at[i]
		}
		// No word and no number is made, lost or changed.
		if strings.ContainsAny(s, `\&-`) || strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return
		}
		if want, got := wordOf.FindAllString(s, -1), wordOf.FindAllString(seen.text, -1); !slices.Equal(want, got) {
			t.Fatalf("%q reads %q", s, seen.text)
		}
	})
}
