package fault

import (
	"fmt"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

const (
	errorAlone = `{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`
	spoilt     = "An error inside a 200: the reply is not an answer"
)

var faultsOfStreams = []Fault{
	row("C", "F15a", "silence after the first half", "no clock of headers helps: time between tokens", Again, "timeout", 0, paid, broken("", "", wire.Hold)),
	row("C", "F15b", "silence after the headers", "headers are no first token", Again, "timeout", 0, paid, instead(wire.Raw{Header: ofKind("text/event-stream"), Pieces: wire.Body(""), End: wire.Hold})),
	row("C", "F15c", "silence", "not even headers come", Again, "timeout", 0, free, func(x *Call) { x.Raw = &wire.Raw{End: wire.Hold, Silent: true} }),
	row("C", "F16", "pings alone", "comments keep a dead call alive: they are no tokens", Again, "timeout", 0, paid, func(x *Call) {
		const pings = 5760 // a day's, one each 15 s
		x.Raw = &wire.Raw{Header: ofKind("text/event-stream"), Pieces: make([]wire.Piece, pings), End: wire.Hold}
		for i := range x.Raw.Pieces {
			x.Raw.Pieces[i] = wire.Piece{After: 15 * time.Second, Data: ": ping\n\n"}
		}
		x.Raw.Pieces[0].After = 0
	}),
	row("C", "F17a", "160 pings in one gap", "healthy and slow: many comments are no reason to give up", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if w.streamed() && w.n == w.Half {
			return strings.Repeat(": ping\n\n", 160) + e
		}
		return e
	})),
	row("C", "F17b", "empty data", "an event without data is none", Unharmed, "", 0, paid, between("data:\n\n")),
	row("C", "F17c", "ping events", "event: ping with data of its own is no chunk", Unharmed, "", 0, paid, between("event: ping\ndata: {\"type\":\"ping\"}\n\n")),
	row("C", "F17d", "comments of all sorts", ": OPENROUTER PROCESSING, a bare colon, keep-alives", Unharmed, "", 0, paid, between(": OPENROUTER PROCESSING\n\n:\n\n: keep-alive\n\n")),
	row("C", "F17e", "CRLF, no space, id and retry lines", "all that server-sent events allow", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if !w.streamed() {
			return e
		}
		e = strings.Replace(strings.TrimSuffix(e, "\n\n"), "data: ", "data:", 1)
		return fmt.Sprintf("id: %d\r\nretry: 3000\r\n%s\r\n\r\n", w.n, e)
	})),
	row("C", "F17f", "an event's data over two lines", "lines of data are joined by a line feed, which JSON bears between its parts", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if !w.streamed() {
			return e
		}
		return strings.Replace(e, `,"object":`, ",\ndata: \"object\":", 1)
	})),
	row("C", "F17g", "blank lines before a plain body", "DeepSeek's sign of life to calls that do not stream", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if w.streamed() {
			return e
		}
		return strings.Repeat("\n", 20) + e
	})),
	row("C", "F18a", "half an answer, cleanly ended", "the end of a body is not the end of an answer", Again, "broken", 0, paid, broken("", "", wire.Clean)),
	row("C", "F18b", "a web page with 200", "a login or error page of something on the road", Again, "broken", 0, free, page(200, "Welcome")),
	row("C", "F18c", "cut inside of an event", "a last line without its end is no event", Again, "broken", 0, paid, broken(`data: {"id":"chatcmpl-0","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hal`, "", wire.Clean)),
	row("C", "F18d", "connection cut in the middle", "what came is no answer, and is charged", Again, "network", 0, paid, broken("", "", wire.Cut)),
	row("C", "F18e", "JSON error as a stream's last line", "without data: and without a line feed", Again, "server", 0, paid, broken(errorAlone, errorAlone, wire.Clean)),
	row("C", "F18f", "finished, but without [DONE]", "finish_reason says that it is whole", Unharmed, "", 0, paid, eachEvent(func(_ *Wire, e string) string { return strings.TrimSuffix(e, "data: [DONE]\n\n") })),
	row("C", "F18g", "[DONE] without a finish_reason", "the marker is there, the reason is not: all the text came", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if w.streamed() && strings.Contains(e, `"finish_reason":"`) {
			return ""
		}
		return e
	})),
	inStream("F19a", "an error with other spacing", "data:  { \"error\" : {\"message\":\"boom\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n"),
	inStream("F19b", "an error behind another key", "data: {\"id\":\"gen-1\",\"error\":{\"code\":502,\"message\":\"Upstream error\"},\"choices\":[]}\n\n"),
	inStream("F19c", "an error as an event", "event: error\ndata: {\"message\":\"boom\",\"type\":\"server_error\"}\n\n"),
	inStream("F19d", "an error after a ping", ": ping\n\ndata: "+errorAlone+"\n\n"),
	inStream("F19e", "a flat error", "data: {\"object\":\"error\",\"message\":\"boom\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}\n\n"),
	inStream("F19f", "an error with a type", "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Internal server error\"}}\n\n"),
	inStream("F19g", "an error in a field of its own", "error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}\n\n"),
	inStream("F19h", "an error as a finish_reason", "data: {\"id\":\"gen-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"Provider disconnected\"}}\n\ndata: [DONE]\n\n"),
	row("C", "F19i", "an error decoded into an empty chunk", "Ollama's: an empty chunk, then the end without [DONE]", Again, "broken", 0, paid, broken("data: {\"id\":\"\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"{model}\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n", "", wire.Clean)),
	row("C", "F20", "usage in every chunk", "a running total: the last counts, not the sum", Unharmed, "", 0, paid, eachEvent(runningUsage)),
	row("C", "F21a", "504 after a minute's silence", "a proxy's clock: stream, so that something comes", Again, "timeout", 0, free, delayed(60*time.Second, page(504, "504 Gateway Time-out"))),
	row("C", "F21b", "524 after 100 s", "the same of another proxy", Again, "timeout", 0, free, delayed(100*time.Second, page(524, "A timeout occurred"))),
}

func inStream(id, name, tail string) Fault {
	return Fault{ID: id, Group: "C", Name: name, Says: spoilt, Recovery: Again, Class: "server", Charged: true, Do: broken(tail, errorAlone, wire.Clean)}
}

// between puts text before each event of a stream.
func between(text string) Do {
	return eachEvent(func(w *Wire, e string) string {
		if w.streamed() {
			return text + e
		}
		return e
	})
}

// runningUsage adds the usage so far to a chunk.
func runningUsage(w *Wire, e string) string {
	if !w.streamed() || strings.Contains(e, "[DONE]") {
		return e
	}
	in, out := w.Used()
	usage := fmt.Sprintf(`,"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}`, in, min(w.n, out), in+min(w.n, out))
	if strings.Contains(e, `,"usage":`) {
		return strings.Replace(e, `,"usage":null`, usage, 1)
	}
	return strings.TrimSuffix(e, "}\n\n") + usage + "}\n\n"
}
