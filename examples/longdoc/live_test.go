package main

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestLiveTextEndsWithItsLine(t *testing.T) {
	text := func(s string) swarm.Event { return swarm.Event{Kind: swarm.AnswerText, Text: s} }
	anew := func(s string) swarm.Event { return swarm.Event{Kind: swarm.AnswerText, Text: s, Reset: true} }
	merged, ended := swarm.Event{Kind: swarm.MergeEnded}, swarm.Event{Kind: swarm.RunEnded}
	for name, c := range map[string]struct {
		events []swarm.Event
		want   string
	}{
		"no answer":          {[]swarm.Event{merged, ended}, ""},
		"pieces":             {[]swarm.Event{text("The bridge "), text("opened."), merged, ended}, "The bridge opened.\n"},
		"own newline":        {[]swarm.Event{text("Opened.\n"), merged, ended}, "Opened.\n"},
		"another round":      {[]swarm.Event{text("Perhaps."), merged, anew("Yes."), merged, ended}, "Perhaps.\n\n(The answer is written anew.)\n\nYes.\n"},
		"call broke off":     {[]swarm.Event{text("The br"), anew(""), text("The bridge."), merged, ended}, "The br\n\n(The answer is written anew.)\n\nThe bridge.\n"},
		"broke off for good": {[]swarm.Event{text("The br"), anew(""), merged, ended}, "The br\n\n(The text above was taken back.)\n"},
		"nothing to replace": {[]swarm.Event{anew(""), text("Yes."), merged, ended}, "Yes.\n"},
		"cancelled":          {[]swarm.Event{text("The br"), ended}, "The br\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			f := live(&out)
			for _, e := range c.events {
				f(e)
			}
			if out.String() != c.want {
				t.Errorf("wrote %q, want %q", out.String(), c.want)
			}
		})
	}
}

func TestProgressDoesNotGlueToTheAnswer(t *testing.T) {
	t.Parallel()
	// Both streams in one place, as in a log file.
	var both strings.Builder
	status := run(t.Context(), []string{"-q", "When was the bridge opened?", "-file", "-"}, strings.NewReader("The bridge was opened in 1904."), &both, &both, noEnv)
	got := both.String()
	if status != exitOK || !strings.Contains(got, "\nThe bridge was opened in 1904. [1]\ndone ") || !strings.Contains(got, "\n\nPassages\n") {
		t.Errorf("status %d\n%s", status, got)
	}
}

func TestCostTableSetsNumbersToTheRight(t *testing.T) {
	a := &swarm.Answer{Report: swarm.Report{Usage: swarm.Usage{Calls: 7, In: 1234567, Cached: 999, Out: 1000, Cost: swarm.Dollar}, SourceTokens: 60000}}
	for _, want := range []string{
		"                                calls  tokens in  of these cached  tokens out     cost   time\n",
		"  swarm, both                       7  1,234,567              999       1,000    $1.00  0.0 s\n",
		"  large model alone, estimated            60,000                               unknown       \n",
	} {
		if got := costs(a, nil, false); !strings.Contains(got, want) {
			t.Errorf("got\n%swant in it\n%s", got, want)
		}
	}
}

func TestCostSaysWhatIsNotKnown(t *testing.T) {
	a := &swarm.Answer{Text: "Yes."}
	a.Report.Usage = swarm.Usage{Calls: 1, In: 10, Unpriced: true}
	if got := costs(a, nil, false); strings.Count(got, "unknown") != 2 || strings.Contains(got, "%") {
		t.Errorf("unpriced:\n%s", got)
	}
	a.Report.Usage = swarm.Usage{Calls: 1, In: 10, Cost: swarm.Dollar, AtLeast: true}
	whole := 2 * swarm.Dollar
	a.Report.Alone = &whole
	if got := costs(a, nil, true); !strings.Contains(got, "at least $1.00") || strings.Contains(got, "%") || !strings.Contains(got, "mock") {
		t.Errorf("cut short:\n%s", got)
	}
	a.Report.Usage.AtLeast = false
	if got := costs(a, nil, false); !strings.Contains(got, "50.0 % of what the large model alone would cost") {
		t.Errorf("estimated:\n%s", got)
	}
	other := &swarm.Answer{Report: swarm.Report{Usage: swarm.Usage{Calls: 3, Cost: 4 * swarm.Dollar}}}
	if got := costs(a, other, false); !strings.Contains(got, "25.0 % of what the large model alone cost.") || strings.Contains(got, "estimated") {
		t.Errorf("compared:\n%s", got)
	}
	other.Report.Usage.Cost = swarm.Dollar / 25
	if got := costs(a, other, false); !strings.Contains(got, "25.0 times what the large model alone cost.") {
		t.Errorf("a short text:\n%s", got)
	}
}

func TestIndentFoldsTextsWithoutSpaces(t *testing.T) {
	for line := range strings.SplitSeq(indent(strings.Repeat("茶", 300)+" end"), "\n") {
		if n := len([]rune(line)); n > 4+92 || !strings.HasPrefix(line, "    ") {
			t.Errorf("%d runes: %q", n, line)
		}
	}
	if got := indent(" a\n b  c "); got != "    a\n    b c" {
		t.Errorf("%q", got)
	}
}
