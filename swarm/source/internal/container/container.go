// Package container takes the text out of files that wrap it: mail, notebooks,
// filings, subtitles, JSON strings, payloads.
package container

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Text is what was taken out of a file, laid out as Markdown, and notes of what
// was left out.
type Text struct {
	Body  string
	Notes []string
}

// leftOut notes names; none where there are none.
func (t *Text) leftOut(what string, names []string) {
	const most = 8
	if n := len(names); n > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("%d more", n-most))
	}
	if len(names) > 0 {
		t.Notes = append(t.Notes, what+" left out: "+strings.Join(names, ", "))
	}
}

var escape = regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\["\\/nrt]`)

// Unescape makes the strings of JSON readable: characters for their escapes, but
// for controls and halves of surrogates. What it gives is no longer JSON.
func Unescape(body string) string {
	return escape.ReplaceAllStringFunc(body, func(s string) string {
		var text string
		if json.Unmarshal([]byte(`"`+s+`"`), &text) != nil || slices.ContainsFunc([]rune(text), func(r rune) bool {
			return r == unicode.ReplacementChar || unicode.IsControl(r) && !unicode.IsSpace(r)
		}) {
			return s
		}
		return strings.TrimSuffix(text, "\r")
	})
}

// IsJSON reports whether a text is JSON, or lines of it.
func IsJSON(body string) bool {
	body = strings.TrimSpace(body)
	if body == "" || body[0] != '{' && body[0] != '[' {
		return false
	}
	first, _, _ := strings.Cut(body, "\n")
	return len(first) > 2 && json.Valid([]byte(first)) || json.Valid([]byte(body))
}

var (
	dataURI = regexp.MustCompile(`(?i)data:[a-z]+/[\w.+-]+(?:;[\w=.-]+)*,[^\s"'<>()\\]{64,}`)
	// base64 in lines of one width, as mail and keys have it, or in one line
	base64 = regexp.MustCompile(`(?m)(?:^[ \t>]*[A-Za-z0-9+/]{60,76}\r?\n){4,}[ \t>]*[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9+/=_-]{256,}`)
)

// Payloads leaves out data URIs and long base64, and says how much.
func Payloads(body string) Text {
	t := Text{Body: body}
	if !slices.ContainsFunc(strings.Fields(body), func(word string) bool { return len(word) >= 60 }) {
		return t // the patterns take their time
	}
	count, size := 0, 0
	cut := func(s string) string {
		count++
		size += len(s)
		return fmt.Sprintf("[%d bytes of base64 left out]", len(s))
	}
	t.Body = dataURI.ReplaceAllStringFunc(t.Body, func(s string) string {
		head := strings.IndexByte(s, ',') + 1
		return s[:head] + cut(s[head:])
	})
	t.Body = base64.ReplaceAllStringFunc(t.Body, func(s string) string {
		if random(s) {
			return cut(s)
		}
		return s
	})
	if count > 0 {
		t.Notes = []string{fmt.Sprintf("%d payloads (data URIs or base64, %d bytes) left out", count, size)}
	}
	return t
}

// random reports whether a run has letters of both cases and digits as base64
// has them, which words, numbers and sequences of genes have not.
func random(s string) bool {
	count := func(first, last byte) (n int) {
		for i := range len(s) {
			if s[i] >= first && s[i] <= last {
				n++
			}
		}
		return n
	}
	return count('a', 'z')*8 > len(s) && count('A', 'Z')*8 > len(s) && count('0', '9')*32 > len(s)
}

// LineEnds makes line feeds of the carriage returns that end lines alone, in
// place of them, so that offsets stay. It reports whether there were any.
func LineEnds(body string) (string, bool) {
	returns, pairs, feeds := strings.Count(body, "\r"), strings.Count(body, "\r\n"), strings.Count(body, "\n")
	if alone := returns - pairs; alone == 0 || alone < 10*feeds {
		return body, false
	}
	return strings.NewReplacer("\r\n", "\r\n", "\r", "\n").Replace(body), true
}
