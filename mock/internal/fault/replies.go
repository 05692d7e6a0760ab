package fault

import (
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

func ofKind(kind string) http.Header { return http.Header{"Content-Type": {kind}} }

// firstHalf is the first half of a text, cut between runes.
func firstHalf(text string) string {
	n := len(text) / 2
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

const (
	wholeHead = `{"id":"chatcmpl-0","object":"chat.completion","created":1,"model":"{model}",`
	chunkHead = `data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":1,"model":"{model}",`
	someUsage = `"usage":{"prompt_tokens":{tokens},"completion_tokens":0,"total_tokens":{tokens}}`
)

// choices answers with these choices, in a stream as one chunk.
func choices(text string) Do {
	return eventsOr(chunkHead+text+"}\n\ndata: [DONE]\n\n", wholeHead+text+","+someUsage+"}")
}

var faultsOfReplies = []Fault{
	row("D", "F22a", "no choices", "an empty list of choices in a 200", Again, "broken", 0, paid, choices(`"choices":[]`)),
	row("D", "F22b", "choices null", "the same as null", Again, "broken", 0, paid, choices(`"choices":null`)),
	row("D", "F22c", "choices left out", "the same without the key", Again, "broken", 0, paid, choices(`"service_tier":"default"`)),
	row("D", "F23a", "an error in a 200", "the status says nothing", Again, "server", 0, free, jsonBody(200, errorAlone)),
	row("D", "F23b", "more bytes after the JSON", "a plain reply with a second value behind it: not to be trusted, or taken without it", Again, "broken", 0, paid, eachEvent(func(w *Wire, e string) string {
		switch {
		case !w.streamed():
			return e + "\n" + errorAlone
		case w.n == w.Half:
			return strings.TrimSuffix(e, "\n\n") + "}\n\n"
		}
		return e
	})),
	row("D", "F24a", "cut by length", "half a JSON is not to be mended into a short list", Changed, "cut", 0, paid, say(func(_ *Call, r *Said) bool { r.Text, r.Finish = firstHalf(r.Text), "length"; return true })),
	row("D", "F24b", "cut by length before the first word", "content null and finish_reason length: the reason counts first", Changed, "cut", 0, paid, eventsOr(chunkHead+`"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":"length"}]}`+"\n\ndata: [DONE]\n\n",
		wholeHead+`"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null},"finish_reason":"length"}],`+someUsage+`}`)),
	row("D", "F25a", "refusal, content null", "the model declines: an error of its own, not asked again", Never, "refused", 0, paid, say(func(_ *Call, r *Said) bool { r.Refusal = "I'm sorry, I cannot assist with that."; return true })),
	row("D", "F25b", "refusal, content empty", "the same with an empty text beside it", Never, "refused", 0, paid, eventsOr(chunkHead+`"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":"I cannot assist with that."},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n",
		wholeHead+`"choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":"I cannot assist with that."},"finish_reason":"stop"}],`+someUsage+`}`)),
	row("D", "F25c", "stopped by the filter", "finish_reason content_filter: the text before it is no answer", Never, "filtered", 0, paid, say(func(_ *Call, r *Said) bool { r.Text, r.Finish = firstHalf(r.Text), "content_filter"; return true })),
	row("D", "F25d", "nothing said", "an empty text and finish_reason stop", Again, "broken", 0, paid, say(func(_ *Call, r *Said) bool { r.Text = ""; return true })),
	row("D", "F26a", "valid JSON without a key", "what is missing joins what is mended by asking once more", Changed, "", 0, paid, say(func(_ *Call, r *Said) bool { return editJSON(r, dropKey) })),
	row("D", "F26b", "valid JSON with a wrong type", "the same of a value", Changed, "", 0, paid, say(func(_ *Call, r *Said) bool { return editJSON(r, wrongTypes) })),
	row("D", "F26c", "half a JSON, and stop", "a syntax error that finish_reason does not own to", Changed, "", 0, paid, say(func(x *Call, r *Said) bool { r.Text = firstHalf(r.Text); return x.JSON })),
	row("D", "F27a", "runes split over reads", "text is decoded by line, not by read", Unharmed, "", 0, paid, twist(func(w *Wire, e string) {
		n := splitInRune(e)
		w.put(e[:n])
		w.wait(10 * time.Millisecond)
		w.put(e[n:])
	})),
	row("D", "F27b", "half of a surrogate pair", "an escape more that no rune answers to: JSON decoders make U+FFFD of it and say nothing; no invalid text goes on from there", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if w.streamed() && w.n != w.Half {
			return e
		}
		return contentString.ReplaceAllString(e, `${1}\ud83d"`)
	})),
	row("D", "F27c", "a byte order mark", "EF BB BF before the body", Unharmed, "", 0, paid, eachEvent(func(w *Wire, e string) string {
		if w.n == 0 {
			return "\uFEFF" + e
		}
		return e
	})),
}

// contentString is a message's or a delta's text in a JSON body.
var contentString = regexp.MustCompile(`("content":"(?:[^"\\]|\\.)*)"`)

// splitInRune is where to cut a text into two: within a rune of several
// bytes, where there is one, otherwise in the middle.
func splitInRune(text string) int {
	for i := range len(text) {
		if !utf8.RuneStart(text[i]) {
			return i
		}
	}
	return len(text) / 2
}

var faultsOfConnections = []Fault{
	row("E", "F28", "a new connection for each call", "ports run out: as many idle connections are kept as there are calls at once", Unharmed, "", 0, paid, asEver).watch("Server.Connections"),
	row("E", "F29", "idle connection closed", "the server closes without a word after its reply: the next POST on that connection fails and is sent again", Unharmed, "", 0, paid, twist(func(w *Wire, e string) {
		if w.n == 0 {
			if c := w.Call.Conn; c != nil {
				c.CloseIdle()
			}
		}
		w.put(e)
	})),
	row("E", "F30", "connection goes dead", "nothing is read or written any more, pings of HTTP/2 included: found out by clocks and pings, and not used again", Again, "timeout", 0, free, func(x *Call) {
		if c := x.Conn; c != nil {
			c.Freeze()
		}
		x.Raw = &wire.Raw{End: wire.Hold, Silent: true}
	}),
	row("E", "F31", "GOAWAY", "HTTP/2 sends the stream away: the body must be there to be sent again", Again, "network", 0, free, func(x *Call) {
		x.Raw = &wire.Raw{End: wire.Cut}
		if c := x.Conn; c != nil && x.Proto == 2 {
			c.GoAway()
		}
	}),
	row("E", "F32a", "429 with an endless body", "an error's body is read up to a bound, and closed", Again, "rate-limited", 0, free, endlessBody(429)),
	row("E", "F32b", "500 with an endless body", "the same", Again, "server", 0, free, endlessBody(500)),
	row("E", "F33", "slow replies", "ten seconds more to the first token: waiting for a place is not a call's time", Unharmed, "", 0, paid, later(10*time.Second)),
	row("E", "F34", "no such host; an old address kept", "dialling is bounded, connections grow old", "", "", 0, free, nil).client(),
}

// endlessBody never ends its body.
func endlessBody(status int) Do {
	return func(x *Call) {
		line := strings.Repeat("x", 4096)
		x.Raw = &wire.Raw{Status: status, Header: ofKind("application/json"), Pieces: wire.Body(`{"error":{"message":"`), More: func() string { return line }}
	}
}
