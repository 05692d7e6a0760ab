package fault

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// deed makes of a name and arguments in the catalogue what they stand for: one
// of the forms below, or a fault that has code of its own.
func deed(name string, args []any) Do {
	var s []string
	n := 0
	for _, a := range args {
		switch a := a.(type) {
		case string:
			s = append(s, a)
		case float64:
			n = int(a)
		}
	}
	switch name {
	case "asEver": // what the client does with its calls is the point
		return func(*Call) {}
	case "sends":
		return sends(n, s[0], s[1], s[2:]...)
	case "jsonBody":
		return sends(n, "application/json", s[0], s[1:]...)
	case "openAI":
		return openAI(n, s[0], s[1], s[2], s[3:]...)
	case "limited":
		return openAI(429, "requests", "rate_limit_exceeded", "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1.", s...)
	case "page":
		return page(n, s[0], s[1:]...)
	case "eventsOr":
		return eventsOr(s[0], s[1])
	case "choices":
		return eventsOr(`data: `+head("chat.completion.chunk")+s[0]+"}\n\ndata: [DONE]\n\n",
			head("chat.completion")+s[0]+`,"usage":{"prompt_tokens":{tokens},"completion_tokens":0,"total_tokens":{tokens}}}`)
	case "broken":
		return broken(s[0], s[1], wire.End(n))
	case "over": // so many tokens of prompt and reply together
		most, _ := strconv.Atoi(s[0])
		refuse := deed(s[1], args[2:])
		return func(x *Call) {
			if x.MaxTokens > 0 && x.Tokens+x.MaxTokens <= most {
				x.Fault = nil
			} else {
				refuse(x)
			}
		}
	case "between":
		return events(func(w *Wire, e string) string { return s[0] + e })
	case "usage":
		return twist(func(w *Wire, e string) string { return usageObject.ReplaceAllLiteralString(e, `"usage":`+s[0]) })
	case "later":
		d, _ := time.ParseDuration(s[0]) // the catalogue is part of this package
		return later(d)
	case "endlessBody":
		return more(n, "application/json", `{"error":{"message":"`, 1<<62)
	case "huge":
		return more(n, s[0], s[1], 100<<20)
	case "mixed": // each call meets one of several
		return func(x *Call) {
			x.Fault = byID[s[(x.Hash+uint64(x.Attempt))%uint64(len(s))]]
			x.Fault.Do(x)
		}
	}
	return special[name]
}

func head(object string) string {
	return `{"id":"chatcmpl-0","object":"` + object + `","created":1,"model":"{model}",`
}

// fill puts what a fault's text leaves open: {model}, {key}, {host}, {tokens}
// of the prompt, {reply} of the most that may be said, {sum} of both, and
// {date+30s} or {rfc3339+30s}, the time in so long.
func (x *Call) fill(text string) string {
	text = strings.NewReplacer("{model}", x.Model, "{key}", x.Key, "{tokens}", strconv.Itoa(x.Tokens), "{host}", x.Host,
		"{reply}", strconv.Itoa(x.MaxTokens), "{sum}", strconv.Itoa(x.Tokens+x.MaxTokens)).Replace(text)
	for _, form := range []struct{ open, layout string }{{"{date+", http.TimeFormat}, {"{rfc3339+", time.RFC3339}} {
		before, rest, ok := strings.Cut(text, form.open)
		span, after, closed := strings.Cut(rest, "}")
		if d, err := time.ParseDuration(span); ok && closed && err == nil {
			text = before + time.Now().Add(d).UTC().Format(form.layout) + after
		}
	}
	return text
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

// openAI is an error in OpenAI's shape; kind and code may be empty.
func openAI(status int, kind, code, message string, head ...string) Do {
	e := wire.Error{Status: status, Type: kind, Code: code, Message: message}
	return sends(status, "application/json", string(e.Body()), head...)
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
			sends(200, "application/json", whole)(x)
		}
	}
}

// more goes on with a body for so many bytes. What a model may say is bounded
// by what it is let.
func more(status int, kind, start string, left int) Do {
	return func(x *Call) {
		block, left := strings.Repeat("all work and no play ", 1<<15/21), left
		sends(status, kind, start)(x)
		x.Raw.Out = min(20<<20, cmp.Or(x.MaxTokens, 20<<20))
		x.Raw.More = func() string {
			if left -= len(block); left < 0 {
				return ""
			}
			return block
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

func later(d time.Duration) Do {
	return func(x *Call) {
		x.Slow = func(first, per time.Duration) (time.Duration, time.Duration) { return first + d, per }
	}
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

// halved says the first half, for a reason.
func halved(finish string) Do {
	return say(func(_ *Call, r *Said) bool { r.Text, r.Finish = firstHalf(r.Text), finish; return true })
}

// firstHalf is the first half of a text, cut between runes.
func firstHalf(text string) string { return strings.ToValidUTF8(text[:len(text)/2], "") }
