package workers

import (
	"encoding/json"
	"strconv"
	"strings"
)

// reading is what could be read of a reply, and what is wrong with it.
type reading struct {
	answer     string
	quote      string
	items      []string
	confidence float64
	abstain    bool

	faults []string // in words that the reply's writer can mend it by
	fatal  bool     // without what is missing there is no output
}

// fault notes what is wrong; fatal says that no output is left.
func (r *reading) fault(fatal bool, what string) {
	r.faults = append(r.faults, what)
	r.fatal = r.fatal || fatal
}

// read reads a reply leniently where there is one way to take it (prose or a
// code fence around the object, further keys, a confidence as text or
// percentage, a number for an answer), and otherwise says what is wrong.
// Nothing is filled in silently. Prose without an object is no answer, also at
// a server without schemas: nobody can tell a finding in it from "the text
// does not say", from a refusal, or from nonsense.
func read(text string, s shape, must bool) reading {
	var r reading
	fields, fault := object(text, s)
	if fault != "" {
		r.fault(true, fault)
		return r
	}
	r.readAbstain(fields)
	switch {
	case r.abstain && must:
		r.fault(true, `"abstain" is true, but this must be answered`)
	case s == shapeList:
		r.readItems(fields)
	default:
		r.answer = r.readText(fields, "answer", !r.abstain)
		if s.quotes() {
			r.quote = r.readText(fields, "quote", false)
		}
		r.readConfidence(fields)
	}
	return r
}

// readText reads a text; where it is needed it must not be empty.
func (r *reading) readText(fields map[string]json.RawMessage, key string, needed bool) string {
	raw, ok := fields[key]
	if !ok {
		if !r.abstain {
			r.fault(needed, `the key "`+key+`" is missing`)
		}
		return ""
	}
	s, ok := scalar(raw)
	s = strings.TrimSpace(s)
	switch {
	case !ok:
		r.fault(needed, `"`+key+`" is not a string`)
	case s == "" && needed:
		r.fault(true, `"`+key+`" is empty, and "abstain" is not true`)
	}
	return s
}

func (r *reading) readAbstain(fields map[string]json.RawMessage) {
	raw, ok := fields["abstain"]
	s, _ := scalar(raw)
	s = strings.ToLower(strings.TrimSpace(s))
	switch r.abstain = s == "true"; {
	case !ok:
		r.fault(false, `the key "abstain" is missing`)
	case !r.abstain && s != "false":
		r.fault(false, `"abstain" is neither true nor false`)
	}
}

// readConfidence reads a number from 0 to 1. "85%" and 85 are percentages;
// what lies between 1 and 10 may be of any scale and is not guessed at.
func (r *reading) readConfidence(fields map[string]json.RawMessage) {
	raw, ok := fields["confidence"]
	s, _ := scalar(raw)
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent || f > 10 {
		f /= 100
	}
	switch {
	case err == nil && f >= 0 && f <= 1:
		r.confidence = f
	case r.abstain:
	case !ok:
		r.fault(false, `the key "confidence" is missing`)
	default:
		r.fault(false, `"confidence" is not a number from 0 to 1`)
	}
}

func (r *reading) readItems(fields map[string]json.RawMessage) {
	raw, ok := fields["items"]
	var list []json.RawMessage
	switch {
	case !ok && !r.abstain:
		r.fault(true, `the key "items" is missing`)
	case ok && json.Unmarshal(raw, &list) != nil:
		r.fault(true, `"items" is not a list of strings`)
	}
	for _, raw := range list {
		s, ok := scalar(raw)
		if !ok {
			r.fault(true, `"items" holds something that is not a string`)
			return
		}
		if s = strings.TrimSpace(s); s != "" {
			r.items = append(r.items, s)
		}
	}
}

// scalar returns a string, number or boolean as text; null is the empty text.
func scalar(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 {
		return "", false
	}
	switch raw[0] {
	case '{', '[':
		return "", false
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case 'n':
		return "", true
	}
	return string(raw), true
}
