package fault

import (
	"io"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Wire stands between the server and its client. The twist of a fault makes
// of each event of a stream what it likes; a plain reply is one event. It
// belongs to the goroutine that serves the request.
type Wire struct {
	Out    http.ResponseWriter
	Call   *Call
	Half   int // of a stream: how many events are its first half, rounded down
	Sleep  func(d time.Duration) bool
	Finish func(e wire.End)
	Used   func() (in, out int) // tokens so far
	Over   bool                 // nothing more is sent

	n int // events before this one
}

func twist(f func(w *Wire, event string)) Do {
	return func(x *Call) { x.Twist = f }
}

// Send sends what the twist makes of an event.
func (w *Wire) Send(event string) {
	w.Call.Twist(w, event)
	w.n++
}

// put sends text.
func (w *Wire) put(text string) {
	if !w.Over {
		_, err := io.WriteString(w.Out, text)
		w.Over = err != nil
	}
}

// wait sends what is written and waits.
func (w *Wire) wait(d time.Duration) {
	w.Over = w.Over || http.NewResponseController(w.Out).Flush() != nil || !w.Sleep(d)
}

// end ends the reply where it stands.
func (w *Wire) end(e wire.End) {
	if !w.Over {
		w.Over = true
		_ = http.NewResponseController(w.Out).Flush()
		w.Finish(e)
	}
}

// halfOf is a plain body up to the middle of its first text.
func halfOf(body string) string {
	at := contentString.FindStringIndex(body)
	if at == nil {
		return body[:len(body)/2]
	}
	from := at[0] + len(`"content":"`)
	return body[:from+(at[1]-from)/2]
}

// broken passes half of the answer, then tail, and ends; of a plain answer it
// sends plain, or, where that is empty, its first half.
func broken(tail, plain string, end wire.End) Do {
	return twist(func(w *Wire, event string) {
		switch {
		case w.Call.Streamed && w.n < w.Half:
			w.put(event)
			return
		case w.Call.Streamed:
			w.put(w.Call.fill(tail))
		case plain != "":
			w.put(w.Call.fill(plain))
		default:
			w.put(halfOf(event))
		}
		w.end(end)
	})
}

// eachEvent sends what change makes of each event.
func eachEvent(change func(w *Wire, event string) string) Do {
	return twist(func(w *Wire, event string) { w.put(change(w, event)) })
}

// events is the same for streams alone.
func events(change func(w *Wire, event string) string) Do {
	return eachEvent(func(w *Wire, event string) string {
		if w.Call.Streamed {
			return change(w, event)
		}
		return event
	})
}
