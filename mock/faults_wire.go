package mock

import (
	"bytes"
	"errors"
	"net/http"
	"time"
)

// wire stands between the server and its client. The twist of a fault makes
// of each event of a stream what it likes; a plain reply is one event. It
// belongs to the goroutine that serves the request.
type wire struct {
	http.ResponseWriter
	x     *exchange
	twist func(w *wire, event string)
	n     int // events before this one
	half  int // of a stream: how many events are its first half, rounded down
	tail  []byte
	over  error // why nothing more is sent
}

// twist does to the answer's bytes what f says.
func twist(f func(w *wire, event string)) how {
	return func(x *exchange) { x.twist = f }
}

// twisted puts the twist in place, once it is known what will be said.
func (x *exchange) twisted() {
	if x.twist == nil || x.raw != nil {
		return
	}
	most := 0
	for _, r := range x.reply {
		most = max(most, len(r.tokens))
	}
	x.w = &wire{ResponseWriter: x.w, x: x, twist: x.twist, half: len(x.reply) * (1 + most/2)}
}

// WriteHeader implements http.ResponseWriter. The length is no longer known.
func (w *wire) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	if !w.x.entry.Streamed {
		return // a twist may change the headers; the first write sends them
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *wire) Write(p []byte) (int, error) {
	if !w.x.entry.Streamed {
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

func (w *wire) event(text string) {
	w.twist(w, text)
	w.n++
}

// FlushError lets http.ResponseController flush.
func (w *wire) FlushError() error {
	if w.over != nil {
		return w.over
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// put sends text.
func (w *wire) put(text string) {
	if w.over != nil {
		return
	}
	if _, err := w.ResponseWriter.Write([]byte(text)); err != nil {
		w.over = err
	}
}

// wait sends what is written and waits.
func (w *wire) wait(d time.Duration) {
	if err := w.FlushError(); err != nil {
		w.over = err
		return
	}
	if !w.x.sleep(time.Since(w.x.entry.Arrived) + d) {
		w.over = errLeft
	}
}

var (
	errLeft  = errors.New("mock: the client left")
	errEnded = errors.New("mock: the fault ends the reply here")
)

// end ends the reply where it stands.
func (w *wire) end(e End) {
	if w.over != nil {
		return
	}
	_ = w.FlushError()
	w.over = errEnded
	w.x.finish(e)
}

// finish ends a reply in one of the ways a reply can end.
func (x *exchange) finish(e End) {
	switch e {
	case EndCut:
		x.cut = true
	case EndReset:
		x.cut = true
		x.reset()
	case EndHold:
		<-x.r.Context().Done()
	}
}

// streamed tells whether events are passed, not one plain body.
func (w *wire) streamed() bool { return w.x.entry.Streamed }

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
func broken(tail, plain string, end End) how {
	return twist(func(w *wire, event string) {
		switch {
		case w.streamed() && w.n < w.half:
			w.put(event)
			return
		case w.streamed():
			w.put(w.x.fill(tail))
		case plain != "":
			w.put(w.x.fill(plain))
		default:
			w.put(halfOf(event))
		}
		w.end(end)
	})
}

// eachEvent sends what change makes of each event.
func eachEvent(change func(w *wire, event string) string) how {
	return twist(func(w *wire, event string) { w.put(change(w, event)) })
}
