package fault

import (
	"io"
	"net/http"
	"strings"
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

// twist sends what f makes of each event, after what f itself has put.
func twist(f func(w *Wire, event string) string) Do {
	return func(x *Call) { x.Twist = f }
}

// events is the same for streams alone.
func events(f func(w *Wire, event string) string) Do {
	return twist(func(w *Wire, event string) string {
		if w.Call.Streamed {
			return f(w, event)
		}
		return event
	})
}

// Send sends what the twist makes of an event.
func (w *Wire) Send(event string) {
	w.put(w.Call.Twist(w, event))
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

// end ends the reply with a last text.
func (w *Wire) end(last string, e wire.End) string {
	w.put(last)
	if !w.Over {
		w.Over = true
		_ = http.NewResponseController(w.Out).Flush()
		w.Finish(e)
	}
	return ""
}

// broken passes half of the answer, then tail, and ends; of a plain answer it
// sends plain, or, where that is empty, it up to the middle of its text.
func broken(tail, plain string, end wire.End) Do {
	return twist(func(w *Wire, event string) string {
		switch {
		case w.Call.Streamed && w.n < w.Half:
			return event
		case w.Call.Streamed:
			return w.end(w.Call.fill(tail), end)
		case plain != "":
			return w.end(w.Call.fill(plain), end)
		}
		text := contentString.FindString(event)
		before, _, _ := strings.Cut(event, text)
		half := min(len(text), (len(text)+len(`"content":"`))/2)
		return w.end(before+text[:half], end)
	})
}
