package container

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"mime"
	"regexp"
	"strings"

	"github.com/emersion/go-message"

	"github.com/db31e724/go-swarm/swarm/source/internal/charset"
	"github.com/db31e724/go-swarm/swarm/source/internal/page"
)

var (
	// separator is what begins a message of an mbox file, after a blank line.
	separator = regexp.MustCompile(`(?:^|\n\r?\n)From \S+[^\r\n]*\d\d:\d\d[^\r\n]*\r?\n[A-Za-z-]+:`)
	quoted    = regexp.MustCompile(`(?m)^>(>*From )`)
	headers   = regexp.MustCompile(`^(?:(?:[!-9;-~]+:|[ \t])[^\n]*\n){2,}\r?\n`)
	known     = regexp.MustCompile(`(?im)^(?:From|To|Date|Subject|Message-ID|MIME-Version|Received|Return-Path|Delivered-To|Content-Type):`)
)

// Mail reads a message or an mbox file; ok is false for what is neither. Of a
// message the headers that a reader sees are kept, and its text: of several
// forms the plain one. Attachments are named.
func Mail(data []byte) (t Text, ok bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	m := mailbox{}
	if bytes.HasPrefix(data, []byte("From ")) {
		begins := separator.FindAllIndex(data, -1)
		if len(begins) == 0 || begins[0][0] > 0 {
			return t, false
		}
		for i, b := range begins {
			end := len(data)
			if i+1 < len(begins) {
				end = begins[i+1][0]
			}
			_, one, _ := bytes.Cut(bytes.TrimLeft(data[b[0]:end], "\r\n"), []byte("\n"))
			m.message(quoted.ReplaceAll(one, []byte("$1")), 0)
		}
	} else if len(known.FindAllIndex(headers.Find(data[:min(len(data), 64<<10)]), 2)) == 2 {
		m.message(data, 0)
	}
	t.Body = m.out.String()
	t.Notes = append(m.notes, "mail converted to text: of the headers only From, To, Cc, Date and Subject were kept")
	t.leftOut("attachments", m.attachments)
	return t, strings.TrimSpace(t.Body) != ""
}

// mailbox collects the text of messages.
type mailbox struct {
	out                strings.Builder
	notes, attachments []string
}

const deepest = 16 // messages within messages

func (m *mailbox) message(data []byte, depth int) {
	e, _ := message.Read(bytes.NewReader(data))
	if e == nil {
		m.text(data, "") // broken headers: all of it is text
		return
	}
	if s := m.header(e, "Subject"); s != "" {
		m.out.WriteString("# " + s + "\n\n")
	}
	for _, key := range []string{"From", "To", "Cc", "Date"} {
		if s := m.header(e, key); s != "" {
			m.out.WriteString(key + ": " + s + "\n")
		}
	}
	m.out.WriteString("\n")
	plain := map[string]bool{}                                            // parts, by their path, that have a plain text in them
	err := e.Walk(func(path []int, part *message.Entity, _ error) error { // its errors are unknown character sets
		if part.MultipartReader() == nil {
			above := fmt.Sprint(path[:max(len(path)-1, 0)])
			plain[above] = m.part(part, depth, plain[above]) || plain[above]
		}
		return nil
	})
	if err != nil {
		m.notes = append(m.notes, "a message breaks off: "+err.Error())
	}
}

func (m *mailbox) header(e *message.Entity, key string) string {
	words := mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		text, _, err := charset.Decode(data, name)
		return strings.NewReader(text), err
	}}
	value := m.decode([]byte(e.Header.Get(key)), "")
	if decoded, err := words.DecodeHeader(value); err == nil {
		value = decoded
	}
	return strings.Join(strings.Fields(value), " ")
}

// part writes a part of a message: a page only where there is no plain text
// beside it. It reports whether it was plain text.
func (m *mailbox) part(e *message.Entity, depth int, plain bool) bool {
	kind, params, err := e.Header.ContentType()
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	disposition, more, _ := e.Header.ContentDisposition()
	body, err := io.ReadAll(e.Body)
	if err != nil {
		m.notes = append(m.notes, "a message's text breaks off: "+err.Error())
	}
	switch {
	case kind == "message/rfc822" && depth < deepest:
		m.message(body, depth+1)
	case disposition == "attachment" || !strings.HasPrefix(kind, "text/"):
		name := cmp.Or(more["filename"], params["name"], kind)
		m.attachments = append(m.attachments, name)
		m.out.WriteString("[attachment: " + name + "]\n\n")
	case kind == "text/html" && !plain:
		text, notes := page.Text(m.decode(body, cmp.Or(params["charset"], charset.Declared(body))))
		m.notes = append(m.notes, notes...)
		m.out.WriteString(text + "\n")
	case kind != "text/html":
		m.text(body, params["charset"])
		return len(bytes.TrimSpace(body)) > 0
	}
	return false
}

// decode gives what is in a character set as UTF-8; empty, with a note, if it is
// in none that is known.
func (m *mailbox) decode(data []byte, declared string) string {
	text, notes, err := charset.Decode(data, declared)
	if err != nil {
		text, notes = "", []string{"some of a message left out: " + err.Error()}
	}
	m.notes = append(m.notes, notes...)
	return text
}

func (m *mailbox) text(data []byte, declared string) {
	m.out.WriteString(strings.TrimSpace(strings.ReplaceAll(m.decode(data, declared), "\r\n", "\n")) + "\n\n")
}
