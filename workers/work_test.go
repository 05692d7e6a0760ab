package workers

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestFindingCitesThePassageInTheSource(t *testing.T) {
	s := says(finding("On the first.", "tenant pays rent on the first  day"))
	out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if err != nil {
		t.Fatal(err)
	}
	start := 1000 + strings.Index(leaseText, "tenant")
	end := 1000 + strings.Index(leaseText, " of each")
	want := swarm.Citation{
		Source: "lease.txt", Chunk: "lease.txt#2", Start: start, End: end,
		Quote: "tenant pays rent on the first day", Verified: true, Path: "Lease › Rent", Line: 40,
	}
	if out.Text() != "On the first." || out.Confidence() != 0.8 || out.Doubts != nil || out.Usage != nil {
		t.Errorf("output %+v", out)
	}
	if !slices.Equal(evidence(out), []swarm.Citation{want}) {
		t.Errorf("citations %+v, want %+v", evidence(out), want)
	}
}

func TestQuoteThatIsNotInTheChunkIsMarked(t *testing.T) {
	s := says(finding("On the last.", "tenant pays rent on the last day"))
	out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if err != nil {
		t.Fatal(err)
	}
	c := lease()
	want := swarm.Citation{Source: c.Source, Chunk: c.ID, Start: c.Start, End: c.End, Quote: "tenant pays rent on the last day", Path: "Lease › Rent", Line: 40}
	if !slices.Equal(evidence(out), []swarm.Citation{want}) {
		t.Errorf("citations %+v, want %+v", evidence(out), want)
	}
}

