package chat

import (
	"bytes"
	"encoding/json"
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
// and a whole JSON reply where a stream was asked for.
//
// An error inside the stream, in whatever shape, ends it and is kept in the
// exchange. Cost per chunk: one pass of json.Valid and one copy.
type events struct {
	src *body
	x   *exchange

	buf    []byte // input read ahead: buf[r:w]
	r, w   int
	eof    error // how the input ended
	skipLF bool  // the last line ended in CR: an LF now belongs to it
	begun  bool  // a line that is not blank has been seen

	pending []byte // data lines of the event that is being read
	name    string // its event field

	out   []byte // of the event being delivered, what is still to be read
	outs  []byte // the space of out
	half  []byte // of a character that the last chunk left open
	done  bool   // [DONE] was seen
	ended bool   // nothing more comes
	err   error  // why, unless the end is a plain one
}

func (e *events) Read(p []byte) (int, error) {
	for len(e.out) == 0 {
		if e.ended {
			return 0, e.end()
		}
		data, err := e.next()
		if err != nil {
			e.ended = true
			if err != io.EOF {
				e.err = err
			}
			continue
		}
		if !e.deliver(data) {
			continue
		}
		data = e.joinRunes(data)
		start := "data: "
		if bytes.HasPrefix(data, []byte(`{"error"`)) { // of no error: go-openai looks no further
			start, data = "data: { ", data[1:]
		}
		e.outs = append(append(append(e.outs[:0], start...), data...), "\n\n"...)
		e.out = e.outs
	}
	n := copy(p, e.out)
	e.out = e.out[n:]
	return n, nil
}

func (e *events) end() error {
	if e.err != nil {
		return e.err
	}
	return io.EOF
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
	if string(data) == "[DONE]" {
		e.done, e.ended = true, true
		return false
	}
	if name == "error" {
		e.x.problem = model.ReadProblem(data)
		e.ended = true
		return false
	}
	hasError, hasChoices := bytes.Contains(data, []byte(`"error"`)), bytes.Contains(data, []byte(`"choices"`))
	if hasChoices && !hasError {
		return true
	}
	if p := model.ProblemIn200(data); p != nil {
		e.x.problem = p
		e.ended = true
		return false
	}
	return hasChoices || bytes.Contains(data, []byte(`"usage"`)) || !json.Valid(data)
}

// next returns the data of the next event, on one line. It is valid until the
// next call.
func (e *events) next() ([]byte, error) {
	e.pending = e.pending[:0]
	for {
		line, err := e.line()
		if err != nil {
			if err == io.EOF && complete(e.pending) {
				return e.pending, nil
			}
			return nil, err
		}
		if !e.begun {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			text := bytes.TrimSpace(line)
			if len(text) > 0 {
				e.begun = true
				if bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
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
			if p := model.ProblemIn200(line); p != nil {
				e.x.problem = p
				return nil, io.EOF
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch string(field) {
		case "data":
			switch {
			case len(value) == 0:
			case len(e.pending) == 0 && complete(value):
				return value, nil
			case len(e.pending)+len(value) > maxEvent:
				return nil, errTooLarge
			case len(e.pending) > 0:
				e.pending = append(e.pending, ' ')
				fallthrough
			default:
				e.pending = append(e.pending, value...)
			}
		case "event":
			e.name = string(value)
		case "error": // older llama.cpp
			e.x.problem = model.ReadProblem(value)
			return nil, io.EOF
		}
	}
}

// complete says that data is an event by itself, whatever line follows.
func complete(data []byte) bool {
	n := len(data)
	return string(data) == "[DONE]" || n > 1 && data[0] == '{' && data[n-1] == '}' && json.Valid(data)
}

// whole reads a reply that came in one piece though a stream was asked for,
// and makes one chunk of it.
func (e *events) whole(start []byte) ([]byte, error) {
	raw := append(append([]byte(nil), start...), '\n')
	for e.eof == nil {
		raw = append(raw, e.buf[e.r:e.w]...)
		e.r, e.w = 0, 0
		if len(raw) > maxReply {
			e.x.begins(raw)
			return nil, errTooLarge
		}
		e.fill()
	}
	raw = bytes.TrimSpace(append(raw, e.buf[e.r:e.w]...))
	e.r, e.w = 0, 0
	if e.eof != io.EOF {
		e.x.begins(raw)
		return nil, e.eof
	}
	if p := model.ProblemIn200(raw); p != nil {
		e.x.problem = p
		return nil, io.EOF
	}
	var top map[string]json.RawMessage
	var choices []map[string]json.RawMessage
	if json.Unmarshal(raw, &top) != nil || json.Unmarshal(top["choices"], &choices) != nil {
		return nil, errMalformed
	}
	for _, c := range choices {
		if m, ok := c["message"]; ok {
			c["delta"] = m
			delete(c, "message")
		}
	}
	var err error
	if top["choices"], err = json.Marshal(choices); err != nil {
		return nil, errMalformed
	}
	data, err := json.Marshal(top)
	if err != nil {
		return nil, errMalformed
	}
	return data, nil
}

// line returns the next line without its end. It is valid until the next call.
func (e *events) line() ([]byte, error) {
	seen := 0
	for {
		if e.skipLF && e.r < e.w {
			e.skipLF = false
			if e.buf[e.r] == '\n' {
				e.r++
			}
		}
		have := e.buf[e.r:e.w]
		end := -1
		if i := bytes.IndexByte(have[seen:], '\n'); i >= 0 {
			end = seen + i
		}
		upTo := len(have)
		if end >= 0 {
			upTo = end
		}
		if i := bytes.IndexByte(have[seen:upTo], '\r'); i >= 0 {
			end = seen + i
			e.skipLF = true
		}
		if end >= 0 {
			e.r += end + 1
			return have[:end], nil
		}
		seen = len(have)
		switch {
		case seen > maxEvent:
			e.x.begins(have)
			return nil, errTooLarge
		case e.eof == io.EOF && seen > 0:
			e.r = e.w
			return have, nil
		case e.eof != nil:
			e.x.begins(have)
			return nil, e.eof
		}
		e.fill()
	}
}

// fill reads more input, once. How the input ended is kept in eof.
func (e *events) fill() {
	if e.r > 0 {
		e.w = copy(e.buf, e.buf[e.r:e.w])
		e.r = 0
	}
	if e.w == len(e.buf) {
		e.buf = append(e.buf, make([]byte, max(4096, len(e.buf)))...)
	}
	n, err := e.src.Read(e.buf[e.w:])
	e.w += n
	e.eof = err
}
