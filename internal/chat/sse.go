package chat

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"

	"github.com/db31e724/go-swarm/swarm/model"
)

// events reads a stream of server-sent events as servers really write them
// and gives go-openai the one form that it reads rightly: "data: JSON", a
// blank line, for each chunk, and nothing else.
//
// Understood are all line ends of the standard (LF, CRLF, CR), a byte order
// mark, comments, other fields, data over several lines, data lines without
// blank lines between them, an empty data field, a last line without its end,
// and a whole JSON reply where a stream was asked for. An error inside the
// stream, in whatever shape, ends it and is kept in the exchange.
type events struct {
	src   *body
	x     *exchange
	lines *bufio.Scanner
	begun bool // a line that is not blank has been seen

	pending []byte // data lines of the event that is being read
	name    string // its event field

	out   bytes.Buffer // of the event being delivered, what is still to be read
	done  bool         // [DONE] was seen
	ended bool         // nothing more comes
	err   error        // why, unless the end is a plain one
}

func newEvents(src *body, x *exchange) *events {
	e := &events{src: src, x: x, lines: bufio.NewScanner(src)}
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

func (e *events) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.ended {
			return 0, cmp.Or(e.err, io.EOF)
		}
		data, err := e.next()
		switch {
		case err != nil:
			if e.ended = true; err != io.EOF {
				e.err = err
			}
		case e.deliver(data):
			e.out.WriteString("data: ")
			if rest, ok := bytes.CutPrefix(data, []byte(`{"error"`)); ok { // of no error: go-openai looks no further
				e.out.WriteString(`{ "error"`)
				data = rest
			}
			e.out.Write(data)
			e.out.WriteString("\n\n")
		}
	}
	return e.out.Read(p)
}

// Close ends the stream. What the server says after its last word is drained
// for a moment; a server that is still writing is cut off.
func (e *events) Close() error {
	e.src.drain = e.ended && e.err == nil
	return e.src.Close()
}

// deliver says whether data is a chunk for go-openai, and notes what is not:
// the end, an error, a ping.
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
	e.ended = e.done || e.x.problem != nil
	return !e.ended && (hasChoices || bytes.Contains(data, []byte(`"usage"`)) || !json.Valid(data))
}

// next returns the data of the next event, on one line. It is valid until the
// next call.
func (e *events) next() ([]byte, error) {
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

// whole reads a reply that came in one piece though a stream was asked for,
// and makes one chunk of it.
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
	if e.x.problem = model.ProblemIn200(raw); e.x.problem != nil {
		return nil, io.EOF
	}
	if chunk, ok := lenient(raw); ok {
		return chunk, nil
	}
	return nil, errMalformed
}