func TestAbstentionIsNoFailure(t *testing.T) {
	s := says(nothing)
	out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if err != nil || len(out.Findings) > 0 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestListIsAFindingAnItem(t *testing.T) {
	s := says("```json\n{\"items\": [\"a\", \" b \", \"\", 3], \"abstain\": false}\n```")
	st := overLease()
	st.Step.Form = swarm.FormList
	out, err := s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil || out.Text() != "a\nb\n3" {
		t.Errorf("%+v, %v", out, err)
	}
	if f := s.seen[0].ResponseFormat; f == nil || f.JSONSchema.Name != "list" || s.seen[0].MaxTokens != 2048 {
		t.Errorf("request %+v", s.seen[0])
	}
	out, err = says(`{"items":[]}`).pool(t, Config{}).Work(t.Context(), st)
	if err != nil || len(out.Findings) > 0 {
		t.Errorf("empty list: %+v, %v", out, err)
	}
}

func TestAnswerFromResultsKeepsWhatItRefersTo(t *testing.T) {
	s := says(`{"answer":"Two says so [2], as nothing else [7].","confidence":0.5}`)
	st := swarm.Subtask{Step: &swarm.Step{ID: "1/sum", Do: "Sum up.", Needs: []string{"1/find"}}, From: earlier()}
	out, err := s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	if len(evidence(out)) != 1 || evidence(out)[0].Source != "b" || !strings.HasPrefix(out.Text(), "Two says so [1]") || strings.Contains(out.Text(), "7") {
		t.Errorf("output %+v", out)
	}
}

func TestAnswerWithoutReferencesKeepsTheBestCitationsInItsBound(t *testing.T) {
	s := says(`{"answer":"Both.","confidence":0.5}`)
	st := swarm.Subtask{Step: &swarm.Step{ID: "r", Do: "Shorten.", Over: swarm.Reduce}, From: earlier()}
	out, err := s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil || len(evidence(out)) != 2 || evidence(out)[0].Source != "b" {
		t.Errorf("%+v, %v: want both, the more confident first", out, err)
	}
	st.Step.MaxOut = 3
	out, err = s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil || len(evidence(out)) != 1 || evidence(out)[0].Source != "b" {
		t.Errorf("%+v, %v: want the best alone", out, err)
	}
	st.From[1].Out.Findings[0].Evidence[0].Verified = false
	out, err = s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil || len(evidence(out)) != 1 || evidence(out)[0].Source != "a" {
		t.Errorf("%+v, %v: want the verified one", out, err)
	}
}

func TestPipelineCitesItsOwnChunkOrWhatCameBefore(t *testing.T) {
	before := earlier()[:1]
	st := overLease()
	st.Step = &swarm.Step{ID: "1/check", Do: "Check it.", Over: swarm.Each, Of: "1/find"}
	st.From = before
	for _, c := range []struct {
		name, reply string
		want        []string // quotes
	}{
		{"its own quote", finding("yes", "The deposit is 15 apples."), []string{"The deposit is 15 apples."}},
		{"number and quote", finding("yes [1]", "The deposit is 15 apples."), []string{"quote one", "The deposit is 15 apples."}},
		{"no quote", finding("yes", ""), []string{"quote one"}},
		{"the earlier quote", finding("yes", "quote one"), []string{"quote one"}},
		{"an invented quote", finding("yes", "no such words"), []string{"no such words"}},
	} {
		out, err := says(c.reply).pool(t, Config{}).Work(t.Context(), st)
		var got []string
		for _, c := range evidence(out) {
			got = append(got, c.Quote)
			if c.Verified == (c.Quote == "no such words") {
				t.Errorf("%+v", c)
			}
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestReplyThatCannotBeReadIsAskedForOnceMore(t *testing.T) {
	s := says("Rent is due on the first.", finding("On the first.", "the first day"))
	out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if err != nil || out.Text() != "On the first." || len(s.seen) != 2 {
		t.Fatalf("%+v, %v after %d calls", out, err, len(s.seen))
	}
	m := s.seen[1].Messages
	if len(m) != 4 || m[2].Role != "assistant" || m[2].Content != "Rent is due on the first." || !strings.Contains(m[3].Content, "no JSON object") {
		t.Errorf("the second call has %+v", m)
	}
	if m[0] != s.seen[0].Messages[0] || m[1] != s.seen[0].Messages[1] {
		t.Error("the second call does not begin as the first")
	}
	s = says("Rent is due on the first.")
	_, err = s.pool(t, Config{}).Work(t.Context(), overLease())
	if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassBroken || len(s.seen) != 2 || strings.Contains(err.Error(), "Rent") {
		t.Errorf("%v after %d calls", err, len(s.seen))
	}
}

func TestFindingsThatCanBeReadAreBetterThanNone(t *testing.T) {
	const half = `{"findings":[{"answer":"On the first.","quote":"the first day"},{"text":"B"}]}`
	for name, second := range map[string]string{"as before": half, "nothing to be read": "I have said so."} {
		s := says(half, second)
		out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
		if err != nil || out.Text() != "On the first." || len(out.Doubts) != 1 || len(s.seen) != 2 {
			t.Errorf("%s: %+v, %v after %d calls", name, out, err, len(s.seen))
		}
	}
}

func TestEachFindingHasItsOwnQuote(t *testing.T) {
	s := says(found("Rent on the first.", "rent\non the first day", "Deposit 15.", "The deposit is 15 apples."))
	out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if err != nil || len(out.Findings) != 2 || len(s.seen) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	for i, want := range []string{"rent on the first day", "The deposit is 15 apples."} {
		if e := out.Findings[i].Evidence; len(e) != 1 || e[0].Quote != want || !e[0].Verified {
			t.Errorf("finding %d has %+v", i, e)
		}
	}
}

func TestStepThatMustAnswerDoesNotAbstain(t *testing.T) {
	s := says(nothing)
	st := overLease()
	st.Step.Must = true
	_, err := s.pool(t, Config{}).Work(t.Context(), st)
	if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassBroken {
		t.Error(err)
	}
	if !strings.Contains(s.seen[0].prompt(), "must not be empty") {
		t.Error(s.seen[0].prompt())
	}
}

func TestReplyToBeMendedKeepsItsRoom(t *testing.T) {
	s := &server{reply: func(n int, r sent) (string, string) {
		switch {
		case r.MaxTokens < 2048:
			return `{"answer":"On`, "length"
		case n < 2:
			return "On the first day of each month.", "stop"
		}
		return finding("On the first.", "on the first day of each month"), "stop"
	}}
	out, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if err != nil || out.Text() != "On the first." || len(s.seen) != 3 {
		t.Errorf("%+v, %v after %d calls", out, err, len(s.seen))
	}
}

func TestCutReplyIsAskedForWithTwiceTheRoom(t *testing.T) {
	s := &server{}
	s.reply = func(n int, r sent) (string, string) {
		if r.MaxTokens < 100 {
			return `{"answer":"On`, "length"
		}
		return finding("On the first.", "the first day"), "stop"
	}
	st := overLease()
	st.Step.MaxOut = 60
	out, err := s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil || out.Text() != "On the first." || len(s.seen) != 2 || s.seen[1].MaxTokens != 120 {
		t.Errorf("%+v, %v, %d calls", out, err, len(s.seen))
	}
	for name, b := range map[string]model.Backend{"still too short": s.backend(), "no context for more": func() model.Backend { b := s.backend(); b.Context = 560; return b }()} {
		s.seen = nil
		st.Step.MaxOut = 40
		_, err = s.pool(t, Config{Backends: []model.Backend{b}}).Work(t.Context(), st)
		if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassCut || len(s.seen) > 2 {
			t.Errorf("%s: %v after %d calls", name, err, len(s.seen))
		}
	}
}

// A model that cuts all that it says takes nothing from a pool that has
// another, nor does a server that does where there is another of its model.
func TestCutReplyIsAskedForElsewhere(t *testing.T) {
	for name, models := range map[string][]string{"another model": {"a", "b"}, "the same": {"a", "a"}, "none": {"a"}} {
		cuts, well := &server{}, says(finding("On the first.", "the first day"))
		cuts.reply = func(int, sent) (string, string) { return `{"answer":"On`, "length" }
		var backends []model.Backend
		for i, m := range models {
			b := []*server{cuts, well}[i].backend()
			b.Name, b.Model = string('A'+rune(i)), m
			backends = append(backends, b)
		}
		p := cuts.pool(t, Config{Backends: backends, MaxOut: 60})
		for range 10 {
			_, err := p.Work(t.Context(), overLease())
			if (err == nil) != (len(models) > 1) || err != nil && !isClass(err, swarm.ClassCut) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(cuts.seen) == 0 || len(cuts.seen) > 20 {
			t.Errorf("%s: %d calls that were cut, for 10 subtasks", name, len(cuts.seen))
		}
	}
}

func TestRoomForAReply(t *testing.T) {
	s := says(finding("a", "tenant"))
	b := s.backend()
	b.MaxOut = 300
	for _, c := range []struct {
		cfg  Config
		step int
		want int
	}{
		{Config{}, 0, 1024},
		{Config{MaxOut: 99}, 0, 99},
		{Config{MaxOut: 99}, 77, 77},
		{Config{Backends: []model.Backend{b}, MaxOut: 99}, 0, 300},
		{Config{Backends: []model.Backend{b}}, 77, 77},
	} {
		st := overLease()
		st.Step.MaxOut = c.step
		if _, err := s.pool(t, c.cfg).Work(t.Context(), st); err != nil {
			t.Fatal(err)
		}
		if got := s.seen[len(s.seen)-1].MaxTokens; got != c.want {
			t.Errorf("%+v, step %d: max_tokens %d, want %d", c.cfg, c.step, got, c.want)
		}
	}
}

// An empty reply is asked for once more, and then in other words.
func TestEmptyRepliesAreRepliesThatCannotBeRead(t *testing.T) {
	s := says("", "", finding("a", "b"))
	if _, err := s.pool(t, Config{}).Work(t.Context(), overLease()); err != nil || len(s.seen) != 3 || len(s.seen[2].Messages) <= len(s.seen[1].Messages) {
		t.Errorf("%v after %d calls", err, len(s.seen))
	}
	s = says("")
	_, err := s.pool(t, Config{}).Work(t.Context(), overLease())
	if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassBroken || len(s.seen) != 4 {
		t.Errorf("%v after %d calls", err, len(s.seen))
	}
}

func TestChunkTooLongForTheModelIsNotSent(t *testing.T) {
	s := says(finding("a", "b"))
	b := s.backend()
	b.Context = 400
	_, err := s.pool(t, Config{Backends: []model.Backend{b}}).Work(t.Context(), overLease())
	if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassTooLong || len(s.seen) != 0 {
		t.Errorf("%v after %d calls", err, len(s.seen))
	}
}

func TestModelIsAPoolOfOne(t *testing.T) {
	m, err := NewModel(says(finding("On the first.", "the first day")).backend())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if out, err := m.Work(t.Context(), overLease()); err != nil || !evidence(out)[0].Verified {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := NewModel(model.Backend{}); err == nil {
		t.Error("a model without a name was taken")
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	if _, err := NewPool(Config{MaxOut: -1}); err == nil || !strings.Contains(err.Error(), "MaxOut is -1") {
		t.Error(err)
	}
	for _, degrees := range []float64{-0.1, 2.1, math.NaN()} {
		if _, err := NewPool(Config{Temperature: &degrees}); err == nil || !strings.Contains(err.Error(), "Temperature is ") {
			t.Error(err)
		}
	}
	_, err := says("x").pool(t, Config{}).Work(t.Context(), swarm.Subtask{})
	if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassInvalid {
		t.Error(err)
	}
}

type strictObject struct {
	Type                 string
	Properties           map[string]strictObject
	Items                *strictObject
	Required             []string
	AdditionalProperties *bool
}

func (v *strictObject) check(t *testing.T, schema []byte) {
	t.Helper()
	if v.Type != "object" || v.AdditionalProperties == nil || *v.AdditionalProperties || len(v.Required) != len(v.Properties) {
		t.Errorf("schema %s", schema)
	}
}

func TestSchemasAreStrictAndPortable(t *testing.T) {
	for _, s := range shapes {
		var v strictObject
		if err := json.Unmarshal(s.schema().JSON, &v); err != nil {
			t.Fatal(err)
		}
		v.check(t, s.schema().JSON)
		list := v.Properties["findings"].Items
		if s.form != swarm.FormFindings {
			continue
		}
		list.check(t, s.schema().JSON)
		if _, ok := list.Properties["quote"]; ok != s.quotes {
			t.Errorf("shape %+v: quote %v", s, ok)
		}
	}
}

func TestWhatIsShownBesideAPieceCanBeQuoted(t *testing.T) {
	s := says(found("On the first.", "tenant pays rent on the first day", "Heated.", "The house is heated.", "So defined.", "A day is a working day."))
	st := swarm.Subtask{
		Step: &swarm.Step{ID: "1/look", Do: "Look it up.", Over: swarm.Items}, Item: "rent",
		Found:   []*swarm.Chunk{{Source: "house", ID: "house#9", Text: "The house is heated.", Start: 70, End: 90, Path: "House"}, lease()},
		Context: []*swarm.Chunk{{Source: "terms", ID: "terms#1", Text: "A day is a working day.", End: 23}},
	}
	out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), st)
	if err != nil || len(s.seen) != 1 || len(out.Findings) != 3 {
		t.Fatalf("%+v, %v after %d calls", out, err, len(s.seen))
	}
	for i, want := range []string{"lease.txt#2", "house#9", "terms#1"} {
		if c := out.Findings[i].Evidence[0]; !c.Verified || c.Chunk != want {
			t.Errorf("finding %d cites %+v", i, c)
		}
	}
	prompt := s.seen[0].Messages[1].Content
	at := 0
	for _, part := range []string{"For reference", "A day is a working day.", "Looked up in the texts", "Source: house", "Begins in section: House", leaseText, "Item:", "Instruction: Look it up."} {
		i := strings.Index(prompt[at:], part)
		if i < 0 {
			t.Fatalf("%q does not follow:\n%s", part, prompt)
		}
		at += i
	}
}

func TestRecordsAreAskedForCheckedAndToldBack(t *testing.T) {
	st := overLease()
	st.Step.Schema = []byte(`{"type":"object","properties":{"what":{"type":"string","description":"what is owed"},"due":{"type":"string","enum":["first","last"]}},"required":["what","due"],"additionalProperties":false}`)
	s := says(`{"findings":[{"data":{"what":"rent","due":"soon"},"quote":"rent","confidence":1}]}`,
		`{"findings":[{"data":{"what":"rent","due":"first"},"quote":"pays rent\non the first day","confidence":1}]}`)
	out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), st)
	if err != nil || len(out.Findings) != 1 || len(s.seen) != 2 {
		t.Fatalf("%+v, %v after %d calls", out, err, len(s.seen))
	}
	if f := out.Findings[0]; string(f.Data) != `{"what":"rent","due":"first"}` || f.Text != "what: rent; due: first" || !f.Evidence[0].Verified {
		t.Errorf("%+v", f)
	}
	if told := s.seen[1].Messages[3].Content; !strings.Contains(told, `"due": value must be one of 'first', 'last'`) {
		t.Errorf("told %q", told)
	}
	if p := s.seen[0].prompt(); !strings.Contains(p, "what (string): what is owed") || !strings.Contains(p, "due (string); one of [\"first\",\"last\"]") {
		t.Errorf("%s", p)
	}
	st.Step.Schema = []byte(`{"type":"object","properties":{"a":{"$ref":"#/nowhere"}}}`)
	_, err = s.pool(t, Config{}).Work(t.Context(), st)
	if ce, _ := errors.AsType[*swarm.CallError](err); ce == nil || ce.Class != swarm.ClassInvalid || !strings.Contains(err.Error(), "schema") || len(s.seen) != 2 {
		t.Errorf("a schema that cannot be used: %v", err)
	}
}
