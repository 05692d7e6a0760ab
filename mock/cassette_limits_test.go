package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCassetteLinesAndFilesAreBounded(t *testing.T) {
	head, err := cassetteLine(cassetteHead{cassetteKind, cassetteVersion})
	if err != nil {
		t.Fatal(err)
	}
	line, err := cassetteLine(taped{N: 1, Method: "GET", Path: "/", Status: 200, Text: strings.Repeat("x", 200)})
	if err != nil {
		t.Fatal(err)
	}
	tape := string(head) + string(line) + string(line)
	for _, c := range []struct {
		line, all int
		says      string
	}{
		{len(line), len(tape), ""},
		{len(line) - 1, len(tape), "line 2: it is longer than"},
		{len(line), len(tape) - 1, "line 3: the cassette is longer than"},
	} {
		_, err := readCassette(strings.NewReader(tape), c.line, c.all)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("line %d, all %d: got %v, want %q", c.line, c.all, err, c.says)
		}
	}
}

func TestSecretsAreFoundInEverySpelling(t *testing.T) {
	h := http.Header{
		"Authorization": {`Bearer a"b/c<d>e`}, "X-Goog-Api-Key": {"googlekey"}, "Cookie": {"sid=abcdef; theme=dark"},
		"Proxy-Authorization": {"Basic dXNlcjpzZXNhbWUtb3Blbg=="}, "Accept": {"application/json"}, "X-Ratelimit-Tokens": {"123456"},
	}
	got := secrets(h, nil)
	for _, text := range []string{`a"b/c<d>e`, `{"k":"a\"b/c<d>e"}`, `{"k":"a\"b/c\u003cd\u003ee"}`, "?k=a%22b%2Fc%3Cd%3Ee", "googlekey", "abcdef", "sesame-open"} {
		if out := redact(text, got); !strings.Contains(out, redacted) || strings.Contains(out, "abcdef") {
			t.Errorf("%s stays %s", text, out)
		}
	}
	for _, text := range []string{"application/json", "123456", "dark", "short"} {
		if out := redact(text, got); out != text {
			t.Errorf("%s became %s", text, out)
		}
	}
}

func FuzzReadCassette(f *testing.F) {
	const head = `{"cassette":"go-swarm/mock","version":1}` + "\n"
	f.Add([]byte(head + `{"n":1,"method":"POST","path":"/v1/chat/completions","json":{"model":"m","n":1.0},"status":200,"headers":{"Content-Type":["application/json"]},"content_length":true,"pieces":[{"after_us":5,"data":"{}"}]}` + "\n"))
	f.Add([]byte(head + `{"n":2,"method":"GET","path":"/","query":"a=1","status":404,"pieces":[{"base64":"/w=="}],"cut":true}` + "\n" + `{"n":1`))
	f.Add([]byte(head + `{"n":1,"method":"POST","path":"/","text":"hello","status":204}` + "\n"))
	f.Fuzz(func(t *testing.T, tape []byte) {
		c, err := readCassette(bytes.NewReader(tape), 4<<10, 16<<10)
		if err != nil {
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
	c.play(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(gone), one)
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

func FuzzRedactPieces(f *testing.F) {
	f.Add("my key is sk-abcdef, yes", "sk-abcdef", 12)
	f.Add("ababababab", "ababab", 1)
	f.Fuzz(func(t *testing.T, text, key string, cut int) {
		if len(key) < leastSecret || strings.Contains(redacted, key) {
			return
		}
		at := max(0, min(cut, len(text)))
		pieces := [][]byte{[]byte(text[:at]), []byte(text[at:])}
		found := redactPieces(pieces, []string{key})
		out := string(bytes.Join(pieces, nil))
		if found != strings.Contains(text, key) || !found && out != text {
			t.Errorf("%q without %q is %q", text, key, out)
		}
		if whole := redact(text, []string{key}); out != whole {
			t.Errorf("in pieces %q, whole %q", out, whole)
		}
	})
}
