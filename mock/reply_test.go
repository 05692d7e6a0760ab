package mock_test

import (
	"context"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

func TestRepliesAreCutWhereTheRequestSays(t *testing.T) {
	for name, c := range map[string]struct {
		reply        mock.Reply
		further      string
		context      int
		text, finish string
		out          int
	}{
		"whole":                  {mock.Reply{Text: tenWords}, "", 0, tenWords, "stop", 10},
		"max_tokens":             {mock.Reply{Text: tenWords}, `,"max_tokens":3`, 0, "one two three", "length", 3},
		"just fitting":           {mock.Reply{Text: tenWords}, `,"max_tokens":10`, 0, tenWords, "stop", 10},
		"within a rune":          {mock.Reply{Text: "𓂀"}, `,"max_tokens":1`, 0, "", "length", 1},
		"stop":                   {mock.Reply{Text: tenWords}, `,"stop":" four"`, 0, "one two three", "stop", 3},
		"first of many stops":    {mock.Reply{Text: tenWords}, `,"stop":["nine"," two",""]`, 0, "one", "stop", 1},
		"the context's end":      {mock.Reply{Text: tenWords}, "", 13, "one two", "length", 2},
		"context and limit":      {mock.Reply{Text: tenWords}, `,"max_tokens":1`, 13, "one", "length", 1},
		"the brain says":         {mock.Reply{Text: "half an", Finish: "content_filter"}, "", 0, "half an", "content_filter", 2},
		"empty":                  {mock.Reply{}, "", 0, "", "stop", 0},
		"a control character":    {mock.Reply{Text: "a\x7fb"}, "", 0, "a\x7fb", "stop", 3},
		"bytes that are no text": {mock.Reply{Text: "a\xffb"}, "", 0, "a\uFFFDb", "stop", 3},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				m := model(mock.Script(c.reply))
				m.Context = c.context
				s := server(m)
				if stream {
					streamed(t, s, ask(c.further+`,"stream":true`), func(string) bool { return true })
				} else {
					got := post(t.Context(), s, ask(c.further)).completion(t)
					if text := deref(got.Choices[0].Message.Content); text != c.text || got.Choices[0].FinishReason != c.finish {
						t.Errorf("got %q, %s", text, got.Choices[0].FinishReason)
					}
					if u := got.Usage; u.Completion != c.out || u.Total != u.Prompt+u.Completion {
						t.Errorf("usage %+v", u)
					}
				}
				if e := s.Log()[0]; e.Replies[0] != c.text || e.Finish[0] != c.finish || e.Usage.Out != c.out {
					t.Errorf("stream %v: the log says %q, %v, %d", stream, e.Replies, e.Finish, e.Usage.Out)
				}
			}
		})
	}
}

func TestARefusalTakesThePlaceOfTheText(t *testing.T) {
	s := server(model(mock.Script(mock.Reply{Text: "not sent", Refusal: "No."})))
	m := post(t.Context(), s, strictly(object(`{"type":"string"}`))).completion(t).Choices[0].Message
	if m.Content != nil || deref(m.Refusal) != "No." {
		t.Errorf("content %s, refusal %s", deref(m.Content), deref(m.Refusal))
	}
}

