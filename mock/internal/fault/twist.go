package fault

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Wire stands between the server and its client. The twist of a fault makes
// of each event of a stream what it likes; a plain reply is one event. It
// belongs to the goroutine that serves the request.
type Wire struct {
	http.ResponseWriter
	Call   *Call
	Half   int // of a stream: how many events are its first half, rounded down
	Sleep  func(d time.Duration) bool
	Finish func(e wire.End)
	Used   func() (in, out int) // tokens so far

	n    int // events before this one
	tail []byte
	over error // why nothing more is sent
}

func twist(f func(w *Wire, event string)) Do {
	return func(x *Call) { x.Twist = f }
}

// WriteHeader implements http.ResponseWriter. The length is no longer known.
func (w *Wire) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	if !w.Call.Streamed {
		return // a twist may change the headers; the first write sends them
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *Wire) Write(p []byte) (int, error) {
	if !w.Call.Streamed {
		w.event(string(p))
		return len(p), w.over
	}
	w.tail = append(w.tail, p...)
	for {
		event, rest, ok := bytes.Cut(w.tail, []byte("\n\n"))
		if !ok || w.over != nil {
			break
		}
		w.tail = rest
		w.event(string(event) + "\n\n")
	}
	if w.over != nil {
		return 0, w.over
	}
	return len(p), nil
}

func (w *Wire) event(text string) {
	w.Call.Twist(w, text)
	w.n++
}

// FlushError lets http.ResponseController flush.
func (w *Wire) FlushError() error {
	if w.over != nil {
		return w.over
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// put sends text.
func (w *Wire) put(text string) {
	if w.over != nil {
		return
	}
	if _, err := w.ResponseWriter.Write([]byte(text)); err != nil {
		w.over = err
	}
}

// wait sends what is written and waits.
func (w *Wire) wait(d time.Duration) {
	if err := w.FlushError(); err != nil {
		w.over = err
		return
	}
	if !w.Sleep(d) {
		w.over = errOver
	}
}

var errOver = errors.New("mock: the client left, or the fault ends the reply here")

// end ends the reply where it stands.
func (w *Wire) end(e wire.End) {
	if w.over != nil {
		return
	}
	_ = w.FlushError()
	w.over = errOver
	w.Finish(e)
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
