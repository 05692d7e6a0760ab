package chat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/db31e724/go-swarm/swarm/model"
)

// events reads a stream of server-sent events as servers really write them.
//
// Understood are all line ends of the standard (LF, CRLF, CR), a byte order
// mark, comments, other fields, data over several lines, data lines without
// blank lines between them, an empty data field, a last line without its end,
// and a whole JSON reply where a stream was asked for. An error inside the
// stream, in whatever shape, ends it and is kept in the exchange.
type events struct {
	x     *exchange
	lines *bufio.Scanner
	begun bool // a line that is not blank has been seen

	pending []byte // data lines of the event that is being read
	name    string // its event field
	done    bool   // [DONE] was seen
}

func newEvents(x *exchange) *events {
	e := &events{x: x, lines: bufio.NewScanner(&x.body)}
	e.lines.Buffer(make([]byte, 0, 4096), maxEvent)
	e.lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		switch i := bytes.IndexAny(data, "\r\n"); {
		case i < 0 && atEOF && len(data) > 0:
			return len(data), data, nil
		case i < 0, data[i] == '\r' && i+1 == len(data) && !atEOF:
			return 0, nil, nil
		case bytes.HasPrefix(data[i:], []byte("\r\n")):
			return i + 2, data[:i], nil
		default:
			return i + 1, data[:i], nil
		}
	})
	return e
}

// next returns the data of the next chunk, which is valid until the next call.
// io.EOF is the end: a plain one, [DONE], or an error that the server tells.
func (e *events) next() ([]byte, error) {
	for {
		data, err := e.event()
		if err != nil || e.deliver(data) {
			return data, err
		}
		if e.done || e.x.problem != nil {
			return nil, io.EOF
		}
	}
}

// deliver says whether data is a chunk, and notes what is not: the end, an
// error, a ping.
func (e *events) deliver(data []byte) bool {
	name := e.name
	e.name = ""
	hasError, hasChoices := bytes.Contains(data, []byte(`"error"`)), bytes.Contains(data, []byte(`"choices"`))
	switch {
	case string(data) == "[DONE]":
		e.done = true
	case name == "error":
		e.x.problem = model.ReadProblem(data)
	case !hasChoices || hasError:
		e.x.problem = model.ProblemIn200(data)
	}
	return !e.done && e.x.problem == nil && (hasChoices || bytes.Contains(data, []byte(`"usage"`)) || !json.Valid(data))
}

// event returns the data of the next event.
func (e *events) event() ([]byte, error) {
	e.pending = e.pending[:0]
	for e.lines.Scan() {
		line := e.lines.Bytes()
		if !e.begun {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			if text := bytes.TrimSpace(line); len(text) > 0 {
				if e.begun = true; bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
					return e.whole(text)
				}
			}
		}
		if len(line) == 0 {
			if len(e.pending) > 0 {
				return e.pending, nil
			}
			e.name = ""
			continue
		}
		if line[0] == '{' {
			if e.x.problem = model.ProblemIn200(line); e.x.problem != nil {
				return nil, io.EOF
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch string(field) {
		case "data":
			if len(e.pending) == 0 && complete(value) {
				return value, nil
			}
			if len(e.pending)+len(value) > maxEvent {
				return nil, errTooLarge
			}
			if len(e.pending) > 0 {
				e.pending = append(e.pending, ' ')
			}
			e.pending = append(e.pending, value...)
		case "event":
			e.name = string(value)
		case "error": // older llama.cpp
			e.x.problem = model.ReadProblem(value)
			return nil, io.EOF
		}
	}
	switch err := e.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, errTooLarge
	case err != nil:
		return nil, err
	case complete(e.pending):
		return e.pending, nil
	}
	return nil, io.EOF
}

// complete says that data is an event by itself, whatever line follows.
func complete(data []byte) bool {
	n := len(data)
	return string(data) == "[DONE]" || n > 1 && data[0] == '{' && data[n-1] == '}' && json.Valid(data)
}

// whole reads a reply that came in one piece though a stream was asked for.
func (e *events) whole(start []byte) ([]byte, error) {
	raw := bytes.Clone(start)
	for e.lines.Scan() && len(raw) <= maxReply {
		raw = append(append(raw, '\n'), e.lines.Bytes()...)
	}
	switch err := e.lines.Err(); {
	case len(raw) > maxReply, errors.Is(err, bufio.ErrTooLong):
		return nil, errTooLarge
	case err != nil:
		return nil, err
	}
	return raw, nil
}
