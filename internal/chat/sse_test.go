package chat

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func streamOf(body string, head ...string) *server {
	return says(200, body, append([]string{"Content-Type: text/event-stream"}, head...)...)
}

// Each row is one way to write the same stream.
func TestStreamsAreReadHoweverWritten(t *testing.T) {
	events := []string{chunk("hel"), chunk("lo"), stopChunk, usageChunk}
	good := sse(append(events, "[DONE]")...)
	ends := func(nl string) string { return strings.ReplaceAll(good, "\n", nl) }
	for name, body := range map[string]string{
		"plain":                good,
		"CRLF":                 ends("\r\n"),
		"CR":                   ends("\r"),
		"byte order mark":      "\xef\xbb\xbf" + good,
		"comments":             ": OPENROUTER PROCESSING\n\n" + strings.ReplaceAll(good, "data: ", ": ping\n\n:\ndata: "),
		"thousands of pings":   strings.Repeat(": ping\n\n", 5000) + good,
		"blank lines":          strings.Repeat("\n", 2000) + good,
		"event and id lines":   strings.ReplaceAll(good, "data: ", "event: message\nid: 7\nretry: 10\ndata: "),
		"named pings":          "event: ping\ndata: {\"type\":\"ping\"}\n\n" + good,
		"empty data":           "data:\n\ndata: \n\n" + good,
		"no space":             strings.ReplaceAll(good, "data: ", "data:"),
		"many spaces":          strings.ReplaceAll(good, "data: ", "data:    "),
		"no blank lines":       strings.ReplaceAll(good, "\n\n", "\n"),
		"data over lines":      strings.ReplaceAll(good, `,"object"`, ",\ndata: \"object\""),
		"no last newline":      strings.TrimRight(good, "\n"),
		"finish without DONE":  sse(events...),
		"DONE without newline": sse(events...) + "data: [DONE]",
		"usage in each chunk": sse(
			strings.Replace(chunk("hel"), `"usage":null`, `"usage":{"prompt_tokens":12,"completion_tokens":1}`, 1),
			strings.Replace(chunk("lo"), `"usage":null`, `"usage":{"prompt_tokens":12,"completion_tokens":2}`, 1),
			strings.Replace(stopChunk, `"usage":null`, `"usage":{"prompt_tokens":12,"completion_tokens":3}`, 1), "[DONE]"),
		"content in parts": sse(strings.Replace(chunk("hello"), `"hello"`, `[{"type":"text","text":"hello"}]`, 1), stopChunk, usageChunk, "[DONE]"),
		"error null":       strings.ReplaceAll(good, `"usage":null`, `"usage":null,"error":null`),
		"more after DONE":  good + sse(chunk("junk")),
	} {
		t.Run(name, func(t *testing.T) {
			for how, wrap := range map[string]func(io.Reader) io.Reader{
				"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
			} {
				s := &server{answer: func(*http.Request, string) (*http.Response, error) {
					resp := response(200, "", "Content-Type: text/event-stream")
					resp.Body = io.NopCloser(wrap(strings.NewReader(body)))
					return resp, nil
				}}
				rep, err := client(t, s).Attempt(t.Context(), askStream())
				if err != nil || rep.Text != "hello" || !(rep.Usage.In > 0) || rep.Usage.In != 12 || rep.Usage.Out != 3 {
					t.Errorf("%s: got %+v, %v", how, rep, err)
				}
			}
		})
	}
}

