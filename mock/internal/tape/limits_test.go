package tape

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

func TestCassetteLinesAndFilesAreBounded(t *testing.T) {
	line, err := wire.JSON(taped{N: 1, Method: "GET", Path: "/", Status: 200, Text: strings.Repeat("x", 200)})
	if err != nil {
		t.Fatal(err)
	}
	tape := head + "\n" + string(line) + string(line)
	for _, c := range []struct {
		all  int
		says string
	}{
		{len(tape), ""},
		{len(tape) - 1, "line 3: the cassette is longer than"},
	} {
		err := new(Cassette).read(strings.NewReader(tape), c.all)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("all %d: got %v, want %q", c.all, err, c.says)
		}
	}
}

func FuzzReadCassette(f *testing.F) {
	const head = head + "\n"
	f.Add([]byte(head + `{"n":1,"method":"POST","path":"/v1/chat/completions","json":{"model":"m","n":1.0},"status":200,"headers":{"Content-Type":["application/json"]},"content_length":true,"pieces":[{"after_us":5,"data":"{}"}]}` + "\n"))
	f.Add([]byte(head + `{"n":2,"method":"GET","path":"/","query":"a=1","status":404,"pieces":[{"base64":"/w=="}],"cut":true}` + "\n" + `{"n":1`))
	f.Add([]byte(head + `{"n":1,"method":"POST","path":"/","text":"hello","status":204}` + "\n"))
	f.Fuzz(func(t *testing.T, tape []byte) {
		c := &Cassette{}
		if err := c.read(bytes.NewReader(tape), 16<<10); err != nil {
			if !strings.HasPrefix(err.Error(), "mock: cassette: ") {
				t.Errorf("the error does not say what it is about: %v", err)
			}
			return
		}
		for _, r := range c.by {
			for _, taped := range r.tape {
				replayOne(t, c, taped)
			}
		}
		if did := c.Replays(); did.Missed != 0 || did.Unused != 0 {
			t.Errorf("what is on the cassette is not found: %+v", did)
		}
	})
}

// replayOne asks for an exchange by the request that it holds.
func replayOne(t *testing.T, c *Cassette, one *taped) {
	if c.find(one.request()) == nil {
		t.Errorf("%s %s is not found", one.Method, one.Path)
	}
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	gone, leave := context.WithCancel(t.Context())
	leave()
	one.play(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(gone), false)
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b":[1.0,-0,1e400,12345678901234567890],"a":{"\u00e9":null}}`))
	f.Add([]byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		once, ok := canonical(body)
		if !ok {
			return
		}
		if !json.Valid(once) || !utf8.Valid(once) {
			t.Fatalf("%q became %q", body, once)
		}
		if twice, ok := canonical(once); !ok || !bytes.Equal(once, twice) {
			t.Errorf("%q became %q, then %q", body, once, twice)
		}
	})
}
