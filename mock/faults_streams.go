package mock

import (
	"fmt"
	"strings"
	"time"
)

const (
	errorAlone = `{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`
	spoilt     = "An error inside a 200: the reply is not an answer"
)

var faultsOfStreams = []Fault{
	{
		ID: "F15a", Group: "C", Name: "silence after the first half", Says: "no clock of headers helps: time between tokens", Recovery: Again, Class: "timeout", Charged: true,
		how: broken("", "", EndHold),
	},
	{
		ID: "F15b", Group: "C", Name: "silence after the headers", Says: "headers are no first token", Recovery: Again, Class: "timeout", Charged: true,
		how: instead(Raw{Header: ofKind("text/event-stream"), Pieces: Body(""), End: EndHold}),
	},
	{
		ID: "F15c", Group: "C", Name: "silence", Says: "not even headers come", Recovery: Again, Class: "timeout",
		how: func(x *exchange) { x.raw = &Raw{End: EndHold, silent: true} },
	},
	{
		ID: "F16", Group: "C", Name: "pings alone", Says: "comments keep a dead call alive: they are no tokens", Recovery: Again, Class: "timeout", Charged: true,
		how: func(x *exchange) {
			const pings = 5760 // a day's, one each 15 s
			x.raw = &Raw{Header: ofKind("text/event-stream"), Pieces: make([]Piece, pings), End: EndHold}
			for i := range x.raw.Pieces {
				x.raw.Pieces[i] = Piece{After: 15 * time.Second, Data: ": ping\n\n"}
			}
			x.raw.Pieces[0].After = 0
		},
	},
	{
		ID: "F17a", Group: "C", Name: "160 pings in one gap", Says: "healthy and slow: many comments are no reason to give up", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if w.streamed() && w.n == w.half {
				return strings.Repeat(": ping\n\n", 160) + e
			}
			return e
		}),
	},
	{
		ID: "F17b", Group: "C", Name: "empty data", Says: "an event without data is none", Recovery: Unharmed, Charged: true,
		how: between("data:\n\n"),
	},
	{
		ID: "F17c", Group: "C", Name: "ping events", Says: "event: ping with data of its own is no chunk", Recovery: Unharmed, Charged: true,
		how: between("event: ping\ndata: {\"type\":\"ping\"}\n\n"),
	},
	{
		ID: "F17d", Group: "C", Name: "comments of all sorts", Says: ": OPENROUTER PROCESSING, a bare colon, keep-alives", Recovery: Unharmed, Charged: true,
		how: between(": OPENROUTER PROCESSING\n\n:\n\n: keep-alive\n\n"),
	},
	{
		ID: "F17e", Group: "C", Name: "CRLF, no space, id and retry lines", Says: "all that server-sent events allow", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if !w.streamed() {
				return e
			}
			e = strings.Replace(strings.TrimSuffix(e, "\n\n"), "data: ", "data:", 1)
			return fmt.Sprintf("id: %d\r\nretry: 3000\r\n%s\r\n\r\n", w.n, e)
		}),
	},
	{
		ID: "F17f", Group: "C", Name: "an event's data over two lines", Says: "lines of data are joined by a line feed, which JSON bears between its parts", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if !w.streamed() {
				return e
			}
			return strings.Replace(e, `,"object":`, ",\ndata: \"object\":", 1)
		}),
	},
	{
		ID: "F17g", Group: "C", Name: "blank lines before a plain body", Says: "DeepSeek's sign of life to calls that do not stream", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if w.streamed() {
				return e
			}
			return strings.Repeat("\n", 20) + e
		}),
	},
	{
		ID: "F18a", Group: "C", Name: "half an answer, cleanly ended", Says: "the end of a body is not the end of an answer", Recovery: Again, Class: "broken", Charged: true,
		how: broken("", "", EndClean),
	},
	{
		ID: "F18b", Group: "C", Name: "a web page with 200", Says: "a login or error page of something on the road", Recovery: Again, Class: "broken",
		how: page(200, "Welcome"),
	},
	{
		ID: "F18c", Group: "C", Name: "cut inside of an event", Says: "a last line without its end is no event", Recovery: Again, Class: "broken", Charged: true,
		how: broken(`data: {"id":"chatcmpl-0","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hal`, "", EndClean),
	},
	{
		ID: "F18d", Group: "C", Name: "connection cut in the middle", Says: "what came is no answer, and is charged", Recovery: Again, Class: "network", Charged: true,
		how: broken("", "", EndCut),
	},
	{
		ID: "F18e", Group: "C", Name: "JSON error as a stream's last line", Says: "without data: and without a line feed", Recovery: Again, Class: "server", Charged: true,
		how: broken(errorAlone, errorAlone, EndClean),
	},
	{
		ID: "F18f", Group: "C", Name: "finished, but without [DONE]", Says: "finish_reason says that it is whole", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(_ *wire, e string) string { return strings.TrimSuffix(e, "data: [DONE]\n\n") }),
	},
	{
		ID: "F18g", Group: "C", Name: "[DONE] without a finish_reason", Says: "the marker is there, the reason is not: all the text came", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if w.streamed() && strings.Contains(e, `"finish_reason":"`) {
				return ""
			}
			return e
		}),
	},
	inStream("F19a", "an error with other spacing", "data:  { \"error\" : {\"message\":\"boom\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n"),
	inStream("F19b", "an error behind another key", "data: {\"id\":\"gen-1\",\"error\":{\"code\":502,\"message\":\"Upstream error\"},\"choices\":[]}\n\n"),
	inStream("F19c", "an error as an event", "event: error\ndata: {\"message\":\"boom\",\"type\":\"server_error\"}\n\n"),
	inStream("F19d", "an error after a ping", ": ping\n\ndata: "+errorAlone+"\n\n"),
	inStream("F19e", "a flat error", "data: {\"object\":\"error\",\"message\":\"boom\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}\n\n"),
	inStream("F19f", "an error with a type", "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Internal server error\"}}\n\n"),
	inStream("F19g", "an error in a field of its own", "error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}\n\n"),
	inStream("F19h", "an error as a finish_reason", "data: {\"id\":\"gen-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"Provider disconnected\"}}\n\ndata: [DONE]\n\n"),
	{
		ID: "F19i", Group: "C", Name: "an error decoded into an empty chunk", Says: "Ollama's: an empty chunk, then the end without [DONE]", Recovery: Again, Class: "broken", Charged: true,
		how: broken("data: {\"id\":\"\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"{model}\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n", "", EndClean),
	},
	{
		ID: "F20", Group: "C", Name: "usage in every chunk", Says: "a running total: the last counts, not the sum", Recovery: Unharmed, Charged: true,
		how: eachEvent(runningUsage),
	},
	{
		ID: "F21a", Group: "C", Name: "504 after a minute's silence", Says: "a proxy's clock: stream, so that something comes", Recovery: Again, Class: "timeout",
		how: delayed(60*time.Second, page(504, "504 Gateway Time-out")),
	},
	{
		ID: "F21b", Group: "C", Name: "524 after 100 s", Says: "the same of another proxy", Recovery: Again, Class: "timeout",
		how: delayed(100*time.Second, page(524, "A timeout occurred")),
	},
}

func inStream(id, name, tail string) Fault {
	return Fault{ID: id, Group: "C", Name: name, Says: spoilt, Recovery: Again, Class: "server", Charged: true, how: broken(tail, errorAlone, EndClean)}
}

// between puts text before each event of a stream.
func between(text string) how {
	return eachEvent(func(w *wire, e string) string {
		if w.streamed() {
			return text + e
		}
		return e
	})
}

// runningUsage adds the usage so far to a chunk.
func runningUsage(w *wire, e string) string {
	if !w.streamed() || strings.Contains(e, "[DONE]") {
		return e
	}
	u := w.x.entry.Usage
	usage := fmt.Sprintf(`,"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}`, u.In, min(w.n, u.Out), u.In+min(w.n, u.Out))
	if strings.Contains(e, `,"usage":`) {
		return strings.Replace(e, `,"usage":null`, usage, 1)
	}
	return strings.TrimSuffix(e, "}\n\n") + usage + "}\n\n"
}