func TestStreamsThatLie(t *testing.T) {
	half := sse(chunk("hel"))
	for _, tc := range []struct {
		name, body string
		class      swarm.Class
		text       string
	}{
		{"cut cleanly", half, swarm.ClassBroken, "hel"},
		{"cut, null as a word", strings.Replace(half, `"finish_reason":null`, `"finish_reason":"null"`, 1), swarm.ClassBroken, "hel"},
		{"cut in a line", half + "data: {\"id\":\"1\",\"choi", swarm.ClassBroken, "hel"},
		{"nothing", "", swarm.ClassBroken, ""},
		{"pings alone", ": ping\n\n: ping\n\n", swarm.ClassBroken, ""},
		{"DONE alone", sse("[DONE]"), swarm.ClassBroken, ""},
		{"HTML", "<html>\n<body>oops</body></html>", swarm.ClassBroken, ""},
		{"empty chunk, then the end", half + sse(`{"id":"","choices":[]}`), swarm.ClassBroken, "hel"},
		{"garbage", half + sse("hello there"), swarm.ClassBroken, "hel"},
		{"finish error", half + sse(strings.Replace(stopChunk, `"stop"`, `"error"`, 1)), swarm.ClassBroken, "hel"},
		{"length", half + sse(strings.Replace(stopChunk, `"stop"`, `"length"`, 1), "[DONE]"), swarm.ClassCut, "hel"},
		{"filter", half + sse(strings.Replace(stopChunk, `"stop"`, `"content_filter"`, 1), "[DONE]"), swarm.ClassFiltered, "hel"},
		{"refusal", sse(strings.Replace(chunk(""), `"content":""`, `"refusal":"I will not"`, 1), stopChunk, "[DONE]"), swarm.ClassRefused, ""},
		{"tool call", sse(strings.Replace(chunk(""), `"content":""`, `"tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]`, 1), stopChunk, "[DONE]"), swarm.ClassBroken, ""},
		{"error", half + sse(`{"error":{"message":"boom","type":"overloaded_error"}}`), swarm.ClassOverloaded, "hel"},
		{"error spaced", half + "data: { \"error\" : {\"message\":\"boom\",\"code\":429}}\n\n", swarm.ClassRateLimited, "hel"},
		{"error second key", half + sse(`{"id":"1","choices":[],"error":{"message":"boom","code":503}}`), swarm.ClassOverloaded, "hel"},
		{"error with finish", half + sse(`{"id":"1","error":{"message":"boom","code":502},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}`), swarm.ClassServer, "hel"},
		{"error text", half + sse(`{"error":"boom"}`), swarm.ClassServer, "hel"},
		{"error event", half + "event: error\ndata: {\"message\":\"boom\",\"type\":\"rate_limit_error\"}\n\n", swarm.ClassRateLimited, "hel"},
		{"error typed", half + sse(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), swarm.ClassOverloaded, "hel"},
		{"error flat", half + sse(`{"object":"error","message":"boom","code":400}`), swarm.ClassInvalid, "hel"},
		{"error field", half + "error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}\n\n", swarm.ClassServer, "hel"},
		{"error line", half + `{"error":{"message":"boom","code":503}}`, swarm.ClassOverloaded, "hel"},
		{"error after ping", ": ping\n\n" + half + ": ping\n\n" + sse(`{"error":{"message":"boom","code":400}}`), swarm.ClassInvalid, "hel"},
		{"error as first line", `{"error":{"message":"boom","code":503}}`, swarm.ClassOverloaded, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep, err := client(t, streamOf(tc.body)).Attempt(t.Context(), askStream())
			callError(t, err, tc.class)
			if rep.Text != tc.text {
				t.Errorf("text %q beside the error, want %q", rep.Text, tc.text)
			}
		})
	}
}

