package workers

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
)

// maxTries bounds how many opening brackets of a reply are tried.
const maxTries = 64

// findList finds in a reply the list that was asked for, and returns its
// elements: that of an object with "findings" or "items", or a bare array, or a
// single finding. Around it may be prose, a code fence, another object, or what
// the model thought first; of several that fit the last counts.
func findList(text string) (elements []json.RawMessage, fault string) {
	said := findings.Reply(text)
	list, ok, fault := lastList(said)
	if !ok && said != text { // the mark may be part of a quote
		list, ok, fault = lastList(text)
	}
	if !ok {
		// Raw line breaks inside strings are not JSON, but there is one way
		// to take them.
		list, ok, fault = lastList(escapeControls(said))
	}
	if !ok {
		return nil, "there is no JSON object of the form that was asked for"
	}
	return list, fault
}

// lastList returns the elements of the last list in text.
func lastList(text string) (list []json.RawMessage, ok bool, fault string) {
	var alone []byte // the last list, if it is a single finding
	eachValue(text, func(raw json.RawMessage) bool {
		l, wrong, fits := listOf(raw)
		if !fits {
			return false
		}
		single := len(l) == 1 && len(l[0]) == len(raw)
		if wrong == "" && single && alone != nil && !bytes.Equal(alone, compact(raw)) {
			wrong = "there is more than one JSON object: put all findings into one list"
		}
		if list, ok, fault, alone = l, true, wrong, nil; single {
			alone = compact(raw)
		}
		return true
	})
	return list, ok, fault
}

// eachValue calls take with the objects and lists of JSON in a text, and with those
// inside of one that it does not take.
func eachValue(text string, take func(raw json.RawMessage) bool) {
	for range maxTries {
		i := strings.IndexAny(text, "{[")
		if i < 0 {
			return
		}
		text = text[i:]
		var raw json.RawMessage
		if json.NewDecoder(strings.NewReader(text)).Decode(&raw) == nil && take(raw) {
			text = text[len(raw):]
		} else {
			text = text[1:]
		}
	}
}

func compact(raw []byte) []byte {
	var b bytes.Buffer
	json.Compact(&b, raw) // raw is valid
	return b.Bytes()
}

// listOf returns the elements of a value that is a list of findings or items.
func listOf(raw json.RawMessage) (list []json.RawMessage, fault string, ok bool) {
	if raw[0] == '[' {
		json.Unmarshal(raw, &list) // raw is valid
		if len(list) == 0 {
			return nil, "", false
		}
		fields, _ := findings.Members(list[0])
		return list, "", list[0][0] == '"' || isFinding(fields)
	}
	fields, twice := findings.Members(raw)
	for _, key := range twice {
		if key == "findings" || key == "items" || key == "text" || isFinding(fields) && (key == "answer" || key == "quote") {
			return nil, `"` + key + `" stands twice, with two values`, true
		}
	}
	for _, key := range []string{"findings", "items"} {
		inner, ok := fields[key]
		switch {
		case !ok:
		case inner[0] == '[':
			json.Unmarshal(inner, &list)
			return list, "", true
		case inner[0] == '{':
			return []json.RawMessage{inner}, "", true
		case string(inner) == "null":
			return nil, "", true
		default:
			return nil, `"` + key + `" is not a list`, true
		}
	}
	if text := fields["text"]; text != nil && text[0] == '"' && fields["answer"] == nil && fields["data"] == nil {
		return []json.RawMessage{text}, "", true
	}
	if string(fields["abstain"]) == "true" {
		return nil, "", true
	}
	return []json.RawMessage{raw}, "", isFinding(fields)
}

func isFinding(fields map[string]json.RawMessage) bool {
	return fields["answer"] != nil || fields["quote"] != nil || fields["data"] != nil
}

var (
	stringOf = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*"?`)
	controls = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)
)

// escapeControls writes raw line breaks and tabs inside JSON strings as JSON
// does, from where a reply may begin.
func escapeControls(text string) string {
	text = text[max(0, strings.IndexAny(text, "{[")):]
	return stringOf.ReplaceAllStringFunc(text, controls.Replace)
}
