package mock_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer"

	"github.com/db31e724/go-swarm/mock"
)

// Whatever a client sends, it gets a completion or an error in the service's
// shape, and the log holds the request.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{
		ask(""), ask(`,"stream":true,"n":2,"stop":"e","max_tokens":3`), strictly(object(`{"type":["string","null"]}`)),
		messages(`[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"x"}]}]`),
		ask(`,"tools":[{"type":"function","function":{"name":"f","parameters":{"$ref":"#"},"strict":true}}],"tool_choice":"none"`),
		strictly(`{"type":"object","properties":{"a":{"$ref":"#/$defs/d"}},"required":["a"],"additionalProperties":false,"$defs":{"d":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}`),
		`{"model":"m","messages":[],"messages":[]}`, `[[[[`, `{"model":"\ud83d"}`, "", "null", `{"n":1e999}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := server(model(mock.Say(`{"a":null}`)))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
		out := w.Body.String()
		switch {
		case w.Code == 200 && strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream"):
			if !strings.HasSuffix(out, "\n\ndata: [DONE]\n\n") {
				t.Errorf("a stream without its end: %q", out)
			}
		case w.Code == 200:
			if !json.Valid([]byte(out)) {
				t.Errorf("not JSON: %q", out)
			}
		default:
			answer{status: w.Code, body: out}.refusal(t)
		}
		if e := s.Log(); len(e) != 1 || e[0].Status != w.Code || e[0].Usage.In < 0 {
			t.Errorf("the log says %+v", e)
		}
	})
}

// The server's usage is what the vocabulary's own tokenizer counts.
func FuzzTokens(f *testing.F) {
	for _, text := range []string{
		"He said: \"It's 12345 o'clock, DON'T!\"\r\n\r\n  Then\the left…", "func (a *B) C() {\n\treturn http://x/y//\n/z\n}", "    x  \n \n   ",
		"ÉCOLE été ǅ ªA ʰB 中文。日本語のテキスト ไทย हिन्दी e\u0301 \u0301a \u00a0\u3000x \u2028", "１２３४५६ ⅻ² 'S 'ſ K'LL", "👩\u200d👩\u200d👧 <|endoftext|>", " ", "a\u0085b", "\x00\x01",
	} {
		f.Add(text)
	}
	s := server(model(mock.Say("")))
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "\uFFFD")
		if strings.Contains(text, "\x7f") {
			t.Skip("the tokenizer drops DEL from the text")
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions",
			strings.NewReader(`{"model":"m","messages":[{"role":"user","content":`+string(quoted)+`}]}`)))
		want, err := codec.Count(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (answer{status: w.Code, body: w.Body.String()}).completion(t).Usage.Prompt - 7; got != want {
			t.Errorf("%q: %d tokens, want %d", text, got, want)
		}
	})
}
