package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// reply is what -json prints, as far as tests read it.
type reply struct {
	Answer    string
	Citations []swarm.Citation
	Status    swarm.Status
	Coverage  swarm.Coverage
	Report    struct {
		Cost, Alone  *float64
		SourceTokens int `json:"source_tokens"`
		Calls        int
		Subtasks     map[string]int
		Seconds      float64
	}
	Compared *struct {
		Calls  int
		Cost   *float64
		Answer string
	}
	Error string
}

func noEnv(string) string { return "" }

// slow leaves a test out of -short that reads much to judge the answers: under the
// race detector it only says the same again.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it reads much: not with -short")
	}
}

// ask runs longdoc against its mock, without the modelled latency.
func ask(t *testing.T, args ...string) reply {
	t.Helper()
	s, err := parse(append(args, "-json"), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	s.paced = false
	var out, log bytes.Buffer
	if err := answer(t.Context(), s, strings.NewReader(""), &out, &log, noEnv); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	var r reply
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	return r
}

// doc returns a document that ships with Go.
func doc(t *testing.T, name string) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("there is no go command to ask for its documents:", err)
	}
	file := filepath.Join(strings.TrimSpace(string(root)), "doc", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("this Go has no doc/%s", name)
	}
	return file
}

// fold folds white space, for facts are compared without it.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// holds tells whether a quote says a fact, which stands in the text in one of
// the wordings that fact lists.
func holds(quote, fact string) bool {
	for wording := range strings.SplitSeq(fact, "|") {
		if strings.Contains(strings.ToLower(fold(quote)), strings.ToLower(fold(wording))) {
			return true
		}
	}
	return false
}

type fact struct{ question, says string }

// hits counts the questions whose fact stands in one of the first three
// verified passages.
func hits(t *testing.T, facts []fact, args ...string) int {
	t.Helper()
	n := 0
	for _, f := range facts {
		r := ask(t, append([]string{"-q", f.question}, args...)...)
		found := false
		for i, c := range r.Citations {
			if i < 3 && c.Verified && holds(c.Quote, f.says) {
				found = true
			}
		}
		if found {
			n++
			continue
		}
		t.Logf("missed: %s\nwant: %s\nanswer: %s", f.question, f.says, r.Answer)
		for i, c := range r.Citations {
			t.Logf("  [%d] %v %s", i+1, c.Verified, fold(c.Quote))
		}
	}
	return n
}

var specFacts = []fact{
	{"In what order are deferred functions executed when the surrounding function returns?", "in the reverse order they were deferred"},
	{"What happens when a program sends a value to a channel that has been closed?", "sending to or closing a closed channel causes a run-time panic"},
	{"At which value does iota start in a constant declaration?", "starting at zero"},
	{"Is the order in which a range loop visits the entries of a map specified?", "iteration order over maps is not specified"},
	{"What happens at run time if an integer is divided by zero?", "If the divisor is zero at run time, a run-time panic occurs"},
	{"Which types are not allowed as the key type of a map?", "the key type must not be a function, map, or slice"},
	{"What does recover return when the goroutine is not panicking?", "recover is nil when the goroutine is not panicking"},
	{"What does the built-in function copy return?", "the number of elements copied"},
	{"For which integer type is rune an alias?", "int32"},
	{"What does append do if the capacity of the slice is too small for the additional values?", "append allocates a new, sufficiently large underlying array"},
}

func TestCitesTheSpecification(t *testing.T) {
	slow(t)
	t.Parallel()
	if n := hits(t, specFacts, "-file", doc(t, "go_spec.html")); n < 8 {
		t.Errorf("%d of %d questions cite their fact among the first three", n, len(specFacts))
	}
}

func TestCitesTheMemoryModel(t *testing.T) {
	slow(t)
	t.Parallel()
	facts := []fact{
		{"What is guaranteed about a send on a channel and the completion of the corresponding receive?", "synchronized before the completion of the corresponding receive|synchronized before the corresponding receive on c completes"},
		{"Is the exit of a goroutine synchronized with other events?", "exit of a goroutine is not guaranteed to be synchronized before any event"},
		{"What does a call of once.Do guarantee about the function that it runs?", "synchronized before the return of any call of once.Do|only one will run f()"},
		{"What may an implementation do when it detects a data race?", "halt execution"},
	}
	if n := hits(t, facts, "-file", doc(t, "go_mem.html")); n < 3 {
		t.Errorf("%d of %d questions cite their fact among the first three", n, len(facts))
	}
}

func TestCitesAChineseText(t *testing.T) {
	facts := []fact{
		{"茶场是哪一年建立的？", "一九五八年"},
		{"杀青的时候锅温应该控制在多少度？", "二百二十摄氏度"},
		{"申请加入合作社要缴纳多少股金？", "股金两千元"},
		{"茶场每星期哪一天不开放？", "每周二闭园"},
	}
	if n := hits(t, facts, "-file", filepath.Join("testdata", "茶.md")); n < 3 {
		t.Errorf("%d of %d questions cite their fact among the first three", n, len(facts))
	}
}

func TestNarrowWindowKeepsTheFirstCitation(t *testing.T) {
	slow(t)
	t.Parallel()
	file := doc(t, "go_spec.html")
	kept := 0
	facts := specFacts[:4]
	for _, f := range facts {
		wide := ask(t, "-file", file, "-q", f.question)
		narrow := ask(t, "-file", file, "-q", f.question, "-planner-context", "3000")
		if len(wide.Citations) > 0 && len(narrow.Citations) > 0 && wide.Citations[0] == narrow.Citations[0] {
			kept++
		} else {
			t.Logf("%s\nwide: %.300v\nnarrow: %.300v", f.question, wide.Citations, narrow.Citations)
		}
	}
	if kept < len(facts)-1 {
		t.Errorf("%d of %d first citations are the same through a context of 3000 tokens", kept, len(facts))
	}
}

func TestSaysThatNothingAnswers(t *testing.T) {
	slow(t)
	r := ask(t, "-file", doc(t, "go_spec.html"), "-q", "How many penguins breed on the southern islands in winter?")
	if len(r.Citations) != 0 || strings.TrimSpace(r.Answer) == "" {
		t.Errorf("answer %q with citations %v", r.Answer, r.Citations)
	}
}

func TestDefaultQuestionIsAnsweredForLess(t *testing.T) {
	doc(t, "go_spec.html")
	r := ask(t, "-compare")
	passages := ""
	for i, c := range r.Citations {
		if i < 3 && c.Verified {
			passages += fold(c.Quote)
		}
	}
	for _, want := range []string{"closed channel causes a run-time panic", "zero value"} {
		if !strings.Contains(passages, want) {
			t.Errorf("the first passages do not say %q: %s", want, passages)
		}
	}
	if r.Report.Cost == nil || r.Report.Alone == nil || *r.Report.Cost <= 0 || *r.Report.Cost >= *r.Report.Alone {
		t.Errorf("cost %v is not below the large model's alone, %v", r.Report.Cost, r.Report.Alone)
	}
	if r.Compared == nil || r.Compared.Calls < 1 || r.Compared.Answer == "" {
		t.Errorf("compared: %+v", r.Compared)
	}
}

func TestTheLargeModelAloneKeepsToASmallContext(t *testing.T) {
	path := file(t, "a.txt", "The bridge was opened in 1904.")
	r := ask(t, "-compare", "-planner-context", "2048", "-file", path, "-q", "When was the bridge opened?")
	if r.Compared == nil || !strings.Contains(r.Compared.Answer, "1904") {
		t.Errorf("compared: %+v", r.Compared)
	}
}
