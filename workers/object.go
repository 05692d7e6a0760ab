package workers

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxTries bounds how many opening braces of a reply are tried.
const maxTries = 64

// object finds the one JSON object in a reply that has keys of the shape, or
// for a list the one array, and says what is wrong if there is none or more
// than one. Around it may be prose, a code fence or a <think> part.
func object(text string, s shape) (map[string]json.RawMessage, string) {
	if i := strings.LastIndex(text, "</think>"); i >= 0 {
		text = text[i+len("</think>"):]
	}
	found := values(text, s)
	if len(found) == 0 {
		// Raw line breaks inside strings are not JSON, but there is one way
		// to take them.
		if mended := escapeControls(text); mended != text {
			found = values(mended, s)
		}
	}
	switch len(found) {
	case 0:
		return nil, "there is no JSON object with the keys that were asked for"
	case 1:
		return found[0], ""
	}
	return nil, "there is more than one JSON object"
}

// values returns the different objects of the shape in text.
func values(text string, s shape) []map[string]json.RawMessage {
	var found []map[string]json.RawMessage
	var seen [][]byte
	opening := "{"
	if s == shapeList {
		opening = "{["
	}
	for tries := 0; tries < maxTries; tries++ {
		i := strings.IndexAny(text, opening)
		if i < 0 {
			break
		}
		text = text[i:]
		d := json.NewDecoder(strings.NewReader(text))
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			text = text[1:]
			continue
		}
		text = text[d.InputOffset():]
		fields := fieldsOf(raw, s)
		if fields == nil {
			continue
		}
		var flat bytes.Buffer
		json.Compact(&flat, raw) // raw has just been decoded
		again := false
		for _, b := range seen {
			again = again || bytes.Equal(b, flat.Bytes())
		}
		if !again {
			seen, found = append(seen, flat.Bytes()), append(found, fields)
		}
	}
	return found
}

// fieldsOf returns the keys, in lower case, of an object that has one of the
// shape's, also where it is wrapped in an object with a single key, and of an
// array that is a list by itself.
func fieldsOf(raw json.RawMessage, s shape) map[string]json.RawMessage {
	if raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 || list[0][0] != '"' {
			return nil
		}
		return map[string]json.RawMessage{"items": raw, "abstain": json.RawMessage("false")}
	}
	for range 2 {
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil {
			return nil
		}
		fields := make(map[string]json.RawMessage, len(m))
		for k, v := range m {
			k = strings.ToLower(strings.TrimSpace(k))
			fields[k], raw = v, v
		}
		for _, key := range s.keys() {
			if _, ok := fields[key]; ok {
				return fields
			}
		}
		if len(m) != 1 {
			return nil
		}
	}
	return nil
}

// keys are those of which an object has one if it is meant for the reply.
func (s shape) keys() []string {
	if s == shapeList {
		return []string{"items", "abstain"}
	}
	return []string{"answer", "abstain", "quote"}
}

// escapeControls writes raw line breaks and tabs inside JSON strings as JSON
// does.
func escapeControls(text string) string {
	var b strings.Builder
	inside, escaped := false, false
	for i := range len(text) {
		c := text[i]
		switch {
		case !inside:
			inside = c == '"'
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			inside = false
		case c == '\n':
			b.WriteString(`\n`)
			continue
		case c == '\r':
			b.WriteString(`\r`)
			continue
		case c == '\t':
			b.WriteString(`\t`)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
