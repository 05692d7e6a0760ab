package workers_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

// fate is what a server does to one attempt.
type fate struct {
	name  string
	raw   mock.Raw
	wait  time.Duration // that it asks for
	wrong *mock.Error
}

// reply makes the reply of f, whose dates are set against the clock.
func (f *fate) reply() (mock.Reply, error) {
	if f.wrong != nil {
		return mock.Reply{}, f.wrong
	}
	raw := f.raw
	raw.Header = raw.Header.Clone()
	if raw.Header.Get("Retry-After") == "date" {
		now := time.Now().UTC()
		raw.Header.Set("Date", now.Format(http.TimeFormat))
		raw.Header.Set("Retry-After", now.Add(f.wait).Format(http.TimeFormat))
	}
	return mock.Reply{Raw: &raw}, nil
}

// limited is a 429 that asks to wait, by its headers or in words.
func limited(name string, wait time.Duration, header ...string) fate {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	words := "Rate limit reached."
	if len(header) == 0 {
		words += " Please try again in " + wait.String() + "."
	}
	return fate{name: name, wait: wait, raw: mock.Raw{Status: 429, Header: h, Pieces: mock.Body(
		`{"error":{"message":"` + words + `","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`)}}
}

func body(name, data string) fate {
	return fate{name: name, raw: mock.Raw{Pieces: mock.Body(data), Out: 2}}
}

func ends(name string, end mock.End, data ...string) fate {
	return fate{name: name, raw: mock.Raw{Pieces: mock.Events(data...), End: end, Out: 2}}
}

// answered is a whole reply that does not tell its usage.
func answered(text, finish string) string {
	return fmt.Sprintf(`{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":%s}]}`, text, finish)
}

// half is a chunk of a stream.
const half = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"{\"answer\":\"ha"},"finish_reason":null}]}`

// passing are faults after which the same call may succeed.
var passing = []fate{
	limited("429 in seconds", 2*time.Second, "Retry-After", "2"),
	limited("429 in a fraction", 500*time.Millisecond, "Retry-After", "0.5"),
	limited("429 as a date", 3*time.Second, "Retry-After", "date"),
	limited("429 in milliseconds", 700*time.Millisecond, "Retry-After-Ms", "700", "Retry-After", "60"),
	limited("429 as a span", 61*time.Second, "Retry-After", "1m1s"),
	limited("429 in words", 1500*time.Millisecond),
	limited("429 at once", 0, "Retry-After", "0"),
	limited("429 of nonsense", 0, "Retry-After", "NaN"),
	limited("429 below zero", 0, "Retry-After", "-1"),
	{name: "reset", raw: mock.Raw{End: mock.EndCut}},
	{name: "reset in the middle", raw: mock.Raw{Pieces: mock.Body(answered("x", `"stop"`)[:80]), End: mock.EndCut, Out: 2}},
	{name: "held", raw: mock.Raw{Pieces: mock.Body(" "), End: mock.EndHold, Out: 2}},
	{name: "dripping", raw: mock.Raw{Pieces: []mock.Piece{{Data: "\n"}, {After: 29 * time.Second, Data: "\n"}, {After: 31 * time.Second, Data: answered("x", `"stop"`)}}, Out: 2}},
	body("cut clean", answered("x", `"stop"`)[:120]),
	body("an error in a success", `{"error":{"message":"upstream went away","code":502}}`),
	body("an overload in a success", `{"id":"x","choices":[],"error":{"message":"Overloaded","type":"overloaded_error"}}`),
	body("a web page", "<html>just a moment</html>"),
	body("no choices", `{"id":"x","object":"chat.completion","choices":[]}`),
	body("an empty reply", answered("", `"stop"`)),
	body("an unfinished reply", answered("half", "null")),
	body("nothing", ""),
	{name: "busy", raw: mock.Raw{Status: 503, Pieces: mock.Body("busy")}},
	{name: "a gateway's patience", raw: mock.Raw{Status: 504, Pieces: []mock.Piece{{After: 20 * time.Second, Data: "<html>"}}}},
	{name: "an error", wrong: &mock.Error{Message: "oops"}},
	ends("a stream reset", mock.EndCut, half),
	ends("a stream without its end", mock.EndClean, half),
	ends("a stream that falls silent", mock.EndHold, half),
	ends("an error in a stream", mock.EndClean, half, `{"id":"x","error":{"message":"engine died","code":500},"choices":[]}`),
	ends("a stream of usage alone", mock.EndClean, `{"id":"x","choices":[],"usage":null}`),
	{name: "comments without end", raw: mock.Raw{Pieces: mock.Body(strings.Repeat(": ping\n\n", 500)), End: mock.EndHold, Out: 2}},
}

// lasting are faults that the same call would meet again.
var lasting = []fate{
	{name: "a filtered prompt", raw: mock.Raw{Status: 400, Pieces: mock.Body(`{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400}}`)}},
	{name: "a prompt too long", raw: mock.Raw{Status: 400, Pieces: mock.Body(`{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`)}},
	{name: "an invalid request", raw: mock.Raw{Status: 422, Pieces: mock.Body(`{"detail":[{"loc":["body","seed"],"msg":"wrong"}]}`)}},
	body("a filtered reply", answered("half", `"content_filter"`)),
	body("a refusal", `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}`),
}
