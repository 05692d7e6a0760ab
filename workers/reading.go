package workers

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
)

// reading is what could be read of a reply, and what is wrong with it, in words
// that the reply's writer can mend it by.
type reading struct {
	findings []saying
	faults   []string
	fatal    bool // no output can be made of it
}

// saying is a finding as it was written.
type saying struct {
	answer, quote string
	data          json.RawMessage
	confidence    float64 // 0: none that could be read
}

// read reads a reply leniently where there is one way to take it (prose or a
// code fence around the object, further keys, a confidence as text or
// percentage, a number for an answer), and otherwise says what is wrong.
// Nothing is filled in silently. Prose without an object is no answer, also at
// a server without schemas: nobody can tell a finding in it from "the text
// does not say", from a refusal, or from nonsense.
func read(c *record.Checker, text string, s shape, must bool) reading {
	var r reading
	list, fault := findList(text)
	if fault != "" {
		return reading{faults: []string{fault}, fatal: true}
	}
	for i, raw := range list {
		f, fault := readFinding(raw, s.record != nil)
		if fault == "" && s.record != nil {
			fault = c.Fault(s.record, f.data)
		}
		if f.answer == "" && s.form == swarm.FormFindings {
			f.answer = f.quote
		}
		if f.answer == "" && must { // that there is nothing may be the answer
			f.answer = string(f.data)
		}
		switch {
		case fault != "":
			r.faults = append(r.faults, fmt.Sprintf("number %d: %s", i+1, fault))
		case f.answer != "":
			r.findings = append(r.findings, f)
		}
	}
	if len(r.findings) == 0 && must && len(r.faults) == 0 {
		r.faults = append(r.faults, "the list is empty, but this must be answered")
	}
	r.fatal = len(r.findings) == 0 && len(r.faults) > 0
	return r
}

// readFinding reads one element of the list: an object, or a text alone. A record
// stands under "data", or has its fields beside the quote.
func readFinding(raw json.RawMessage, data bool) (f saying, fault string) {
	if text, ok := scalar(raw); ok && !data {
		return saying{answer: strings.TrimSpace(text)}, ""
	}
	fields, twice := findings.Members(raw)
	into := []*string{&f.answer, &f.quote}
	for i, key := range []string{"answer", "quote"} {
		text, ok := scalar(fields[key])
		switch {
		case data && key == "answer": // a field of the record, or nothing
		case fields[key] != nil && !ok:
			return f, `"` + key + `" is not a string`
		case slices.Contains(twice, key):
			return f, `"` + key + `" stands twice, with two values`
		}
		*into[i] = strings.TrimSpace(text)
	}
	f.confidence = confidence(fields["confidence"])
	switch {
	case data:
		if f.data = fields["data"]; f.data == nil {
			var own map[string]json.RawMessage // nil: it is no object
			json.Unmarshal(raw, &own)
			maps.DeleteFunc(own, func(key string, _ json.RawMessage) bool {
				return key == "quote" || key == "confidence" || key == "answer"
			})
			f.data, _ = json.Marshal(own) // what has just been read
		}
		if f.data[0] != '{' {
			return f, `"data" is not an object`
		}
		f.answer = record.InWords(f.data)
	case fields["answer"] == nil && fields["quote"] == nil:
		return f, `the key "answer" is missing`
	}
	return f, ""
}

// confidence reads a number from 0 to 1. "85%" and 85 are percentages; what
// lies between 1 and 10 may be of any scale and is not guessed at: 0.
func confidence(raw json.RawMessage) float64 {
	s, _ := scalar(raw)
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent || f > 10 {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return 0
	}
	return f
}

// scalar returns a string, number or boolean as text; null is the empty text.
func scalar(raw json.RawMessage) (text string, ok bool) {
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' {
		return "", false
	}
	return string(raw), true
}
