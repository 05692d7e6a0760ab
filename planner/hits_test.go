package planner

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func book(name string, sections ...string) swarm.Source {
	s := swarm.Source{Name: name}
	for i := 0; i < len(sections); i += 2 {
		n := len(s.Chunks) + 1
		s.Chunks = append(s.Chunks, swarm.Chunk{Source: name, ID: name + "#" + string(rune('0'+n)), Path: sections[i], Text: sections[i+1]})
	}
	return s
}

func TestPlanPromptCountsTheQuestionsWordsInEachSection(t *testing.T) {
	b := swarm.Brief{Round: 1, Task: swarm.Task{Goal: "How high are the accounts payable of Bolt?", Sources: []swarm.Source{
		book("acme.md", "Acme › Business", "The company sells tea.", "Acme › Sheet", "Accounts payable: 5. The accounts are audited.", "Acme › Staff", "The staff is happy.", "Acme › Site", "The site is old.", "Acme › Law", "The law suit is won.", "Acme › Board", "The board met."),
		book("bolt.md", "Bolt › Business", "The company sells milk.", "Bolt › Sheet", "Accounts payable: 7.", "Bolt › Notes", "What is payable is paid."),
	}}}
	got := DefaultPlanPrompt(b, 10_000).User
	for _, want := range []string{"- acme.md#2 (Acme › Sheet): accounts 2,", "- bolt.md#2 (Bolt › Sheet): accounts 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in the prompt:\n%s", want, got)
		}
	}
	if strings.Contains(got, "the 1") || strings.Contains(got, "acme.md#1 (") {
		t.Errorf("words that are everywhere are counted:\n%s", got)
	}
	b.Task.Goal = "云溪茶场的茶叶产量是多少？"
	b.Task.Sources = []swarm.Source{book("茶.md", "天", "多云。", "地理", "云溪茶场位于山谷。", "产量", "去年的茶叶产量是三百吨。", "人", "十七户人家。", "路", "公路通到山外。")}
	if got := DefaultPlanPrompt(b, 10_000).User; !strings.Contains(got, "- 茶.md#3 (产量): ") {
		t.Errorf("text without spaces:\n%s", got)
	}
	b.Task.Sources = b.Task.Sources[:1]
	b.Task.Sources[0].Chunks = b.Task.Sources[0].Chunks[:2]
	if got := DefaultPlanPrompt(b, 10_000).User; strings.Contains(got, "occur most") {
		t.Errorf("of two sections something is said:\n%s", got)
	}
}
