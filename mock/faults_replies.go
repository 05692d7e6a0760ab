package mock

import (
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
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
func choices(text string) how {
	return eventsOr(chunkHead+text+"}\n\ndata: [DONE]\n\n", wholeHead+text+","+someUsage+"}")
}

var faultsOfReplies = []Fault{
	{ID: "F22a", Group: "D", Name: "no choices", Says: "an empty list of choices in a 200", Recovery: Again, Class: "broken", Charged: true, how: choices(`"choices":[]`)},
	{ID: "F22b", Group: "D", Name: "choices null", Says: "the same as null", Recovery: Again, Class: "broken", Charged: true, how: choices(`"choices":null`)},
	{ID: "F22c", Group: "D", Name: "choices left out", Says: "the same without the key", Recovery: Again, Class: "broken", Charged: true, how: choices(`"service_tier":"default"`)},
	{ID: "F23a", Group: "D", Name: "an error in a 200", Says: "the status says nothing", Recovery: Again, Class: "server", how: jsonBody(200, errorAlone)},
	{
		ID: "F23b", Group: "D", Name: "more bytes after the JSON", Says: "a plain reply with a second value behind it: not to be trusted, or taken without it", Recovery: Again, Class: "broken", Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			switch {
			case !w.streamed():
				return e + "\n" + errorAlone
			case w.n == w.half:
				return strings.TrimSuffix(e, "\n\n") + "}\n\n"
			}
			return e
		}),
	},
	{
		ID: "F24a", Group: "D", Name: "cut by length", Says: "half a JSON is not to be mended into a short list", Recovery: Changed, Class: "cut", Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { r.Text, r.Finish = firstHalf(r.Text), "length"; return true }),
	},
	{
		ID: "F24b", Group: "D", Name: "cut by length before the first word", Says: "content null and finish_reason length: the reason counts first", Recovery: Changed, Class: "cut", Charged: true,
		how: eventsOr(chunkHead+`"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":"length"}]}`+"\n\ndata: [DONE]\n\n",
			wholeHead+`"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null},"finish_reason":"length"}],`+someUsage+`}`),
	},
	{
		ID: "F25a", Group: "D", Name: "refusal, content null", Says: "the model declines: an error of its own, not asked again", Recovery: Never, Class: "refused", Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { r.Refusal = "I'm sorry, I cannot assist with that."; return true }),
	},
	{
		ID: "F25b", Group: "D", Name: "refusal, content empty", Says: "the same with an empty text beside it", Recovery: Never, Class: "refused", Charged: true,
		how: eventsOr(chunkHead+`"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":"I cannot assist with that."},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n",
			wholeHead+`"choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":"I cannot assist with that."},"finish_reason":"stop"}],`+someUsage+`}`),
	},
	{
		ID: "F25c", Group: "D", Name: "stopped by the filter", Says: "finish_reason content_filter: the text before it is no answer", Recovery: Never, Class: "filtered", Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { r.Text, r.Finish = firstHalf(r.Text), "content_filter"; return true }),
	},
	{
		ID: "F25d", Group: "D", Name: "nothing said", Says: "an empty text and finish_reason stop", Recovery: Again, Class: "broken", Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { r.Text = ""; return true }),
	},
	{
		ID: "F26a", Group: "D", Name: "valid JSON without a key", Says: "what is missing joins what is mended by asking once more", Recovery: Changed, Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { return editJSON(r, dropKey) }),
	},
	{
		ID: "F26b", Group: "D", Name: "valid JSON with a wrong type", Says: "the same of a value", Recovery: Changed, Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { return editJSON(r, wrongTypes) }),
	},
	{
		ID: "F26c", Group: "D", Name: "half a JSON, and stop", Says: "a syntax error that finish_reason does not own to", Recovery: Changed, Charged: true,
		how: say(func(x *exchange, r *Reply) bool { r.Text = firstHalf(r.Text); return x.entry.Request.JSON }),
	},
	{
		ID: "F27a", Group: "D", Name: "runes split over reads", Says: "text is decoded by line, not by read", Recovery: Unharmed, Charged: true,
		how: twist(func(w *wire, e string) {
			n := splitInRune(e)
			w.put(e[:n])
			w.wait(10 * time.Millisecond)
			w.put(e[n:])
		}),
	},
	{
		ID: "F27b", Group: "D", Name: "half of a surrogate pair", Says: "an escape more that no rune answers to: JSON decoders make U+FFFD of it and say nothing; no invalid text goes on from there", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if w.streamed() && w.n != w.half {
				return e
			}
			return contentString.ReplaceAllString(e, `${1}\ud83d"`)
		}),
	},
	{
		ID: "F27c", Group: "D", Name: "a byte order mark", Says: "EF BB BF before the body", Recovery: Unharmed, Charged: true,
		how: eachEvent(func(w *wire, e string) string {
			if w.n == 0 {
				return "\uFEFF" + e
			}
			return e
		}),
	},
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
	{
		ID: "F28", Group: "E", Name: "a new connection for each call", Says: "ports run out: as many idle connections are kept as there are calls at once", Recovery: Unharmed, Charged: true,
		Watch: "Server.Connections", how: asEver,
	},
	{
		ID: "F29", Group: "E", Name: "idle connection closed", Says: "the server closes without a word after its reply: the next POST on that connection fails and is sent again", Recovery: Unharmed, Charged: true,
		how: twist(func(w *wire, e string) {
			if w.n == 0 {
				if c := w.x.socket(); c != nil {
					c.closeIdle()
				}
			}
			w.put(e)
		}),
	},
	{
		ID: "F30", Group: "E", Name: "connection goes dead", Says: "nothing is read or written any more, pings of HTTP/2 included: found out by clocks and pings, and not used again", Recovery: Again, Class: "timeout",
		how: func(x *exchange) {
			if c := x.socket(); c != nil {
				c.freeze()
			}
			x.raw = &Raw{End: EndHold, silent: true}
		},
	},
	{
		ID: "F31", Group: "E", Name: "GOAWAY", Says: "HTTP/2 sends the stream away: the body must be there to be sent again", Recovery: Again, Class: "network",
		how: func(x *exchange) {
			x.raw = &Raw{End: EndCut}
			if c := x.socket(); c != nil && x.r.ProtoMajor == 2 {
				c.goAway()
			}
		},
	},
	{
		ID: "F32a", Group: "E", Name: "429 with an endless body", Says: "an error's body is read up to a bound, and closed", Recovery: Again, Class: "rate-limited",
		how: endlessBody(429),
	},
	{
		ID: "F32b", Group: "E", Name: "500 with an endless body", Says: "the same", Recovery: Again, Class: "server",
		how: endlessBody(500),
	},
	{
		ID: "F33", Group: "E", Name: "slow replies", Says: "ten seconds more to the first token: waiting for a place is not a call's time", Recovery: Unharmed, Charged: true,
		how: later(10 * time.Second),
	},
	{ID: "F34", Group: "E", Name: "no such host; an old address kept", Says: "dialling is bounded, connections grow old", Client: true},
}

// endlessBody never ends its body.
func endlessBody(status int) how {
	return func(x *exchange) {
		line := strings.Repeat("x", 4096)
		x.raw = &Raw{Status: status, Header: ofKind("application/json"), Pieces: Body(`{"error":{"message":"`), more: func() string { return line }}
	}
}