func TestConnectionCutInAStreamIsANetworkFailure(t *testing.T) {
	s := &server{answer: func(*http.Request, string) (*http.Response, error) {
		resp := response(200, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(sse(chunk("hel"))), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return resp, nil
	}}
	rep, err := client(t, s).Attempt(t.Context(), askStream())
	callError(t, err, swarm.ClassNetwork)
	if rep.Text != "hel" {
		t.Errorf("text %q beside the error", rep.Text)
	}
}

func TestDeepSeeksCachedTokensAreCounted(t *testing.T) {
	const usage = `"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_cache_hit_tokens":9}`
	plain := `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],` + usage + `}`
	for _, body := range []string{plain, sse(chunk("hello"), stopChunk, `{"choices":[],`+usage+`}`, "[DONE]"), strings.Replace(plain, "12", "12.0", 1)} {
		r := ask()
		streams(&r, strings.HasPrefix(body, "data"))
		rep, err := client(t, says(200, body)).Attempt(t.Context(), r)
		if err != nil || rep.Usage.Cached != 9 || rep.Usage.In != 12 || !(rep.Usage.In > 0) {
			t.Errorf("got %+v, %v", rep, err)
		}
	}
}

func TestTokensWrittenIntoTheCacheAreCounted(t *testing.T) {
	const usage = `"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":7}}`
	plain := `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],` + usage + `}`
	for _, body := range []string{plain, sse(chunk("hello"), stopChunk, `{"choices":[],`+usage+`}`, "[DONE]"), strings.Replace(plain, "12", "12.0", 1)} {
		r := ask()
		streams(&r, strings.HasPrefix(body, "data"))
		rep, err := client(t, says(200, body)).Attempt(t.Context(), r)
		if want := (swarm.Usage{In: 12, Cached: 4, Written: 7, Out: 3}); err != nil || rep.Usage != want {
			t.Errorf("got %+v, %v", rep, err)
		}
	}
}

func TestOneLineIsBounded(t *testing.T) {
	body := io.MultiReader(strings.NewReader("data: "), io.LimitReader(endless{}, 100<<20))
	s := &server{answer: func(*http.Request, string) (*http.Response, error) {
		resp := response(200, "")
		resp.Body = io.NopCloser(body)
		return resp, nil
	}}
	_, err := client(t, s).Attempt(t.Context(), askStream())
	callError(t, err, swarm.ClassBroken)
}

func TestHugeReplyIsBounded(t *testing.T) {
	s := &server{answer: func(*http.Request, string) (*http.Response, error) {
		resp := response(200, "")
		resp.Body = io.NopCloser(io.LimitReader(endless{}, 100<<20))
		return resp, nil
	}}
	_, err := client(t, s).Attempt(t.Context(), ask())
	callError(t, err, swarm.ClassBroken)
	s.answer = func(*http.Request, string) (*http.Response, error) {
		resp := response(500, "")
		resp.Body = io.NopCloser(endless{})
		return resp, nil
	}
	_, err = client(t, s).Attempt(t.Context(), ask())
	callError(t, err, swarm.ClassServer)
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A whole stream stays whole wherever its bytes are parted.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(sse(chunk("hé"), stopChunk, "[DONE]")), 3)
	f.Add([]byte("\xef\xbb\xbf: c\r\revent: error\rdata: {\"a\":\rdata: 1}\r\r"), 1)
	f.Add([]byte("{\"error\":\n\"x\"}"), 5)
	f.Add([]byte(" \n[1]"), 2)
	f.Fuzz(func(t *testing.T, in []byte, part int) {
		read := func(r io.Reader) ([]string, *model.Problem, error) {
			x := &exchange{body: body{rc: io.NopCloser(r), ctx: context.Background()}}
			var out []string
			for e := newEvents(x); ; {
				data, err := e.next()
				if err != nil {
					return out, x.problem, err
				}
				out = append(out, string(data))
			}
		}
		out, p, err := read(strings.NewReader(string(in)))
		out2, p2, err2 := read(&parted{in, max(1, part%64)})
		if !slices.Equal(out, out2) || (p == nil) != (p2 == nil) || err != err2 {
			t.Fatalf("at once %q %v %v, in parts %q %v %v", out, p, err, out2, p2, err2)
		}
	})
}

type parted struct {
	b []byte
	n int
}

func (p *parted) Read(q []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(q[:min(p.n, len(q))], p.b)
	p.b = p.b[n:]
	return n, nil
}
