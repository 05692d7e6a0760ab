package chat

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// breaksOff is a body that ends with an error.
type breaksOff struct{ io.Reader }

func (b breaksOff) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (breaksOff) Close() error { return nil }

// What a server wrote before it broke off is on its bill, so the ledger is
// told how much that was.
func TestTextOfRepliesThatBreakOffIsToldForTheLedger(t *testing.T) {
	head := `{"choices":[{"index":0,"message":{"role":"assistant","content":`
	event := `data: {"choices":[{"index":0,"delta":{"content":`
	for name, c := range map[string]struct {
		stream bool
		body   string
		text   string
	}{
		"in the text":          {false, head + `"one tw`, "one tw"},
		"in an escape":         {false, head + `"one\n\u00`, "one\n"},
		"in a rune":            {false, head + "\"caf\xc3", "caf"},
		"behind the text":      {false, head + `"one"},"finish`, "one"},
		"before the text":      {false, head, ""},
		"no text at all":       {false, head + `null`, ""},
		"no JSON":              {false, "<html>", ""},
		"in an event":          {true, event + `"one tw`, "one tw"},
		"in the second event":  {true, event + `"one "}}]}` + "\n\n" + event + `"two`, "one "},
		"plain, in the stream": {true, head + `"one tw`, "one tw"},
	} {
		s := &server{answer: func(*http.Request, string) (*http.Response, error) {
			resp := response(200, "")
			resp.Body = breaksOff{strings.NewReader(c.body)}
			return resp, nil
		}}
		r := ask()
		streams(&r, c.stream)
		rep, err := client(t, s).Attempt(t.Context(), r)
		if callError(t, err, swarm.ClassNetwork); rep.Text != c.text {
			t.Errorf("%s: got %q, want %q", name, rep.Text, c.text)
		}
	}
}

func TestTextOfTooLargeRepliesIsWhatTheyMightHaveHad(t *testing.T) {
	long := strings.Repeat("all work and no play ", 2_000_000)
	for name, body := range map[string]string{
		"plain":  `{"choices":[{"index":0,"message":{"role":"assistant","content":"` + long,
		"event":  `data: {"choices":[{"index":0,"delta":{"content":"` + long,
		"events": strings.Repeat(`data: {"choices":[{"index":0,"delta":{"content":"`+long[:1_000_000]+`"}}]}`+"\n\n", 40),
	} {
		r := ask()
		streams(&r, name != "plain")
		r.MaxOut = 500
		rep, err := client(t, says(200, body)).Attempt(t.Context(), r)
		if callError(t, err, swarm.ClassBroken); err == nil {
			continue
		}
		if n := swarm.EstimateTokens(rep.Text); n < 450 || n > 500 {
			t.Errorf("%s: some %d tokens are told of a reply that may have 500", name, n)
		}
	}
}

// Of a reply that ends anywhere, what is told begins the text that it had.
func FuzzPartialText(f *testing.F) {
	f.Add("one\n\"two\" \\ \u00e9 \U0001f600", 9)
	f.Add("\x00\u2028<&>", 3)
	f.Add("", 0)
	f.Fuzz(func(t *testing.T, text string, n int) {
		text = strings.ToValidUTF8(text, "")
		reply := `{"choices":[{"index":0,"message":{"role":"assistant","content":` + quoted(text) + `}}]}`
		if n < 0 || n > len(reply) {
			n = len(reply)
		}
		got := partialText([]byte(reply[:n]))
		if half, _ := strings.CutSuffix(got, "\ufffd"); !strings.HasPrefix(text, got) && !strings.HasPrefix(text, half) {
			t.Fatalf("%q does not begin %q", got, text)
		}
		if n == len(reply) && got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	})
}