func TestSeveralRepliesAreAskedForOneByOne(t *testing.T) {
	s := server(model(mock.Script(mock.Reply{Text: "one"}, mock.Reply{Text: "two three"})))
	got := post(t.Context(), s, ask(`,"n":2`)).completion(t)
	if len(got.Choices) != 2 || got.Choices[1].Index != 1 || deref(got.Choices[1].Message.Content) != "two three" || got.Usage.Completion != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestTokensAreCountedAsTheVocabularyDoes(t *testing.T) {
	// The figures are those of OpenAI's own tokenizer for o200k_base.
	for text, want := range map[string]int{"": 0, "hello world": 2, "tiktoken is great!": 6, "你好，世界": 3} {
		s := server(model(mock.Say(text)))
		if got := post(t.Context(), s, ask("")).completion(t).Usage.Completion; got != want {
			t.Errorf("%q: %d tokens, want %d", text, got, want)
		}
	}
}

func TestLongPromptsAreCountedInLinearTime(t *testing.T) {
	// A quadratic tokenizer would not survive any of these.
	for name, text := range map[string]string{
		"letters": strings.Repeat("a", 1<<18), "spaces": strings.Repeat(" ", 1<<18),
		"no spaces": strings.Repeat("中文", 1<<16), "lines": strings.Repeat("a line of text\\n", 1<<14),
	} {
		s := server(model(mock.Say("yes")))
		body := `{"model":"m","messages":[{"role":"user","content":"` + text + `"}]}`
		if got := post(t.Context(), s, body).completion(t).Usage.Prompt; got < 1<<9 || got > 1<<18 {
			t.Errorf("%s: %d tokens", name, got)
		}
	}
}

func TestVeryLongPromptsAreCountedByTheirBeginning(t *testing.T) {
	s := server(model(mock.Say("yes")))
	count := func(n int) float64 {
		body := `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("word ", n) + `"}]}`
		return float64(post(t.Context(), s, body).completion(t).Usage.Prompt)
	}
	if a, b := count(1<<18), count(1<<20); b < 3.99*a || b > 4.01*a {
		t.Errorf("%v tokens, four times as much text %v", a, b)
	}
}

func TestLogTellsHowEachStreamedReplyEnded(t *testing.T) {
	s := server(model(mock.Script(mock.Reply{Text: tenWords}, mock.Reply{Text: "one", Finish: "content_filter"})))
	streamed(t, s, ask(`,"n":2,"stream":true`), func(string) bool { return true })
	if e := s.Log()[0]; len(e.Finish) != 2 || e.Finish[0] != "stop" || e.Finish[1] != "content_filter" || e.Replies[0] != tenWords {
		t.Errorf("replies %q ended by %q", e.Replies, e.Finish)
	}
}

func TestAReplyMayCallTools(t *testing.T) {
	calls := []mock.ToolCall{{Name: "warmth", Arguments: `{"of":"Rome"}`}, {ID: "b", Name: "rain", Arguments: "{}"}}
	for further, want := range map[string]string{
		"":               `"content":null,"refusal":null,"annotations":[],"tool_calls":[{"id":"call_000000000001_0","type":"function","function":{"name":"warmth","arguments":"{\"of\":\"Rome\"}"}},{"id":"b",`,
		`,"stream":true`: `"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"rain","arguments":"{}"}}]`,
	} {
		var heard mock.Request
		s := server(model(func(_ context.Context, r mock.Request) (mock.Reply, error) {
			heard = r
			return mock.Reply{ToolCalls: calls}, nil
		}))
		body := `{"model":"m","tools":[{"type":"function","function":{"name":"rain","description":"how much","parameters":{"type":"object"}}}],"messages":[{"role":"user","content":"?"},
			{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"rain","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"3 mm"}]` + further + `}`
		a := post(t.Context(), s, body)
		if !strings.Contains(a.body, want) || !strings.Contains(a.body, `"finish_reason":"tool_calls"`) {
			t.Errorf("%s", a.body)
		}
		if len(heard.Tools) != 1 || heard.Tools[0].Name != "rain" || heard.Messages[1].ToolCalls[0].ID != "a" || heard.Messages[2].ToolCallID != "a" {
			t.Errorf("the brain heard %+v", heard)
		}
		if e := s.Log()[0]; e.Usage.Out < 16 || e.Finish[0] != "tool_calls" {
			t.Errorf("the log says %+v", e)
		}
	}
	m := model(mock.Say("yes"))
	m.NoTools = true
	if a := post(t.Context(), server(m), ask(`,"tools":[{"type":"function","function":{"name":"f"}}]`)); a.status != 400 || !strings.Contains(a.body, "does not support tools") {
		t.Errorf("%d %s", a.status, a.body)
	}
}
