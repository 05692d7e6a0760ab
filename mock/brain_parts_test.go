package mock

import (
	"slices"
	"testing"
)

func TestReadPromptKeepsQuestionsInsideTheTextApart(t *testing.T) {
	p := readPrompt(Request{Messages: []Message{{Role: "user", Content: "Question: How long is the warranty?\n\nText:\nQuestion: Where is the shop?\nAnswer: In Ghent.\n\nQuestion: What is covered?\nAnswer: Parts, for two years of warranty."}}})
	if p.question != "How long is the warranty?" {
		t.Errorf("question %q", p.question)
	}
	found := newQuery(p.question).find(p.text, p.path, 1)
	if len(found) == 0 || !hit([]string{p.text[found[0].start:found[0].end]}, 1, "two years") {
		t.Errorf("%v in %q", found, p.text)
	}
}

func TestReadOutlineFindsSourcesInAnyShape(t *testing.T) {
	want := []string{"guide.md", "faq.txt"}
	for _, shown := range []string{
		"Sources:\n- guide.md (12 chunks)\n  - Install\n  - Upgrade\n- faq.txt (3 chunks)\n  - Refunds\n",
		"Outline:\nSource: guide.md\nInstall\nUpgrade\nSource: faq.txt\nRefunds\n",
		"## Outline\n1. `guide.md`: Install, Upgrade\n2. `faq.txt`: Refunds\n",
		"<outline>\n<source name=\"guide.md\" chunks=\"12\">\nInstall\n</source>\n<source name=\"faq.txt\">\nRefunds\n</source>\n</outline>\n",
		"Documents:\n<data-1 label=\"name 'guide.md', 12 chunks\">\n- Install [#1-#3]\n</data-1>\n<data-2 label=\"name 'faq.txt', 3 chunks\">\n- Refunds [#1]\n</data-2>\n",
		"目录：\nguide.md：安装\nfaq.txt：退款\n",
	} {
		p := readPrompt(Request{Messages: []Message{{Role: "user", Content: "Goal: How do I get my money back?\n\n" + shown}}})
		sources, _ := readOutline(p)
		var names []string
		for _, s := range sources {
			names = append(names, s.name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%q: %q", shown, names)
		}
	}
}

func TestReadFindingsTakesListsWithoutNumbers(t *testing.T) {
	for list, want := range map[string]int{
		"The mill stands on the river since 1712 and is still at work today.\n\nThe miller's house was added in 1740, and burnt down.": 2,
		`["The mill stands since 1712.", "The house was added in 1740."]`:                                                              2,
		`{"results":[{"text":"The mill stands since 1712.","source":"a","score":90}]}`:                                                 1,
		`{"answer":"The mill stands since 1712.","confidence":0.7}`:                                                                    1,
		"none": 0,
	} {
		if got := readFindings(list, ""); len(got) != want {
			t.Errorf("%q: %+v", list, got)
		}
	}
}

func TestQueryKeepsQuotedPhrasesTogether(t *testing.T) {
	q := newQuery("Which clause defines \"force majeure event\"?")
	if len(q.groups) != 1 {
		t.Fatalf("groups %v of %v", q.groups, q.terms)
	}
	text := "The event was majeure for us, and force was used.\n\nA force majeure event is a flood, a war or a strike."
	found := q.find(text, "", 1)
	if len(found) == 0 || !hit([]string{text[found[0].start:found[0].end]}, 1, "flood") {
		t.Errorf("%+v", found)
	}
}

func TestUnitsFollowChaptersOfContracts(t *testing.T) {
	text := "§ 4 Kündigung\n\nDie Frist beträgt drei Monate.\n\nArticle 7 Notices\n\nNotices are sent by letter.\n\n第八条 违约责任\n\n违约方支付合同总额的百分之五。\n\nSetext Title\n============\n\nBody text here."
	var heads []string
	for _, u := range splitUnits(text) {
		if u.kind == heading {
			heads = append(heads, text[u.start:u.end])
		} else if u.under < 0 {
			t.Errorf("%q stands under nothing", text[u.start:u.end])
		}
	}
	if want := []string{"§ 4 Kündigung", "Article 7 Notices", "第八条 违约责任", "Setext Title"}; !slices.Equal(heads, want) {
		t.Errorf("%q", heads)
	}
}
