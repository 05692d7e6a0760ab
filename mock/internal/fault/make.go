package fault

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// The catalogue is written with these: what is sent in place of an answer
// (instead, refuse, …), what the brain is made to say (say), and Do the
// answer's bytes go wrong on their way (twist, in faults_wire.go).

// fill puts what a fault's text leaves open: {model}, {key}, {host}, {tokens}
// of the prompt, and {date+30s} or {rfc3339+30s}, the time in so long.
func (x *Call) fill(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	text = strings.NewReplacer("{model}", x.Model, "{key}", x.Key, "{tokens}", strconv.Itoa(x.Tokens), "{host}", x.Host).Replace(text)
	for _, form := range []struct{ open, layout string }{{"{date+", http.TimeFormat}, {"{rfc3339+", time.RFC3339}} {
		before, rest, ok := strings.Cut(text, form.open)
		span, after, closed := strings.Cut(rest, "}")
		if d, err := time.ParseDuration(span); ok && closed && err == nil {
			text = before + time.Now().Add(d).UTC().Format(form.layout) + after
		}
	}
	return text
}

// instead sends a raw reply in place of an answer.
func instead(r wire.Raw) Do {
	return func(x *Call) {
		out := r
		out.Pieces = make([]wire.Piece, len(r.Pieces))
		for i, p := range r.Pieces {
			out.Pieces[i] = wire.Piece{After: p.After, Data: x.fill(p.Data)}
		}
		x.Raw = &out
	}
}

// sends sends a status and a body of a kind; head are keys and values.
func sends(status int, kind, text string, head ...string) Do {
	return func(x *Call) {
		h := http.Header{}
		for i := 0; i+1 < len(head); i += 2 {
			h.Add(head[i], x.fill(head[i+1]))
		}
		if kind != "" {
			h.Set("Content-Type", kind)
		}
		x.Raw = &wire.Raw{Status: status, Header: h, Pieces: wire.Body(x.fill(text))}
	}
}

// jsonBody sends a status and a JSON body.
func jsonBody(status int, text string, head ...string) Do {
	return sends(status, "application/json", text, head...)
}

// openAI is an error in OpenAI's shape; kind and code may be empty.
func openAI(status int, kind, code, message string, head ...string) Do {
	e := wire.Error{Status: status, Type: kind, Code: code, Message: message}
	return jsonBody(status, string(e.Body()), head...)
}

// limited is a 429 for requests with a hint about when to come back.
func limited(head ...string) Do {
	return openAI(429, "requests", "rate_limit_exceeded", "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1.", head...)
}

// page is a web page where JSON was expected.
func page(status int, title string, head ...string) Do {
	return sends(status, "text/html", "<html>\r\n<head><title>"+title+"</title></head>\r\n<body>\r\n<center><h1>"+title+"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", head...)
}

// eventsOr sends one body to calls that stream, another to those that do not.
func eventsOr(streamed, whole string) Do {
	return func(x *Call) {
		if x.Streamed {
			sends(200, "text/event-stream", streamed)(x)
		} else {
			jsonBody(200, whole)(x)
		}
	}
}

// delayed waits, then does it.
func delayed(d time.Duration, then Do) Do {
	return func(x *Call) {
		then(x)
		x.Raw.Pieces[0].After = d
	}
}

// slow makes the model slower.
func slow(change func(first, perToken time.Duration) (time.Duration, time.Duration)) Do {
	return func(x *Call) { x.Slow = change }
}

// later delays the first token.
func later(d time.Duration) Do {
	return slow(func(first, per time.Duration) (time.Duration, time.Duration) { return first + d, per })
}

// say changes what the brain said, where change finds something to change.
func say(change func(x *Call, r *Said) bool) Do {
	return func(x *Call) {
		x.Edit = func(r *Said) {
			if change(x, r) {
				r.Unchecked = true
			} else {
				x.Fault = nil
			}
		}
	}
}

// asEver changes nothing: what the client does with its calls is the point.
func asEver(*Call) {}

// mixed lets each call meet one of several faults.
func mixed(ids ...string) Do {
	return func(x *Call) {
		x.Fault = byID[ids[(x.Hash+uint64(x.Attempt))%uint64(len(ids))]]
		x.Fault.Do(x)
	}
}
