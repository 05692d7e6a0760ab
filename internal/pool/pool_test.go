package pool

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/model"
)

func TestNewNamesFieldAndMend(t *testing.T) {
	for want, c := range map[string]Config{
		"Backends is empty":        {},
		"at most 64":               {Backends: make([]model.Backend, 65)},
		"Attempts":                 {Backends: []model.Backend{{Model: "m"}}, Limits: model.Limits{Attempts: -1}},
		"backend 0: Model":         {Backends: []model.Backend{{}}},
		"Slots, RPM, TPM, Context": {Backends: []model.Backend{{Model: "m", Slots: -1}}},
		"leaves no room":           {Backends: []model.Backend{{Model: "m", Context: 100, MaxOut: 100}}},
		"beside an API":            {Backends: []model.Backend{{Model: "m", Key: "k", API: atOnce{}}}},
		"two backends":             {Backends: []model.Backend{{Name: "a", Model: "m"}, {Name: "a", Model: "n"}}},
		`pool: backend "m": base`:  {Backends: []model.Backend{{Model: "m", BaseURL: "nonsense"}}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q in it", c, err, want)
		}
	}
}

func TestNewFillsDefaultsInACopy(t *testing.T) {
	given := []model.Backend{{Model: "gpt-5.4-mini"}, {Model: "gpt-5.4-mini"}, {Name: "gpt-5.4-mini#2", Model: "x"}}
	p, err := New(Config{Backends: given})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if given[0].Slots != 0 {
		t.Error("the caller's backends were changed")
	}
	b := p.queue.backends
	if b[0].Slots != 64 || p.Context() != 128_000 || b[0].Name != "gpt-5.4-mini" || b[1].Name != "gpt-5.4-mini#3" {
		t.Errorf("backends %+v, %+v", b[0].Backend, b[1].Backend)
	}
	if b[0].Price == nil || b[2].Price != nil {
		t.Errorf("prices %v, %v", b[0].Price, b[2].Price)
	}
}

// canned is a RoundTripper that answers every request alike.
type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(string(c))),
	}, nil
}

func TestDoSpeaksTheWire(t *testing.T) {
	reply := canned(`{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}`)
	p, err := New(Config{Backends: []model.Backend{{Model: "m", BaseURL: "http://x/v1", Client: &http.Client{Transport: reply}}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Do(t.Context(), ask("x"))
	if err != nil || got.Text != "hello" || got.Usage.In != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBackendIsPrintedWithoutItsKey(t *testing.T) {
	b := model.Backend{Name: "gpu1", Model: "m", Key: "hidden", BaseURL: "http://user:hidden@host/v1", Header: http.Header{"X-Key": {"hidden"}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, Config{Backends: []model.Backend{b}}); strings.Contains(got, "hidden") || !strings.Contains(got, "m at gpu1") {
			t.Errorf("%s: %s", verb, got)
		}
	}
}
