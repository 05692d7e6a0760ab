package mock

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The catalogue is written with these: what is sent in place of an answer
// (instead, refuse, …), what the brain is made to say (say), and how the
// answer's bytes go wrong on their way (twist, in faults_wire.go).

// fill puts what a fault's text leaves open: {model}, {key}, {host}, {tokens}
// of the prompt, and {date+30s} or {rfc3339+30s}, the time in so long.
func (x *exchange) fill(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	in := x.entry.Usage.In
	text = strings.NewReplacer("{model}", x.model.ID, "{key}", x.key(), "{tokens}", strconv.Itoa(in), "{host}", hostOnly(x.r.Host)).Replace(text)
	for _, form := range []struct{ open, layout string }{{"{date+", http.TimeFormat}, {"{rfc3339+", time.RFC3339}} {
		before, rest, ok := strings.Cut(text, form.open)
		span, after, closed := strings.Cut(rest, "}")
		if d, err := time.ParseDuration(span); ok && closed && err == nil {
			text = before + time.Now().Add(d).UTC().Format(form.layout) + after
		}
	}
	return text
}

// key is the bearer key that the call carries.
func (x *exchange) key() string {
	_, key, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(key)
}

func hostOnly(host string) string {
	if i := strings.LastIndex(host, ":"); i >= 0 {
		return host[:i]
	}
	return host
}

// instead sends a raw reply in place of an answer.
func instead(r Raw) how {
	return func(x *exchange) {
		out := r
		out.Pieces = make([]Piece, len(r.Pieces))
		for i, p := range r.Pieces {
			out.Pieces[i] = Piece{p.After, x.fill(p.Data)}
		}
		x.raw = &out
	}
}

// sends sends a status and a body of a kind; head are keys and values.
func sends(status int, kind, text string, head ...string) how {
	return func(x *exchange) {
		h := http.Header{}
		for i := 0; i+1 < len(head); i += 2 {
			h.Add(head[i], x.fill(head[i+1]))
		}
		if kind != "" {
			h.Set("Content-Type", kind)
		}
		x.raw = &Raw{Status: status, Header: h, Pieces: Body(x.fill(text))}
	}
}

// jsonBody sends a status and a JSON body.
func jsonBody(status int, text string, head ...string) how {
	return sends(status, "application/json", text, head...)
}

// openAI is an error in OpenAI's shape; kind and code may be empty.
func openAI(status int, kind, code, message string, head ...string) how {
	e := Error{Status: status, Type: kind, Code: code, Message: message}
	return jsonBody(status, string(e.body()), head...)
}

// limited is a 429 for requests with a hint about when to come back.
func limited(head ...string) how {
	return openAI(429, "requests", "rate_limit_exceeded", "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1.", head...)
}

// page is a web page where JSON was expected.
func page(status int, title string, head ...string) how {
	return sends(status, "text/html", "<html>\r\n<head><title>"+title+"</title></head>\r\n<body>\r\n<center><h1>"+title+"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", head...)
}

// eventsOr sends one body to calls that stream, another to those that do not.
func eventsOr(streamed, whole string) how {
	return func(x *exchange) {
		if x.entry.Streamed {
			sends(200, "text/event-stream", streamed)(x)
		} else {
			jsonBody(200, whole)(x)
		}
	}
}

// delayed waits, then does it.
func delayed(d time.Duration, then how) how {
	return func(x *exchange) {
		then(x)
		x.raw.Pieces[0].After = d
	}
}

// slow makes the model slower.
func slow(change func(x *exchange, p pace) pace) how {
	return func(x *exchange) { x.slow = change }
}

// later delays the first token.
func later(d time.Duration) how {
	return slow(func(_ *exchange, p pace) pace { p.first += d; return p })
}

// say changes what the brain said, where change finds something to change.
func say(change func(x *exchange, r *Reply) bool) how {
	return func(x *exchange) {
		x.edit = func(r *Reply) {
			if change(x, r) {
				r.Unchecked = true
			} else {
				x.entry.Fault = ""
			}
		}
	}
}

// asEver changes nothing: what the client does with its calls is the point.
func asEver(*exchange) {}

// mixed lets each call meet one of several faults.
func mixed(ids ...string) how {
	return func(x *exchange) {
		x.fault = faultByID[ids[(x.hash+uint64(x.entry.Attempt))%uint64(len(ids))]]
		x.fault.how(x)
	}
}
