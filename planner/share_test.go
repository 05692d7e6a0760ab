package planner

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

func TestOutlinesAreCutToTheSameSizeAndSaidSo(t *testing.T) {
	var b swarm.Brief
	b.Task.Goal = "What is in the cellar?"
	b.Task.Sources = append(b.Task.Sources, source("small", "Only this", "x"))
	for i := range 3 {
		var o strings.Builder
		for h := range 200 {
			fmt.Fprintf(&o, "Chapter %d.%d\n  Section with a longer name %d\n", i, h, h)
		}
		b.Task.Sources = append(b.Task.Sources, source(fmt.Sprintf("big%d", i), o.String(), strings.Repeat("x", 2_000_000)))
	}
	const room = 3000
	p := DefaultPlanPrompt(b, room)
	if got := promptTokens(p); got > room || got < room*3/4 {
		t.Errorf("%d tokens for a room of %d", got, room)
	}
	for _, want := range []string{"Only this", "were cut", "Chapter 0.0", "Chapter 2.0", "What is in the cellar?"} {
		if !strings.Contains(p.User, want) {
			t.Errorf("the prompt lacks %q", want)
		}
	}
	if strings.Contains(p.User, "Section") {
		t.Error("deep headings stayed where there was no room for all chapters")
	}
	for i := range 3 {
		if n := strings.Count(p.User, fmt.Sprintf("Chapter %d.", i)); n < 50 || n > 199 {
			t.Errorf("source %d shows %d chapters", i, n)
		}
	}
	if whole := DefaultPlanPrompt(b, 100_000); strings.Contains(whole.User, "were cut") || !strings.Contains(whole.User, "Section with a longer name 199") {
		t.Error("outlines were cut although there was room")
	}
}

func TestSourcesThatDoNotFitAreCounted(t *testing.T) {
	var b swarm.Brief
	for i := range 1000 {
		b.Task.Sources = append(b.Task.Sources, source(fmt.Sprintf("file-%d.txt", i), "Heading", "x"))
	}
	p := DefaultPlanPrompt(b, 4000)
	if got := promptTokens(p); got > 4000 || !strings.Contains(p.User, "more sources are not shown") {
		t.Errorf("%d tokens; %s", got, p.User[max(0, len(p.User)-400):])
	}
	if p = DefaultPlanPrompt(swarm.Brief{}, 4000); !strings.Contains(p.User, "no source texts") {
		t.Error(p.User)
	}
}

func TestManySourcesAreShownByTheBeginningsOfTheirOutlines(t *testing.T) {
	var b swarm.Brief
	for i := range 300 {
		o := fmt.Sprintf("a/file \"%d\".txt: Markdown, 3 KB\n- Title %d [#1-#2]\n  - Topic %d [#2]\n%s", i, i, i, strings.Repeat("- And so on\n", 9))
		b.Task.Sources = append(b.Task.Sources, source(fmt.Sprintf("a/file \"%d\".txt", i), o, strings.Repeat("x", 15_000), "y"))
	}
	p := DefaultPlanPrompt(b, 11_000)
	if got := promptTokens(p); got > 11_000 || got < 7500 {
		t.Errorf("%d tokens", got)
	}
	for _, want := range []string{`"a/file \"0\".txt", chunks: 2` + "\nMarkdown, 3 KB\n- Title 0", "- Title 299", " …\n"} {
		if !strings.Contains(p.User, want) {
			t.Errorf("the prompt lacks %s", want)
		}
	}
	if strings.Contains(p.User, "not shown") || strings.Count(p.User, "<data-") != 1 {
		t.Error(p.User[:600])
	}
}

func TestOutlinesTakeAHundredthOfTheTextsAtMost(t *testing.T) {
	var b swarm.Brief
	for i := range 5000 {
		name := fmt.Sprintf("f%d.txt", i)
		b.Task.Sources = append(b.Task.Sources, source(name, name+": text, 600 bytes\nFile says that", strings.Repeat("a line", 100)))
	}
	p := DefaultPlanPrompt(b, 100_000)
	texts := 5000 * 600 / 4
	if got := swarm.EstimateTokens(p.User); got > texts/100+200 || got < texts/200 {
		t.Errorf("%d tokens of outlines for %d tokens of texts", got, texts)
	}
}

func TestWhatNobodyReadIsToldInAFewWords(t *testing.T) {
	c := swarm.Coverage{Subtasks: 1, Done: 1, ChunksRead: 8, ChunksKnown: 26_000}
	for i := range 32 {
		c.Unread = append(c.Unread, fmt.Sprintf("some/where/file%d.go#1 to some/where/file%d.go#30", i, i))
	}
	c.Unread = append(c.Unread, "and 25032 chunks more")
	got := coverage(c)
	if n := swarm.EstimateTokens(got); n > 400 || !strings.Contains(got, "8 of 26000 chunks of the texts were read") || !strings.Contains(got, "chunks not read: some/where/file0.go#1 to some/where/file0.go#30, ") || !strings.HasSuffix(got, "and more.\n") {
		t.Errorf("%d tokens: %s", n, got)
	}
	c.Unread = c.Unread[:2]
	if got = coverage(c); strings.Contains(got, "more") {
		t.Error(got)
	}
}

func TestLimitsAreToldWhereTheyAreNarrow(t *testing.T) {
	b := lease()
	b.Max = swarm.Limits{Steps: 5, Subtasks: 40, Depth: 10000}
	if p := DefaultPlanPrompt(b, 10000); !strings.Contains(p.User, "at most 5 steps, 40 workers' calls, all rounds") {
		t.Error(p.User)
	}
	b.Max = swarm.Limits{Steps: 10000, Subtasks: 1 << 20, Depth: 10000}
	if p := DefaultPlanPrompt(b, 10000); strings.Contains(p.User, "Limits") {
		t.Error(p.User)
	}
}

func TestKnownFindingsFitTheRoom(t *testing.T) {
	b := lease()
	b.Round = 3
	b.Asked = strings.Repeat("more about the roof, ", 500)
	for i := range 40 {
		b.Known = append(b.Known, swarm.Known{Step: fmt.Sprintf("1/s%d", i), Do: "find", Digest: strings.Repeat("The roof leaks. ", 100)})
	}
	p := DefaultPlanPrompt(b, 6000)
	if got := promptTokens(p); got > 6000 || !strings.Contains(p.User, `label="step 1/s39"`) {
		t.Errorf("%d tokens", got)
	}
}

func TestCutOutlineKeepsRunesWhole(t *testing.T) {
	text := strings.Repeat("屋顶漏水，房东修理。", 100)
	got := cutOutline(text, 50)
	if !utf8.ValidString(got) || swarm.EstimateTokens(got) > 50 || !strings.HasSuffix(got, "…") || len(got) < 90 {
		t.Errorf("%d tokens: %q", swarm.EstimateTokens(got), got)
	}
	if got = cutOutline("a\n  b", 100); got != "a\n  b" {
		t.Error(got)
	}
	if got = cutOutline(text, 0); got != " …" {
		t.Errorf("%q", got)
	}
}
