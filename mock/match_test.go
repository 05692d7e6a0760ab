package mock_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

// chatBody is a request of one user message.
func chatBody(model, text string) string {
	return fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, model, text)
}

func said(t *testing.T, s *mock.Server, model, text string) string {
	t.Helper()
	a := post(t.Context(), s, chatBody(model, text))
	if a.err != nil {
		t.Fatal(a.err)
	}
	if a.status != 200 {
		return fmt.Sprint(a.status)
	}
	m := a.completion(t).Choices[0].Message
	if m.Refusal != nil {
		return "refused: " + *m.Refusal
	}
	return *m.Content
}

func TestMatchesAnswerInSequence(t *testing.T) {
	turns := func(texts ...string) []mock.Turn {
		var out []mock.Turn
		for _, text := range texts {
			out = append(out, mock.Turn{Reply: mock.Reply{Text: text}})
		}
		return out
	}
	brain := mock.Matching(mock.Echo,
		mock.Match{Contains: "once", Turns: turns("first time", "second time"), Pass: true},
		mock.Match{Pattern: regexp.MustCompile(`(?i)^weather in (Oslo|Rome)\?$`), Turns: turns("rain", "sun")},
		mock.Match{Model: "b", Turns: turns("b speaks")},
		mock.Match{Contains: "no turns"},
		mock.Match{Contains: "fail", Turns: []mock.Turn{{Error: &mock.Error{Status: 418, Message: "teapot"}}, {Reply: mock.Reply{Refusal: "never"}}}},
	)
	s := server(mock.Model{ID: "a", Brain: brain}, mock.Model{ID: "b", Brain: brain})
	for i, c := range []struct{ model, text, want string }{
		{"a", "once more", "first time"},
		{"b", "this once", "second time"}, // one sequence for all models
		{"a", "once more", "once more"},   // used up, and nothing else holds
		{"b", "once more", "b speaks"},
		{"a", "WEATHER in Rome?", "rain"},
		{"a", "weather in Oslo?", "sun"},
		{"a", "weather in Oslo?", "sun"}, // the last is given again
		{"a", "the weather in Oslo?", "the weather in Oslo?"},
		{"a", "no turns", "no turns"},
		{"a", "fail", "418"},
		{"a", "fail", "refused: never"},
	} {
		if got := said(t, s, c.model, c.text); got != c.want {
			t.Errorf("call %d, %s %q: got %q, want %q", i, c.model, c.text, got, c.want)
		}
	}
}

func TestMatchingWithoutABrainAnswersThatNothingMatches(t *testing.T) {
	s := server(model(mock.Matching(nil)))
	a := post(t.Context(), s, chatBody("m", "anything"))
	if a.status != 404 || !strings.Contains(a.body, "no_reply_matches") || !strings.Contains(a.body, "anything") {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestTurnsWaitAndObeyTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(model(mock.Matching(nil, mock.Match{Turns: []mock.Turn{{Reply: mock.Reply{Text: "late"}, After: 3 * time.Second}}})))
		began := time.Now()
		if got := said(t, s, "m", "x"); got != "late" || time.Since(began) != 3*time.Second {
			t.Errorf("%q after %s", got, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if a := post(ctx, s, chatBody("m", "x")); a.err == nil || time.Since(began) != time.Second {
			t.Errorf("the client left, yet got %+v after %s", a, time.Since(began))
		}
		synctest.Wait()
	})
}

func TestEchoSaysTheLastMessageInWhateverForm(t *testing.T) {
	s := server(model(mock.Echo))
	a := post(t.Context(), s, `{"model":"m","messages":[{"role":"system","content":"json"},{"role":"user","content":"héllo"}],"response_format":{"type":"json_object"}}`)
	if got := *a.completion(t).Choices[0].Message.Content; got != "héllo" {
		t.Errorf("got %q", got)
	}
}
