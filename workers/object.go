package workers

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
)

// maxTries bounds how many opening braces of a reply are tried.
const maxTries = 64

// members are the keys, in lower case, and values of a JSON object.
type members struct {
	fields map[string]json.RawMessage
	twice  []string // keys that stand there with two values
}

// object finds the one JSON object in a reply that has keys of the shape, or
// for a list the one array, and says what is wrong if there is none, more than
// one, or one that says two things. Around it may be prose, a code fence or a
// <think> part.
func object(text string, s shape) (map[string]json.RawMessage, string) {
	const thought = "</think>"
	said := text
	if i := strings.LastIndex(text, thought); i >= 0 {
		said = text[i+len(thought):]
	}
	found := values(said, s)
	if len(found) == 0 && said != text { // the mark may be part of a quote
		found = values(text, s)
	}
	if len(found) == 0 {
		// Raw line breaks inside strings are not JSON, but there is one way
		// to take them.
		found = values(escapeControls(said, s), s)
	}
	switch len(found) {
	case 0:
		return nil, "there is no JSON object with the keys that were asked for"
	case 1:
		for _, key := range []string{"answer", "quote", "confidence", "items", "abstain"} { // others are not read
			if slices.Contains(found[0].twice, key) {
				return nil, `"` + key + `" stands twice, with two values`
			}
		}
		return found[0].fields, ""
	}
	return nil, "there is more than one JSON object"
}

// values returns the different objects of the shape in text.
func values(text string, s shape) []members {
	var found []members
	var seen [][]byte
	for tries := 0; tries < maxTries; tries++ {
		i := strings.IndexAny(text, s.opening())
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
		m, ok := membersOf(raw, s)
		if !ok {
			if raw[0] == '[' { // around what we look for, perhaps
				text = text[1:]
			} else {
				text = text[len(raw):]
			}
			continue
		}
		text = text[len(raw):]
		var flat bytes.Buffer
		json.Compact(&flat, raw) // raw has just been decoded
		if !slices.ContainsFunc(seen, func(b []byte) bool { return bytes.Equal(b, flat.Bytes()) }) {
			seen, found = append(seen, flat.Bytes()), append(found, m)
		}
	}
	return found
}

// opening are the characters that a reply of the shape begins with.
func (s shape) opening() string {
	if s == shapeList {
		return "{["
	}
	return "{"
}

// membersOf returns those of an object that has a key of the shape, also where
// it is wrapped in an object with a single key, and of an array that is a list
// by itself.
func membersOf(raw json.RawMessage, s shape) (members, bool) {
	if raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 || list[0][0] != '"' {
			return members{}, false
		}
		return members{fields: map[string]json.RawMessage{"items": raw, "abstain": json.RawMessage("false")}}, true
	}
	for range 2 {
		var m members
		if m.fields, m.twice = findings.Members(raw); m.fields == nil {
			return m, false
		}
		for _, key := range s.keys() {
			if _, ok := m.fields[key]; ok {
				return m, true
			}
		}
		if len(m.fields) != 1 || len(m.twice) > 0 {
			return members{}, false
		}
		for _, inner := range m.fields {
			raw = inner
		}
	}
	return members{}, false
}

// keys are those of which an object has one if it is meant for the reply.
func (s shape) keys() []string {
	if s == shapeList {
		return []string{"items", "abstain"}
	}
	return []string{"answer", "abstain", "quote"}
}

var (
	stringOf = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*"?`)
	controls = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)
)

// escapeControls writes raw line breaks and tabs inside JSON strings as JSON
// does, from where a reply of the shape may begin.
func escapeControls(text string, s shape) string {
	text = text[max(0, strings.IndexAny(text, s.opening())):]
	return stringOf.ReplaceAllStringFunc(text, controls.Replace)
}
